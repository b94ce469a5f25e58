"""A real browser on a real server, with the warehouse of tests/dashboards."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Page as Tab

SIZE = 5000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> str | None:
    return os.environ.get("MAILOPS_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """The browser of this run.  Without one the tests that need it fail."""
    path = chromium()
    if path is None:
        pytest.fail("no chromium here: install it, or name one in MAILOPS_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chrome: Browser) -> Iterator[Tab]:
    """An empty page of a fresh browser profile."""
    context = chrome.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    yield context.new_page()
    context.close()


def load_parcels() -> ModuleType:
    if "parcels" not in sys.modules:
        path = Path(__file__).parents[1] / "dashboards" / "parcels.py"
        spec = importlib.util.spec_from_file_location("parcels", path)
        assert spec is not None and spec.loader is not None
        sys.modules["parcels"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["parcels"]


@dataclass
class Console:
    """Address of the server, ops on its database from another process, and the file whose presence breaks reading."""

    url: str
    ops: Any
    flag: Path


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The grid of a warehouse, served by a process of its own: its sign-in is not that of the console."""
    folder, parcels = tmp_path_factory.mktemp("browser"), load_parcels()
    database, flag = folder / "warehouse.sqlite", folder / "down"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with parcels.known():
        ops = parcels.warehouse(f"sqlite:///{database}", SIZE)
        script = Path(__file__).with_name("warehouse.py")
        with (folder / "said.txt").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, str(script), str(database), str(port), str(flag)], stdout=said, stderr=said
            )
            try:
                _wait(port, process)
                yield Console(f"http://127.0.0.1:{port}/", ops, flag)
            finally:
                process.terminate()
                process.wait(20)
                ops.site.engine.dispose()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.fixture
def sheet(console: Console, tab: Tab) -> Iterator[Tab]:
    """A browser page with the grid on it; no script error may happen while it is used."""
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(console.url)
    tab.locator(".tabulator-row").first.wait_for(timeout=30_000)
    yield tab
    assert errors == []
    assert "broken" not in tab.title()
