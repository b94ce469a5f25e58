"""What a browser costs the console: first load cold and warm, memory of a session that is open and does nothing.

`python -m tests.benchmarks.sessions` serves a new demo site from an empty directory and needs Chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

SESSIONS = 8
MIB = 1 << 20


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as directory:
        console, url, password = _served(directory)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                _measure(browser, url, password, psutil.Process(console.pid))
                browser.close()
        finally:
            console.terminate()
            console.wait(20)


def _measure(browser: Browser, url: str, password: str, server: psutil.Process) -> None:
    cold, _ = _opened(browser, url, password)
    first = server.memory_info().rss
    warm = [_opened(browser, url, password)[0] for _ in range(SESSIONS)]
    time.sleep(5)
    each = (server.memory_info().rss - first) / SESSIONS / MIB
    print("| console | figure |\n|---|---|")
    print(f"| first load after sign-in, cold | {cold:.1f} s |")
    print(f"| first load after sign-in, warm (median of {SESSIONS}) | {sorted(warm)[SESSIONS // 2]:.1f} s |")
    print(f"| memory of the server with one session | {first / MIB:.0f} MiB |")
    print(f"| memory of each further idle session | {each:.1f} MiB |")


def _opened(browser: Browser, url: str, password: str) -> tuple[float, Page]:
    page = browser.new_context().new_page()
    page.goto(url)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(password)
    begun = time.perf_counter()
    page.get_by_role("button", name="Sign in").click()
    page.locator(".tabulator-row").first.wait_for(timeout=60_000)
    return time.perf_counter() - begun, page


def _served(directory: str) -> tuple[subprocess.Popen[str], str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAILOPS_")}
    console = subprocess.Popen(
        [sys.executable, "-c", "from opslib.cli import main; main()", "serve", "--port", str(port)],
        env={**own, "MAILOPS_DATA_DIR": directory},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert console.stdout is not None
    password = _said(console.stdout)
    for _ in range(120):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.25)
    return console, f"http://127.0.0.1:{port}/", password


def _said(output: IO[str]) -> str:
    for line in output:
        found = re.search(r"only this once: (\S+)", line)
        if found:
            return found[1]
    raise RuntimeError("the console told no password")


if __name__ == "__main__":
    main()
