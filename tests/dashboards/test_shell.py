"""The frame without a browser: pages come and go, errors get words, an ended session ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import panel as pn
import pytest
import sqlalchemy as sa

from dashboards import health, notices, session, shell, worker
from dashboards import pages as listed
from dashboards.menu import Menu
from dashboards.pages import PAGES, PageSpec
from dashboards.session import SessionOps
from dashboards.shell import Shell
from opslib import schema, signin
from opslib.actor import Actor
from opslib.errors import ServerError, UserError
from opslib.host.absent import AbsentHost
from opslib.host.demo import DemoHost
from opslib.schema.console import ops_change, ops_session
from opslib.signin.sessions import Session
from opslib.site import Site
from opslib.stores.database import engine_for, read, write
from opslib.stores.keyvalue import EmbeddedStore

AGENT = "Firefox"


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    found = Site(engine, EmbeddedStore(engine), AbsentHost(), name="Post <b>office</b>")
    signin.create_admin(found, "ann", "Right-horse-9")
    return found


@pytest.fixture
def signed(site: Site) -> Session:
    token = signin.open_session(site, signin.Identity("ann", "admin"), "192.0.2.1", AGENT)
    found = signin.session(site, token, AGENT)
    assert found
    return found


@pytest.fixture
def console(site: Site, signed: Session) -> Shell:
    return Shell(SessionOps(site, signed))


def shown(console: Shell) -> str:
    """Everything readable in the body."""
    return " ".join(str(pane.object) for pane in console.body.select(pn.pane.HTML))


# -- pages ------------------------------------------------------------------------------------------------------------
class Plain(pn.viewable.Viewer):
    """A page that tells what it was given."""

    stopped = 0

    def __init__(self, ops: Any, location: Any) -> None:
        super().__init__()
        self.ops, self.location = ops, location

    def stop(self) -> None:
        Plain.stopped += 1

    def __panel__(self) -> pn.pane.HTML:
        return pn.pane.HTML("plain")


class Failing:
    def __init__(self, ops: Any, location: Any) -> None:
        raise RuntimeError("secret-of-the-log")


class Down:
    def __init__(self, ops: Any, location: Any) -> None:
        raise ServerError("keyvalue_down", "refused")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"plain": Plain, "failing": Failing, "down": Down}
    specs = {name: PageSpec(name.title(), "Tests", "science", name) for name in kinds}
    for spec in specs.values():
        monkeypatch.setitem(PAGES, spec.module, spec)
    monkeypatch.setattr(PageSpec, "load", lambda spec: kinds[spec.module])


@pytest.mark.usefixtures("pages")
class TestPages:
    def test_swap_and_stop(self, console: Shell) -> None:
        console.show("plain", "?q=x")
        assert "Plain" in shown(console)
        assert console.shown.location.search == "?q=x"
        assert console.browser.search == "?view=plain&q=x"
        before = Plain.stopped
        console.show("plain", "")
        assert Plain.stopped == before + 1

    def test_unknown(self, console: Shell) -> None:
        console.show("<script>", "")
        assert "There is no such page" in shown(console)

    def test_error_has_a_number_and_no_detail(self, console: Shell, caplog: pytest.LogCaptureFixture) -> None:
        console.show("failing", "")
        text = shown(console)
        assert "This page cannot be shown" in text
        assert "secret-of-the-log" not in text
        assert any(record.getMessage() in text for record in caplog.records)

    def test_backend_down_has_words(self, console: Shell) -> None:
        console.show("down", "")
        assert "key-value store cannot be reached" in shown(console)
        console.show("plain", "")
        assert "Plain" in shown(console)

    def test_back_button(self, console: Shell) -> None:
        console.show("plain", "")
        page = console.shown
        console.browser.param.update(search="?view=plain&q=ann", popped=1)
        assert console.shown is page
        assert page.location.search == "?q=ann"
        console.browser.param.update(search="?view=nonsense", popped=2)
        assert "There is no such page" in shown(console)

    def test_menu_closes_on_a_phone(self, console: Shell) -> None:
        console.browser.width_class = "wide"
        assert console.page.sidebar_open
        console.browser.width_class = "narrow"
        assert not console.page.sidebar_open
        console.page.sidebar_open = True
        console.menu.panel.active = console.menu.paths["plain"]
        assert console.address.view == "plain"
        assert not console.page.sidebar_open


def test_every_page_can_be_loaded() -> None:
    for spec in listed.PAGES.values():
        assert callable(spec.load())


def test_menu_holds_what_the_role_may_open() -> None:
    went: list[str] = []
    menu = Menu("domainadmin", went.append)
    assert "activity" in menu.names
    assert "outbox" not in menu.names
    menu.mark("activity")
    assert went == []
    menu.panel.active = menu.paths["mailboxes"]
    assert went == ["mailboxes"]


def test_page_that_is_not_offered_is_not_shown(site: Site) -> None:
    with write(site.engine) as connection:
        connection.execute(schema.admin.insert().values(username="dora", password="x", superadmin=0, active=1))
    token = signin.open_session(site, signin.Identity("dora", "domainadmin"), "192.0.2.1", AGENT)
    found = signin.session(site, token, AGENT)
    assert found
    console = Shell(SessionOps(site, found))
    console.show("outbox", "")
    assert "There is no such page" in shown(console)


# -- session ----------------------------------------------------------------------------------------------------------
def end(site: Site) -> None:
    with write(site.engine) as connection:
        connection.execute(ops_session.delete())


def test_ended_session_leaves(console: Shell, site: Site) -> None:
    console.show("activity", "?q=x")
    asyncio.run(console.look())
    assert console.browser.leave == ""
    end(site)
    asyncio.run(console.look())
    assert console.browser.leave == "/login?next=%2Fapp%3Fview%3Dactivity%26q%3Dx"
    assert len(console.body) == 0


def test_ended_session_writes_nothing(console: Shell, site: Site) -> None:
    plan = console.ops.domains.add({"domain": "one.example"})
    end(site)
    with pytest.raises(UserError) as caught:
        console.ops.commit(plan)
    assert caught.value.key == "session_over"
    with read(site.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(ops_change)) == 0


def test_lost_right_is_lost_at_once(console: Shell, site: Site) -> None:
    plan = console.ops.domains.add({"domain": "one.example"})
    with write(site.engine) as connection:
        connection.execute(schema.admin.update().values(active=0))
    with pytest.raises(UserError):
        console.ops.commit(plan)


def test_good_session_commits(console: Shell) -> None:
    assert console.ops.commit(console.ops.domains.add({"domain": "one.example"})).change_id


def test_looking_is_not_using(console: Shell, site: Site) -> None:
    def seen() -> Any:
        with read(site.engine) as connection:
            return connection.scalar(sa.select(ops_session.c.seen))

    with write(site.engine) as connection:
        connection.execute(ops_session.update().values(seen=site.now() - timedelta(hours=1)))
    before = seen()
    console.used = False
    asyncio.run(console.look())
    assert seen() == before


def test_taste_is_remembered(console: Shell, site: Site) -> None:
    assert session.remembered(site, "ann", shell.THEME) is None
    asyncio.run(console._themed(True))
    assert session.remembered(site, "ann", shell.THEME) == "dark"
    session.remember(site, "ann", shell.THEME, "light")
    assert session.remembered(site, "ann", shell.THEME) == "light"


# -- health -----------------------------------------------------------------------------------------------------------
def test_banner_and_back_again(console: Shell, site: Site) -> None:
    found = health.of(site)
    good = found.site
    found.site = Site(_broken(), good.keyvalue, good.host)
    asyncio.run(console._tell(fresh=True))
    assert console.banner.visible
    assert "database cannot be reached" in console.banner[0].object
    found.site = good
    asyncio.run(console.retry())
    assert not console.banner.visible


def _broken() -> sa.Engine:
    return engine_for("mysql+pymysql://nobody@127.0.0.1:1/none")


def test_database_down_does_not_sign_out(console: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: Any, **given: Any) -> Any:
        raise ServerError("database_down", "refused")

    monkeypatch.setattr(signin, "by_digest", down)
    asyncio.run(console.look())
    assert console.browser.leave == ""


def test_worker_outlives_its_stores(site: Site) -> None:
    assert worker.turn(site)
    site.engine = _broken()
    assert not worker.turn(site)
    assert worker.start(site, pause=3600) is worker.start(site)


# -- words ------------------------------------------------------------------------------------------------------------
def test_badges(site: Site) -> None:
    assert len(notices.badges(site.host)) == 1
    assert len(notices.badges(DemoHost(site.keyvalue, site.clock))) == 1


def test_no_markup_from_outside() -> None:
    card = notices.card("<b>t</b>", "<img src=x>")
    assert "<img" not in " ".join(str(pane.object) for pane in card.select(pn.pane.HTML))
    strip = notices.banner(lambda: asyncio.sleep(0))
    notices.tell(strip, ["<img src=x>"])
    assert "<img" not in strip[0].object


def test_account_menu() -> None:
    button = notices.account(Actor("ann", "domainadmin"))
    assert [item["label"] for item in button.items] == ["Domain administrator", "Change password", "Sign out"]
