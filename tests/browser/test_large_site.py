"""The console on a real MariaDB with 20,000 mailboxes: what is done in the browser stands in the database."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from opslib.settings import Settings
from opslib.stores.database import engine_for
from opslib.verify import verify

pytestmark = pytest.mark.stack

MARIADB = os.environ.get("MAILOPS_TEST_MARIADB", "")
ROOT = Path(__file__).resolve().parents[2]
GIB = 1 << 30


@dataclass
class Served:
    """A served console and the database behind it."""

    url: str
    password: str
    engine: sa.Engine
    environment: dict[str, str]

    def one(self, statement: str, **values: Any) -> Any:
        """First column of the first row."""
        with self.engine.connect() as connection:
            row = connection.execute(sa.text(statement), values).first()
        return row[0] if row else None


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`mailops init`, `mailops demo --size large`, `mailops serve`, as an operator types them."""
    server, name = engine_for(MARIADB), f"mailops_large_{uuid.uuid4().hex[:8]}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    url = sa.make_url(MARIADB).set(database=name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILOPS_")} | {
        "MAILOPS_DATABASE_URL": url.render_as_string(hide_password=False),
        "MAILOPS_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "MAILOPS_HOST": "demo",
        "MAILOPS_PORT": str(_free_port()),
    }
    said = _mailops(environment, "init", "--admin", "boss")
    _mailops(environment, "demo", "--size", "large")
    console = subprocess.Popen([*MAILOPS, "serve"], env=environment, cwd=ROOT)
    engine = engine_for(url)
    try:
        yield Served(_reached(environment), _password(said), engine, environment)
    finally:
        console.terminate()
        console.wait(20)
        engine.dispose()
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        server.dispose()


MAILOPS = [sys.executable, "-c", "from opslib.cli import main; main()"]


def _mailops(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run([*MAILOPS, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _password(said: str) -> str:
    found = re.search(r"shown only this once: (\S+)", said)
    assert found, said
    return found[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _reached(environment: dict[str, str]) -> str:
    url = f"http://127.0.0.1:{environment['MAILOPS_PORT']}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=1)  # noqa: S310 - our own address
        except OSError:
            time.sleep(0.25)
        else:
            return url
    raise AssertionError("the console did not come up")


@pytest.fixture(scope="module")
def page(served: Served, chrome: Browser) -> Iterator[Page]:
    """A signed-in browser."""
    context = chrome.new_context(viewport={"width": 1500, "height": 1000})
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    tab = context.new_page()
    tab.goto(served.url)
    tab.get_by_label("User name").fill("boss")
    tab.get_by_label("Password").fill(served.password)
    tab.get_by_role("button", name="Sign in").click()
    tab.locator(".tabulator-row").first.wait_for()
    yield tab
    context.close()


def opened(page: Page, served: Served, query: str) -> None:
    page.goto(f"{served.url}/app?view={query}")
    page.locator(".tabulator-row").first.wait_for()


def cell(page: Page, row: int, name: str) -> Any:
    return page.locator(".tabulator-row").nth(row).locator(f'.tabulator-cell[tabulator-field="{name}"]')


def roomy(served: Served) -> str:
    """A domain with much room left."""
    return str(
        served.one(
            "SELECT d.domain FROM domain d JOIN mailbox m ON m.domain = d.domain AND m.kind = '' WHERE d.active = 1 "
            "GROUP BY d.domain, d.quota, d.mailboxes HAVING d.quota * 1048576 - sum(m.quota) > :room "
            "AND d.mailboxes > count(*) ORDER BY d.domain LIMIT 1",
            room=20 * GIB,
        )
    )


def test_a_cell(page: Page, served: Served) -> None:
    opened(page, served, f"mailboxes&domain=is:{roomy(served)}")
    username = cell(page, 0, "username").inner_text()
    before = served.one("SELECT quota FROM mailbox WHERE username = :u", u=username)
    wanted = before // GIB + 1
    cell(page, 0, "quota").click()
    field = cell(page, 0, "quota").locator("input")
    field.fill(f"{wanted} GiB")
    field.press("Enter")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("dialog").get_by_role("button", name="Commit").click()
    expect(page.get_by_text(f"Mailbox {username} was changed.")).to_be_visible()
    assert served.one("SELECT quota FROM mailbox WHERE username = :u", u=username) == wanted * GIB


def test_five_hundred_at_once(page: Page, served: Served) -> None:
    opened(page, served, "mailboxes&active=is:1&size=500")
    before = served.one(
        "SELECT count(*) FROM mailbox WHERE json_value(attributes, '$.quarantine_notification') = 'weekly'"
    )
    expect(page.locator(".tabulator-row").nth(5)).to_be_visible()
    page.get_by_label("Select every row of this page").click()
    expect(page.get_by_text("500 selected")).to_be_visible()
    page.get_by_role("button", name="Change").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").first.click()
    page.get_by_text("Quarantine mails", exact=True).last.click()
    dialog.get_by_role("combobox").nth(1).click()
    page.get_by_text("weekly", exact=True).last.click()
    dialog.get_by_role("button", name=re.compile("Preview|Review")).click()
    page.get_by_role("dialog").get_by_role("button", name="Commit").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    changed = served.one("SELECT max(count) FROM ops_change WHERE resource = 'mailboxes'")
    after = served.one(
        "SELECT count(*) FROM mailbox WHERE json_value(attributes, '$.quarantine_notification') = 'weekly'"
    )
    assert changed > 300
    assert after - before == changed


def test_add_and_delete(page: Page, served: Served) -> None:
    domain = roomy(served)
    opened(page, served, f"mailboxes&domain=is:{domain}")
    page.get_by_role("button", name="Add mailbox").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Local part").fill("new.person")
    dialog.get_by_role("combobox").first.click()
    page.get_by_text(domain, exact=True).last.click()
    dialog.locator("input[type=password]").fill("Secret-Garden-7")
    dialog.get_by_role("button", name="Add", exact=True).click()
    address = f"new.person@{domain}"
    expect(page.get_by_text(f"Mailbox {address} was added.")).to_be_visible()
    assert served.one("SELECT left(password, 11) FROM mailbox WHERE username = :u", u=address) == "{BLF-CRYPT}"
    for table, column in (
        ("alias", "address"),
        ("quota2", "username"),
        ("user_acl", "username"),
        ("_sogo_static_view", "c_uid"),
    ):
        assert served.one(f"SELECT count(*) FROM {table} WHERE {column} = :u", u=address) == 1

    page.goto(f"{served.url}/app?view=mailboxes&username=is:{address}")
    expect(page.locator(".tabulator-row")).to_have_count(1)
    page.locator(".ops-delete").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Move the mail store")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^(Commit|Delete)")).click()
    expect(page.get_by_text(f"Mailbox {address} was deleted.")).to_be_visible()
    for table, column in (
        ("mailbox", "username"),
        ("alias", "address"),
        ("quota2", "username"),
        ("_sogo_static_view", "c_uid"),
    ):
        assert served.one(f"SELECT count(*) FROM {table} WHERE {column} = :u", u=address) == 0


def test_and_nothing_is_broken(served: Served) -> None:
    from opslib.connecting import open_site

    site = open_site(Settings.load(served.environment))
    assert verify(site) == []
    site.engine.dispose()
