"""A file goes in through the console: guess, verdicts, a mended cell, commit, passwords once; and comes out again."""

from __future__ import annotations

import csv
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from opslib import passwords

ROOT = Path(__file__).resolve().parents[2]
MAILOPS = [sys.executable, "-c", "from opslib.cli import main; main()"]
HASH = passwords.make("correct horse 1", "SSHA256")


@dataclass
class Served:
    url: str
    password: str
    database: Path

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        with sqlite3.connect(self.database) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An embedded site with made-up content, served as an operator serves it."""
    home = tmp_path_factory.mktemp("data") / "home"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILOPS_")}
    environment = kept | {"MAILOPS_DATA_DIR": str(home), "MAILOPS_HOST": "demo", "MAILOPS_PORT": str(port)}
    said = mailops(environment, "init", "--admin", "boss")
    mailops(environment, "demo", "--size", "tiny", "--force")
    console = subprocess.Popen([*MAILOPS, "serve"], env=environment, cwd=ROOT)
    found = re.search(r"Administrator boss .*only this once: (\S+)", said)
    assert found, said
    try:
        yield Served(reached(port), found[1], home / "site.sqlite")
    finally:
        console.terminate()
        console.wait(20)


def mailops(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run([*MAILOPS, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reached(port: int) -> str:
    url = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=1)  # noqa: S310 - our own address
        except OSError:
            time.sleep(0.25)
        else:
            return url
    raise AssertionError("the console did not come up")


@pytest.fixture
def page(served: Served, chrome: Browser) -> Iterator[Page]:
    """The mailboxes, signed in."""
    context = chrome.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(served.url)
    tab.get_by_label("User name").fill("boss")
    tab.get_by_label("Password").fill(served.password)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/app**")
    tab.goto(f"{served.url}/app?view=mailboxes")
    tab.locator(".tabulator-row").first.wait_for()
    yield tab
    assert errors == []
    context.close()


def taken(page: Page, name: str) -> list[dict[str, str]]:
    link = page.get_by_role("link", name=re.compile(f"Download .*{name}"))
    with page.expect_download() as download:
        link.click()
    with Path(download.value.path()).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_file_goes_in_and_comes_out(page, served):
    ((domain,),) = served.rows("SELECT domain FROM domain WHERE mailboxes > 9 ORDER BY quota DESC LIMIT 1")
    text = (
        f"E-Mail;Full name;Quota MB;Password;Shoes\r\nzoe@{domain};<img src=x onerror=document.title='broken'>;1;{HASH};43\r\n"
        f"yan@{domain};=1+1;lots;{HASH};44\r\nxia@{domain};Xia;1;*;45\r\nwho@elsewhere.org;Who;1;{HASH};46\r\n"
    )
    page.get_by_role("button", name="CSV").click()
    page.get_by_text("Import…").click()
    dialog = page.get_by_role("dialog")
    upload = {"name": "staff.csv", "mimeType": "text/csv", "buffer": text.encode("cp1252")}
    dialog.locator("input[type=file]").set_input_files(upload)
    expect(dialog.get_by_text("Cells are parted by: semicolon.")).to_be_visible()
    expect(dialog.get_by_text("Columns that no field is known for are left out: Shoes.")).to_be_visible()
    expect(dialog.get_by_text("2 to add, 0 to change, 0 unchanged, 2 not taken.")).to_be_visible()

    cell = dialog.locator('.tabulator-row .tabulator-cell[tabulator-field="quota"]').first
    expect(cell).to_have_text("lots")
    cell.click()
    cell.locator("input").fill("2")
    cell.locator("input").press("Enter")
    expect(dialog.get_by_text("3 to add, 0 to change, 0 unchanged, 1 not taken.")).to_be_visible()

    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("3 added, 0 changed, 0 unchanged, 1 not taken.")).to_be_visible()
    (made,) = taken(page, "passwords.csv")
    (left,) = taken(page, "not-taken.csv")
    stored = dict(served.rows("SELECT local_part, password FROM mailbox WHERE local_part IN ('xia', 'yan', 'zoe')"))
    assert stored["zoe"] == stored["yan"] == HASH and passwords.verify(made["password"], stored["xia"])
    assert left["username"] == "who@elsewhere.org" and left["password"] == "" and "not a domain" in left["reason"]
    assert served.rows("SELECT name, quota FROM mailbox WHERE local_part = 'yan'") == [("=1+1", 2 << 20)]

    dialog.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="CSV").click()
    page.get_by_text("Export…").click()
    page.get_by_role("button", name="Make the file").click()
    out = {row["username"]: row for row in taken(page, "mailboxes.csv")}
    assert out[f"yan@{domain}"]["full_name"] == "'=1+1" and "password" not in out[f"yan@{domain}"]
    assert len(out) == served.rows("SELECT count(*) FROM mailbox WHERE kind = ''")[0][0]
    assert page.title() != "broken"


def test_a_file_is_taken_once_and_by_its_session_only(page, served, chrome):
    page.get_by_role("button", name="CSV").click()
    page.get_by_text("Export…").click()
    page.get_by_role("button", name="Make the file").click()
    link = page.get_by_role("link", name=re.compile("Download mailboxes.csv"))
    link.wait_for()
    address = f"{served.url}{link.get_attribute('href')}"
    stranger = chrome.new_context()
    assert stranger.request.get(address).status == 404
    stranger.close()
    assert page.context.request.get(address).status == 200
    assert page.context.request.get(address).status == 404
