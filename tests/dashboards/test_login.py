"""The gate of the console, from outside: forms, cookies, headers, sockets, and the ways around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from bokeh.util.token import get_token_payload

from dashboards import context, login, security
from dashboards.security import PAGE_HEADER
from opslib import schema, signin
from opslib.schema.console import ops_login_failure, ops_session
from opslib.schema.create import initialise
from opslib.stores.database import write
from tests.dashboards.serving import AGENT, Browser, Console, connect, drained, running, upgrade

PASSWORD = "Right-horse-9"
NEW = "New-horse-77"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for the module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAILOPS_DATA_DIR", str(tmp_path_factory.mktemp("site")))
        for cached in (context.settings, context.site, security._key):
            cached.cache_clear()
        site = context.site()
        initialise(site.engine)
        with running() as console:
            yield console
        site.engine.dispose()
        for cached in (context.settings, context.site, security._key):
            cached.cache_clear()


@pytest.fixture
def console(served: Console) -> Console:
    """The console with one administrator and nobody signed in."""
    with write(served.site.engine) as connection:
        for table in (ops_session, ops_login_failure, schema.admin, schema.tfa, schema.logs):
            connection.execute(table.delete())
    signin.create_admin(served.site, "admin", PASSWORD)
    return served


@pytest.fixture
def visitor(console: Console) -> Iterator[Browser]:
    with console.browser() as found:
        yield found


@pytest.fixture
def signed(visitor: Browser) -> Browser:
    assert visitor.sign_in().status_code == 302
    return visitor


def change(console: Console, table: sa.Table, **values: object) -> None:
    with write(console.site.engine) as connection:
        connection.execute(table.update().values(values))


# -- in ---------------------------------------------------------------------------------------------------------------
def test_page_leads_to_the_sign_in_and_back(visitor: Browser) -> None:
    answer = visitor.see("/app?view=aliases&q=ann")
    assert "/login?next=" in answer.url
    assert "<h1>Sign in</h1>" in answer.text
    path = answer.url.removeprefix(visitor.console.url)
    answer = visitor.fill(path, username="admin", password=PASSWORD)
    assert answer.headers["Location"] == "/app?view=aliases&q=ann"
    assert visitor.see("/app").status_code == 200


def test_the_root_leads_to_the_console(signed: Browser) -> None:
    answer = signed.see("/")
    assert answer.url.endswith("/app")
    assert "cdn.holoviz" not in answer.text


def test_wrong_password_keeps_the_name(visitor: Browser) -> None:
    answer = visitor.sign_in(password="wrong-secret")
    assert answer.status_code == 401
    assert 'value="admin"' in answer.text
    assert "wrong-secret" not in answer.text
    assert "Wrong name or password." in answer.text
    assert not visitor.token


def test_typed_markup_is_shown_as_text(visitor: Browser) -> None:
    answer = visitor.sign_in(username='"><script>alert(1)</script>')
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_throttled_in_words(visitor: Browser) -> None:
    answers = [visitor.sign_in(password="wrong") for _ in range(6)]
    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "2"
    assert "Too many failed sign-ins. Wait 2 seconds." in answers[-1].text


def test_too_many_at_once_are_told(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "WAITING_MOST", 0)
    answer = visitor.sign_in()
    assert answer.status_code == 429
    assert "Many people sign in" in answer.text


def test_second_factor_is_refused_in_words(visitor: Browser) -> None:
    with write(visitor.console.site.engine) as connection:
        connection.execute(
            schema.tfa.insert().values(key_id="k", username="admin", authmech="totp", secret="x", active=1)
        )
    answer = visitor.sign_in()
    assert answer.status_code == 401
    assert "second factor" in answer.text
    assert not visitor.token


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/login",
        "evil",
        "/a\nb",
        "",
    ],
)
def test_next_stays_here(visitor: Browser, target: str) -> None:
    answer = visitor.fill(f"/login?next={quote(target, safe='')}", username="admin", password=PASSWORD)
    assert answer.headers["Location"] == "/app"


# -- cookies and forms ------------------------------------------------------------------------------------------------
def test_cookie_is_closed_to_scripts(visitor: Browser) -> None:
    header = visitor.sign_in().headers["Set-Cookie"]
    cookie = next(part for part in re.split(r", (?=\w+=)", header) if part.startswith("mailops="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


def test_foreign_forms_are_refused(visitor: Browser) -> None:
    plain = visitor.post(visitor.console.url + "/login", data={"username": "admin", "password": PASSWORD})
    assert plain.status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert visitor.sign_in(headers=headers).status_code == 403
    assert not visitor.token


def test_planted_session_is_not_adopted(console: Console, visitor: Browser) -> None:
    visitor.cookies.set("mailops", "planted", domain="127.0.0.1", path="/")
    visitor.sign_in()
    assert visitor.token
    assert visitor.token != "planted"
    with console.browser() as attacker:
        attacker.cookies.set("mailops", "planted")
        assert "/login" in attacker.see("/app").url


def test_sign_in_again_ends_the_session_before(signed: Browser) -> None:
    old = signed.token
    page = signed.see("/password").text
    assert "Choose a new password" in page
    signin.end_session(signed.console.site, old)
    signed.sign_in()
    assert signed.token != old


def test_token_in_another_browser(signed: Browser) -> None:
    with signed.console.browser(agent="curl") as thief:
        thief.cookies.set("mailops", signed.token)
        assert "/login" in thief.see("/app").url


def test_headers(signed: Browser) -> None:
    for path in ("/login", "/app", "/static/js/bokeh.min.js"):
        headers = signed.see(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Server" not in headers


def test_sign_in_page_needs_nothing_from_elsewhere(visitor: Browser) -> None:
    text = visitor.see("/login").text
    assert not re.search(r"<script|<link|<img|url\(|@import|https?://", text)
    assert 'name="viewport"' in text
    assert "demo site" in text


def test_foreign_host_name(visitor: Browser) -> None:
    for path in ("/app", "/login"):
        assert visitor.see(path, headers={"Host": "evil.example"}).status_code == 400


def test_forwarded_addresses_are_not_believed(console: Console, visitor: Browser) -> None:
    visitor.sign_in(password="wrong", headers={"X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4"})
    with console.site.engine.connect() as connection:
        assert connection.scalars(sa.select(schema.logs.c.remote)).all() == ["127.0.0.1"]


# -- side doors -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/app", "/app/autoload.js?bokeh-autoload-element=x", "/app/metadata"])
def test_nothing_without_a_session(visitor: Browser, path: str) -> None:
    answer = visitor.see(path, allow_redirects=False)
    assert answer.status_code in (302, 403)
    assert "hello" not in answer.text


def test_components_of_unloaded_modules(visitor: Browser) -> None:
    assert visitor.see("/components/antigravity/X/_css/y").status_code == 404


def test_page_header_from_outside_is_overwritten(signed: Browser) -> None:
    token = signed.page_token(headers={PAGE_HEADER: security.sealed("0" * 64)})
    digest = security.unsealed(get_token_payload(token)["headers"][PAGE_HEADER])
    assert digest == signin.digest(signed.token)


def test_only_the_gate_can_name_a_session(console: Console) -> None:
    digest = signin.digest("token")
    assert security.unsealed(security.sealed(digest)) == digest
    for text in ("", digest, f"{digest}.", f"{digest}.{digest}", "é.x"):
        assert security.unsealed(text) == ""


def test_socket_of_the_own_page(signed: Browser) -> None:
    assert upgrade(signed.console, signed.page_token(), signed) == 101


def test_sockets_that_are_refused(console: Console, signed: Browser) -> None:
    token = signed.page_token()
    with console.browser() as nobody, console.browser() as other:
        assert upgrade(console, token, nobody) == 403
        signin.create_admin(console.site, "eve", PASSWORD)
        other.sign_in("eve")
        assert upgrade(console, token, other) == 403
    assert upgrade(console, token, signed, Origin="https://evil.example") == 403
    assert upgrade(console, token, signed, **{"User-Agent": "curl"}) == 403
    assert upgrade(console, "nonsense", signed) == 403


def test_same_person_another_session(console: Console, signed: Browser) -> None:
    """A page belongs to one session, not to whoever has the same name."""
    token = signed.page_token()
    with console.browser() as second:
        second.sign_in()
        assert upgrade(console, token, second) == 403


# -- out --------------------------------------------------------------------------------------------------------------
def test_sign_out_ends_session_and_sockets(signed: Browser) -> None:
    socket = connect(signed.console, signed.page_token(), signed)
    old = signed.token
    assert signed.see("/logout").status_code == 200
    assert signin.session(signed.console.site, old, AGENT)
    assert signed.fill("/logout").headers["Location"] == "/login"
    assert drained(signed.console, socket) == 4401
    assert signin.session(signed.console.site, old, AGENT) is None
    assert "/login" in signed.see("/app").url


def test_disabled_account(signed: Browser) -> None:
    change(signed.console, schema.admin, active=0)
    assert "/login" in signed.see("/app").url


# -- new passwords ----------------------------------------------------------------------------------------------------
@pytest.fixture
def forced(visitor: Browser) -> Browser:
    change(visitor.console, schema.admin, attributes={"force_pw_update": "1"})
    assert visitor.sign_in().headers["Location"].startswith("/password")
    return visitor


def test_forced_change_first(forced: Browser) -> None:
    for path in ("/app", "/login"):
        answer = forced.see(path)
        assert answer.url.split("?")[0].endswith("/password")
        assert "must be replaced" in answer.text
    assert forced.see("/app/autoload.js?bokeh-autoload-element=x", allow_redirects=False).status_code == 302
    old = forced.token
    answer = forced.fill("/password?next=%2Fapp%3Fview%3Daliases", password=NEW, repeated=NEW)
    assert answer.headers["Location"] == "/app?view=aliases"
    assert forced.token != old
    assert signin.session(forced.console.site, old, AGENT) is None
    assert forced.see("/app").url.endswith("/app")


def test_forced_change_refused_in_words(forced: Browser) -> None:
    answer = forced.fill("/password", password=NEW, repeated="other")
    assert answer.status_code == 422
    assert "The two passwords differ." in answer.text
    assert NEW not in answer.text


def test_wanted_change_needs_the_old_password(signed: Browser) -> None:
    answer = signed.fill("/password", password=NEW, repeated=NEW, old="wrong")
    assert "not the present password" in answer.text
    assert signed.fill("/password", password=NEW, repeated=NEW, old=PASSWORD).status_code == 302
    with signed.console.browser() as other:
        assert other.sign_in(password=NEW).status_code == 302


def test_password_page_without_session(visitor: Browser) -> None:
    assert visitor.see("/password", allow_redirects=False).headers["Location"] == "/login"
    assert visitor.fill("/login", username="x", password="y").status_code == 401


# -- health -----------------------------------------------------------------------------------------------------------
def test_health(visitor: Browser) -> None:
    answer = visitor.see("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "up", "database": "up", "keyvalue": "up"}
