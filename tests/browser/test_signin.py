"""The console in a real browser: in, around, and out again."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

PATIENCE = 30_000


@dataclass
class Console:
    """A console started as an operator would."""

    url: str
    password: str
    data: Path


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """`mailops serve` on an empty directory."""
    data = tmp_path_factory.mktemp("console")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**os.environ, "MAILOPS_DATA_DIR": str(data), "MAILOPS_PORT": str(port)}
    said = data / "said.txt"
    with said.open("w") as out:
        command = [sys.executable, "-c", "from opslib.cli import main; main()", "serve"]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(lambda: _answers(url), process)
            found = re.search(r"only this once: (\S+)", said.read_text())
            assert found, said.read_text()
            yield Console(url, found[1], data)
        finally:
            process.terminate()
            process.wait(20)


def _wait(good: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 90
    while not good():
        assert process.poll() is None, "the console ended"
        assert time.monotonic() < until, "the console did not start"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture
def visit(chrome: Browser, console: Console) -> Iterator[Callable[..., Page]]:
    """Open a page; foreign requests and errors of the page's scripts fail the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(width: int = 1400, height: int = 900, signed: bool = True, path: str = "/app", **given: object) -> Page:
        context = chrome.new_context(viewport={"width": width, "height": height}, base_url=console.url, **given)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda r: wrong.append(r.url) if not r.url.startswith((console.url, "data:", "blob:")) else None
        )
        page.goto(path)
        if signed:
            sign_in(page, console.password)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible(timeout=PATIENCE)


def menu(page: Page, text: str) -> None:
    page.locator("nav").get_by_text(text, exact=True).click()


Visit = Callable[..., Page]


def test_from_the_address_to_the_page_it_names(visit: Visit) -> None:
    page = visit(signed=False, path="/app?view=aliases&q=ann")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("User name")).to_be_focused()


def test_keyboard_alone(visit: Visit, console: Console) -> None:
    page = visit(signed=False, path="/app?view=aliases&q=info")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(console.password)
    page.keyboard.press("Enter")
    heading(page, "Aliases")
    assert page.url.endswith("/app?view=aliases&q=info")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main.main")).to_be_focused()


def test_menu_address_and_back(visit: Visit) -> None:
    page = visit()
    heading(page, "Domains")
    expect(page).to_have_title(re.compile("Domains"))
    menu(page, "Mailboxes")
    heading(page, "Mailboxes")
    expect(page).to_have_url(re.compile(r"view=mailboxes"))
    menu(page, "Activity")
    heading(page, "Activity")
    page.go_back()
    heading(page, "Mailboxes")
    page.go_back()
    heading(page, "Domains")
    page.go_forward()
    heading(page, "Mailboxes")
    page.reload()
    heading(page, "Mailboxes")


def test_unknown_page(visit: Visit) -> None:
    page = visit(path="/app?view=nonsense")
    heading(page, "There is no such page")


def test_demo_badge_everywhere(visit: Visit) -> None:
    page = visit(signed=False)
    expect(page.get_by_text("This is a demo site")).to_be_visible()
    page = visit()
    expect(page.locator("header").get_by_text("Demo", exact=True)).to_be_visible()


def chosen(console: Console, theme: str) -> None:
    """Wait until the theme is in the database."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with closing(sqlite3.connect(console.data / "site.sqlite")) as connection:
            if connection.execute("SELECT value FROM ops_view WHERE name = 'theme'").fetchone() == (theme,):
                return
        time.sleep(0.2)
    pytest.fail(f"{theme} was not remembered")


def test_dark_is_remembered(visit: Visit, console: Console) -> None:
    page = visit()
    heading(page, "Domains")
    for theme in ("dark", "light"):
        page.get_by_label("Toggle theme").click()
        chosen(console, theme)
        page.reload()
        heading(page, "Domains")
        expect(page.locator(f".mui-{theme} > header")).to_be_visible(timeout=PATIENCE)


def test_phone(visit: Visit) -> None:
    page = visit(width=400, height=800)
    heading(page, "Domains")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    expect(page.locator(".sidebar")).not_to_be_in_viewport()
    page.get_by_label("Open drawer").click()
    menu(page, "Activity")
    heading(page, "Activity")
    expect(page.locator(".sidebar")).not_to_be_in_viewport()


def test_signing_out_closes_the_other_tab(visit: Visit) -> None:
    page = visit()
    heading(page, "Domains")
    other = page.context.new_page()
    other.goto("/app?view=outbox")
    heading(other, "Outbox")
    page.locator("header").get_by_text("admin").click()
    page.get_by_text("Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    heading(page, "Sign in")
    expect(other.get_by_text("you were signed out")).to_be_visible(timeout=PATIENCE)
    other.goto("/app")
    heading(other, "Sign in")


def test_change_password_and_back(visit: Visit, console: Console) -> None:
    page = visit()
    heading(page, "Domains")
    page.goto("/password")
    page.get_by_label("Present password").fill(console.password)
    page.get_by_label("New password", exact=True).fill("Another-horse-5")
    page.get_by_label("New password again").fill("Another-horse-5")
    page.get_by_role("button").click()
    heading(page, "Domains")
    console.password = "Another-horse-5"
