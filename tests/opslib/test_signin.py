"""Sign-in and sessions, with the attacks the contract names (access.md 4, 5, 9.3, 20)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from opslib import passwords, schema, signin
from opslib.errors import ServerError, UserError
from opslib.host.demo import DemoHost
from opslib.schema.console import ops_login_failure, ops_session
from opslib.schema.keyvalue import ops_kv_message
from opslib.signin import audit, sessions, throttle
from opslib.signin.accounts import normalised
from opslib.signin.address import neighbourhood
from opslib.site import Site
from opslib.stores.database import read, write
from opslib.stores.keyvalue import EmbeddedStore

PASSWORD = "Right-horse-9"
STORED = passwords.make(PASSWORD, "SSHA512")
AGENT = "Firefox"


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(engine: sa.Engine, clock: Clock) -> Site:
    keyvalue = EmbeddedStore(engine, clock)
    return Site(engine, keyvalue, DemoHost(keyvalue, clock), clock=clock)


def add(site: Site, table: sa.Table, **values: Any) -> None:
    with write(site.engine) as connection:
        connection.execute(table.insert().values(values))


def change(site: Site, table: sa.Table, **values: Any) -> None:
    with write(site.engine) as connection:
        connection.execute(table.update().values(values))


def rows(site: Site, table: sa.Table) -> list[Any]:
    with read(site.engine) as connection:
        return list(connection.execute(sa.select(table)).mappings())


@pytest.fixture
def ann(site: Site) -> Site:
    """An administrator."""
    add(site, schema.admin, username="ann", password=STORED, superadmin=1, active=1)
    return site


@pytest.fixture
def dora(site: Site) -> Site:
    """A domain administrator."""
    add(site, schema.admin, username="dora", password=STORED, superadmin=0, active=1)
    add(site, schema.da_acl, username="dora", syncjobs=0, login_as=1)
    return site


def box(site: Site, **values: Any) -> None:
    """A mailbox user."""
    add(site, schema.domain, domain="example.org", mailboxes=9, aliases=9, quota=1, maxquota=1, defquota=1)
    given = {"name": "", "local_part": "u", "domain": "example.org", "quota": 1, "attributes": {}, "kind": ""}
    given |= {"authsource": "mailcow", "active": 1, "custom_attributes": {}, "multiple_bookings": -1} | values
    add(site, schema.mailbox, username="u@example.org", password=STORED, **given)


def refused(site: Site, username: str, password: str = "wrong", remote: str = "192.0.2.1", **given: Any) -> str:
    """Key of the error."""
    with pytest.raises(UserError) as caught:
        signin.authenticate(site, username, password, remote, **given)
    return caught.value.key


def sign_in(site: Site, username: str = "ann", remote: str = "192.0.2.1") -> signin.Identity:
    return signin.authenticate(site, username, PASSWORD, remote)


# -- who comes in ----------------------------------------------------------------------------------------------------
def test_admin(ann: Site) -> None:
    assert sign_in(ann, " ANN ") == signin.Identity("ann", "admin")
    (row,) = rows(ann, schema.logs)
    assert (row["type"], row["user"], row["role"], row["remote"]) == ("success", "ann", "admin", "192.0.2.1")
    assert json.loads(row["msg"]) == ["logged_in_as", "ann"]
    assert json.loads(row["call"]) == ["check_login", "ann", "*"]
    assert len(row["task"]) == 6
    assert rows(ann, schema.sasl_log) == []


def test_domain_admin_without_domains(dora: Site) -> None:
    assert sign_in(dora, "dora").role == "domainadmin"


def test_roles_filter(dora: Site) -> None:
    assert refused(dora, "dora", PASSWORD, roles=("admin",)) == "login_failed"


def test_mailbox_user_only_when_asked_for(site: Site) -> None:
    box(site)
    assert refused(site, "u@example.org", PASSWORD) == "login_failed"
    assert signin.authenticate(site, "u@example.org", PASSWORD, "192.0.2.1", roles=("user",)).role == "user"
    (row,) = rows(site, schema.sasl_log)
    assert (row["service"], row["app_password"], row["real_rip"]) == ("MAILCOWUI", 0, "192.0.2.1")
    signin.authenticate(site, "u@example.org", PASSWORD, "192.0.2.1", roles=("user",))
    assert len(rows(site, schema.sasl_log)) == 1


@pytest.mark.parametrize("values", [{"active": 2}, {"active": 0}, {"authsource": "ldap"}, {"kind": "location"}])
def test_mailboxes_that_may_not(site: Site, values: dict[str, Any]) -> None:
    box(site, **values)
    assert refused(site, "u@example.org", PASSWORD, roles=("user",)) == "login_failed"


def test_domain_switched_off(site: Site) -> None:
    box(site)
    change(site, schema.domain, active=0)
    assert refused(site, "u@example.org", PASSWORD, roles=("user",)) == "login_failed"


def test_disabled_admin(ann: Site) -> None:
    change(ann, schema.admin, active=0)
    assert refused(ann, "ann", PASSWORD) == "login_failed"


@pytest.mark.parametrize("name", ["", " ", "a b", "ann'--", "ann\n", "ann@", "ünn", "x" * 300, "ann%"])
def test_malformed_names(ann: Site, name: str) -> None:
    if name.strip() != "ann":
        assert refused(ann, name, PASSWORD) == "login_failed"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + "\0", PASSWORD[:-1], "x" * 100_000])
def test_wrong_passwords(ann: Site, password: str) -> None:
    assert refused(ann, "ann", password) == "login_failed"


def test_every_attempt_costs_one_slow_hash(ann: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real: Callable[[str, str], bool] = passwords.verify

    def counted(password: str, stored: str) -> bool:
        seen.append(stored)
        return real(password, stored)

    monkeypatch.setattr(passwords, "verify", counted)
    refused(ann, "nobody")
    assert seen == [passwords.DUMMY]
    seen.clear()
    refused(ann, "ann")
    assert seen == [passwords.DUMMY, STORED]


# -- what must come first ---------------------------------------------------------------------------------------------
def test_default_password_must_be_replaced(site: Site) -> None:
    add(site, schema.admin, username="admin", password=passwords.make("moohoo", "SSHA256"), superadmin=1, active=1)
    assert signin.authenticate(site, "admin", "moohoo", "192.0.2.1").pending == "password"


def test_forced_change(ann: Site) -> None:
    change(ann, schema.admin, attributes={"force_pw_update": "1", "force_tfa": "0"})
    assert sign_in(ann).pending == "password"


def test_active_second_factor_is_not_bypassed(ann: Site) -> None:
    add(ann, schema.tfa, key_id="k", username="ann", authmech="totp", secret="JBSWY3DPEHPK3PXP", active=1)
    assert refused(ann, "ann", PASSWORD) == "second_factor_needed"
    assert [row["type"] for row in rows(ann, schema.logs)] == ["warning"]


def test_forced_second_factor_is_not_bypassed(ann: Site) -> None:
    change(ann, schema.admin, attributes={"force_tfa": "1"})
    assert refused(ann, "ann", PASSWORD) == "second_factor_setup_needed"


def test_factor_off_for_one_sign_in(ann: Site) -> None:
    add(ann, schema.tfa, key_id="k", username="ann", authmech="totp", secret="JBSWY3DPEHPK3PXP", active=0)
    assert sign_in(ann).name == "ann"
    assert [row["active"] for row in rows(ann, schema.tfa)] == [1]
    assert refused(ann, "ann", PASSWORD) == "second_factor_needed"


def test_factor_of_another_account(ann: Site) -> None:
    add(ann, schema.tfa, key_id="k", username="bob", authmech="totp", secret="JBSWY3DPEHPK3PXP", active=1)
    assert sign_in(ann).name == "ann"


def test_legacy_factor_counts_as_absent(ann: Site) -> None:
    add(ann, schema.tfa, key_id="k", username="ann", authmech="u2f", active=1)
    assert sign_in(ann).name == "ann"


def test_weak_hash_is_renewed(site: Site) -> None:
    add(site, schema.admin, username="ann", password="{PLAIN}" + PASSWORD, superadmin=1, active=1)
    assert sign_in(site).name == "ann"
    (row,) = rows(site, schema.admin)
    assert row["password"].startswith("{BLF-CRYPT}")
    assert passwords.verify(PASSWORD, row["password"])


# -- what a failure leaves behind -------------------------------------------------------------------------------------
def lines(site: Site) -> list[str]:
    return [row["message"] for row in rows(site, ops_kv_message) if row["channel"] == "F2B_CHANNEL"]


def test_failure_is_reported(ann: Site) -> None:
    refused(ann, "ann")
    assert lines(ann) == ["mailcow UI: Invalid password for ann by 192.0.2.1"]
    (row,) = rows(ann, schema.logs)
    assert (row["type"], row["user"], row["role"]) == ("danger", "unauthenticated", "unauthenticated")
    assert json.loads(row["msg"]) == "login_failed"
    assert json.loads(row["call"]) == ["check_login", "ann", "*"]
    assert "wrong" not in str(dict(row))


@pytest.mark.parametrize(
    "name",
    [
        "x\nmailcow UI: Invalid password for y by 1.2.3.4",
        "x by 1.2.3.4",
        "x by 1.2.3.4\r\n",
        "x\tby\t1.2.3.4 by ::1",
        "x\u2028by\u20281.2.3.4",
        "x by  by 1.2.3.4 1.2.3.4",
        "\x00by 1.2.3.4",
        "y" * 5000 + " by 1.2.3.4",
    ],
)
def test_no_other_address_can_be_named(site: Site, name: str) -> None:
    refused(site, name)
    (line,) = lines(site)
    assert line.endswith(" by 192.0.2.1")
    assert line.count(" by ") == 1
    assert len(line.splitlines()) == 1
    assert len(line) < 200


@given(st.text())
def test_harmless_names(name: str) -> None:
    shown = audit.harmless(name)
    assert shown
    assert len(shown) <= 80
    assert not any(c.isspace() or not c.isprintable() for c in shown)


def test_fail2ban_down_does_not_matter(ann: Site) -> None:
    class Broken(EmbeddedStore):
        def publish(self, channel: str, message: str) -> int:
            raise ServerError("keyvalue_down", "refused")

    ann.keyvalue = Broken(ann.engine)
    assert refused(ann, "ann") == "login_failed"
    assert sign_in(ann).name == "ann"


# -- guessing ---------------------------------------------------------------------------------------------------------
def test_pauses_grow_and_have_a_cap() -> None:
    pauses = [throttle.PAIR.pause(n) for n in range(40)]
    assert pauses[:9] == [0, 0, 0, 0, 0, 2, 4, 8, 16]
    assert pauses[-1] == 900


def guess(site: Site, username: str = "ann", remote: str = "192.0.2.1") -> str:
    return refused(site, username, remote=remote)


def test_account_and_address(ann: Site, clock: Clock) -> None:
    assert [guess(ann) for _ in range(7)] == ["login_failed"] * 5 + ["login_throttled"] * 2
    assert refused(ann, "ann", PASSWORD) == "login_throttled"
    with pytest.raises(UserError) as caught:
        signin.authenticate(ann, "ann", PASSWORD, "192.0.2.1")
    assert caught.value.problems[0].args == (2,)
    clock.move(seconds=2)
    assert sign_in(ann).name == "ann"
    assert guess(ann) == "login_failed"


def test_attempts_during_a_pause_do_not_prolong_it(ann: Site, clock: Clock) -> None:
    for _ in range(200):
        guess(ann)
    assert len(rows(ann, ops_login_failure)) == 5
    clock.move(seconds=2)
    assert sign_in(ann).name == "ann"


def test_another_address_is_not_slowed_at_once(ann: Site) -> None:
    for _ in range(9):
        guess(ann)
    assert sign_in(ann, remote="198.51.100.7").name == "ann"


def test_many_addresses_one_account(ann: Site, clock: Clock) -> None:
    found = [guess(ann, remote=f"198.51.100.{n}") for n in range(40)]
    assert found[:25] == ["login_failed"] * 25
    assert "login_throttled" in found[25:]
    clock.move(seconds=60)
    assert sign_in(ann, remote="203.0.113.9").name == "ann"


def test_strangers_do_not_shut_out_whoever_is_signed_in(ann: Site) -> None:
    signin.open_session(ann, sign_in(ann, remote="203.0.113.9"), "203.0.113.9", AGENT)
    for n in range(40):
        guess(ann, remote=f"198.51.100.{n}")
    assert refused(ann, "ann", PASSWORD, "203.0.113.8") == "login_throttled"
    assert sign_in(ann, remote="203.0.113.9").name == "ann"


def test_many_accounts_one_address(ann: Site) -> None:
    found = [guess(ann, f"user{n}") for n in range(40)]
    assert found[:25] == ["login_failed"] * 25
    assert set(found[25:]) == {"login_throttled"}


def test_own_account_does_not_buy_new_guesses(ann: Site) -> None:
    add(ann, schema.admin, username="eve", password=STORED, superadmin=0, active=1)
    found = []
    for _ in range(12):
        found.append(guess(ann))
        if "login_throttled" not in found:
            sign_in(ann, "eve")
    assert "login_throttled" in found


def test_ipv6_neighbours_count_together(ann: Site) -> None:
    found = [guess(ann, remote=f"2001:db8::{n:x}") for n in range(1, 9)]
    assert found[5:] == ["login_throttled"] * 3


def test_nobody_is_locked_out_for_ever(ann: Site, clock: Clock) -> None:
    for _ in range(30):
        guess(ann)
        clock.move(seconds=900)
    clock.move(seconds=900)
    assert sign_in(ann).name == "ann"


def test_old_failures_are_swept(ann: Site, clock: Clock) -> None:
    for n in range(30):
        guess(ann, f"user{n}", f"198.51.100.{n}")
    clock.move(hours=2)
    for n in range(3):
        guess(ann, "ann", f"203.0.113.{n}")
    assert len(rows(ann, ops_login_failure)) == 3


# -- sessions ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def token(ann: Site) -> str:
    return signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.1", AGENT)


def test_session(ann: Site, token: str) -> None:
    found = signin.session(ann, token, AGENT)
    assert found
    assert (found.actor.name, found.actor.role, found.actor.via) == ("ann", "admin", "console")
    assert found.actor == signin.session_actor(ann, token, AGENT)
    assert token not in str([dict(row) for row in rows(ann, ops_session)])


@pytest.mark.parametrize("token", ["", "x", "x" * 500, "%", "\ud800"])
def test_unknown_tokens(ann: Site, token: str) -> None:
    assert signin.session(ann, token, AGENT) is None


def test_the_digest_is_no_token(ann: Site, token: str) -> None:
    assert signin.session(ann, signin.digest(token), AGENT) is None


def test_idle(ann: Site, token: str, clock: Clock) -> None:
    clock.move(seconds=10799)
    assert signin.session(ann, token, AGENT)
    clock.move(seconds=10799)
    assert signin.session(ann, token, AGENT)
    clock.move(seconds=10800)
    assert signin.session(ann, token, AGENT) is None


def test_looking_without_touching(ann: Site, token: str, clock: Clock) -> None:
    clock.move(hours=2)
    assert signin.by_digest(ann, signin.digest(token), touch=False)
    clock.move(hours=1)
    assert signin.by_digest(ann, signin.digest(token), touch=False) is None


def test_absolute_end(ann: Site, token: str, clock: Clock) -> None:
    for _ in range(11):
        clock.move(hours=1)
        assert signin.session(ann, token, AGENT)
    clock.move(hours=1)
    assert signin.session(ann, token, AGENT) is None


def test_foreign_browser(ann: Site, token: str) -> None:
    assert signin.session(ann, token, "curl") is None
    assert signin.session(ann, token, AGENT)


def test_long_browser_names(ann: Site) -> None:
    token = signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.1", "x" * 400)
    assert signin.session(ann, token, "x" * 400)


def test_fixation(ann: Site, token: str) -> None:
    """Whoever planted a token in the browser gains nothing when the victim signs in with it."""
    new = signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.1", AGENT, replaces=token)
    assert new != token
    assert signin.session(ann, token, AGENT) is None
    planted = "planted"
    signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.1", AGENT, replaces=planted)
    assert signin.session(ann, planted, AGENT) is None


def test_deactivation_bites_at_once(ann: Site, token: str) -> None:
    change(ann, schema.admin, active=0)
    assert signin.session_actor(ann, token, AGENT) is None


def test_degradation_bites_at_once(ann: Site, token: str) -> None:
    change(ann, schema.admin, superadmin=0)
    assert signin.session_actor(ann, token, AGENT) is None


def test_pending_session_acts_for_nobody(ann: Site) -> None:
    token = signin.open_session(ann, signin.Identity("ann", "admin", "password"), "192.0.2.1", AGENT)
    assert signin.session_actor(ann, token, AGENT) is None
    found = signin.session(ann, token, AGENT)
    assert found
    assert found.pending == "password"


def test_ending(ann: Site, token: str) -> None:
    signin.end_session(ann, token)
    assert signin.session(ann, token, AGENT) is None


def test_ending_all_but_one(ann: Site, token: str) -> None:
    other = signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.2", AGENT)
    assert signin.end_sessions_of(ann, "ann", but=signin.digest(token)) == [signin.digest(other)]
    assert signin.session(ann, token, AGENT)


def test_dead_sessions_are_swept(ann: Site, token: str, clock: Clock) -> None:
    clock.move(days=1)
    signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.1", AGENT)
    assert len(rows(ann, ops_session)) == 1


# -- rights -----------------------------------------------------------------------------------------------------------
def bits(site: Site, name: str, role: Any) -> frozenset[str]:
    with read(site.engine) as connection:
        return signin.effective(connection, name, role)


def test_domain_admin_bits(dora: Site) -> None:
    found = bits(dora, "dora", "domainadmin")
    assert {"login_as", "spam_alias", "eas_reset"} <= found
    assert not {"syncjobs", "unlimited_quota"} & found


def test_missing_row_means_no_bits(dora: Site) -> None:
    assert bits(dora, "other", "domainadmin") == frozenset()
    assert bits(dora, "other", "user") == frozenset()


def test_admin_has_all_bits(ann: Site) -> None:
    assert {"syncjobs", "spam_alias", "unlimited_quota"} <= bits(ann, "ann", "admin")


def test_user_bits(site: Site) -> None:
    box(site)
    add(site, schema.user_acl, username="u@example.org", spam_alias=0, syncjobs=1)
    found = bits(site, "u@example.org", "user")
    assert "syncjobs" in found
    assert "spam_alias" not in found
    assert "login_as" not in found


def test_rights_are_read_anew(dora: Site) -> None:
    token = signin.open_session(dora, signin.Identity("dora", "domainadmin"), "192.0.2.1", AGENT)
    change(dora, schema.da_acl, syncjobs=1, login_as=0)
    actor = signin.session_actor(dora, token, AGENT)
    assert actor
    assert actor.may("syncjobs")
    assert not actor.may("login_as")


# -- new passwords ----------------------------------------------------------------------------------------------------
NEW = "New-horse-77"


def the_session(site: Site, token: str) -> sessions.Session:
    found = signin.session(site, token, AGENT)
    assert found
    return found


def test_change_password(ann: Site, token: str) -> None:
    other = signin.open_session(ann, signin.Identity("ann", "admin"), "192.0.2.2", AGENT)
    assert signin.change_password(ann, the_session(ann, token), NEW, NEW, PASSWORD) == [signin.digest(other)]
    assert signin.session(ann, other, AGENT) is None
    assert signin.session(ann, token, AGENT)
    assert signin.authenticate(ann, "ann", NEW, "192.0.2.1").name == "ann"
    assert refused(ann, "ann", PASSWORD) == "login_failed"


@pytest.mark.parametrize(
    ("new", "repeated", "old", "key"),
    [
        (NEW, NEW, "wrong", "password_wrong"),
        (NEW, NEW, None, "password_wrong"),
        (NEW, NEW + "x", PASSWORD, "password_mismatch"),
        ("", "", PASSWORD, "password_complexity"),
        ("short", "short", PASSWORD, "password_complexity"),
        ("moohoo", "moohoo", PASSWORD, "password_complexity"),
        ("x" * 73, "x" * 73, PASSWORD, "password_too_long"),
        (PASSWORD, PASSWORD, PASSWORD, "password_same"),
    ],
)
def test_refused_passwords(ann: Site, token: str, new: str, repeated: str, old: str | None, key: str) -> None:
    with pytest.raises(UserError) as caught:
        signin.change_password(ann, the_session(ann, token), new, repeated, old)
    assert caught.value.key == key
    assert sign_in(ann).name == "ann"


def test_policy_holds(ann: Site, token: str) -> None:
    ann.keyvalue.hset("PASSWD_POLICY", {"length": "20", "numbers": "1"})
    with pytest.raises(UserError, match="policy"):
        signin.change_password(ann, the_session(ann, token), NEW, NEW, PASSWORD)


def test_hashed_input_is_hashed_again(ann: Site, token: str) -> None:
    """Nobody can pick {PLAIN} for himself (access.md 4.1)."""
    signin.change_password(ann, the_session(ann, token), "{PLAIN}abcdef", "{PLAIN}abcdef", PASSWORD)
    assert rows(ann, schema.admin)[0]["password"].startswith("{BLF-CRYPT}")


def test_pending_change_needs_no_old_password(ann: Site) -> None:
    change(ann, schema.admin, attributes={"force_pw_update": "1", "force_tfa": "0"})
    token = signin.open_session(ann, sign_in(ann), "192.0.2.1", AGENT)
    signin.change_password(ann, the_session(ann, token), NEW, NEW)
    assert signin.session_actor(ann, token, AGENT)
    assert rows(ann, schema.admin)[0]["attributes"] == {"force_pw_update": "0", "force_tfa": "0"}
    assert signin.authenticate(ann, "ann", NEW, "192.0.2.1").pending == ""


def test_guessing_the_old_password_is_slowed(ann: Site, token: str) -> None:
    found = []
    for _ in range(7):
        with pytest.raises(UserError) as caught:
            signin.change_password(ann, the_session(ann, token), NEW, NEW, "guess")
        found.append(caught.value.key)
    assert found[-1] == "login_throttled"


def test_create_admin(site: Site) -> None:
    signin.create_admin(site, "Root", PASSWORD)
    assert sign_in(site, "root") == signin.Identity("root", "admin")


@pytest.mark.parametrize("name", ["", "a@example.org", "API", "a b", "ä"])
def test_names_an_admin_cannot_have(site: Site, name: str) -> None:
    with pytest.raises(UserError) as caught:
        signin.create_admin(site, name, PASSWORD)
    assert caught.value.key == "username_invalid"


def test_taken_name(dora: Site) -> None:
    with pytest.raises(UserError) as caught:
        signin.create_admin(dora, "DORA", PASSWORD)
    assert caught.value.key == "object_exists"


def test_set_admin_password(ann: Site, token: str) -> None:
    signin.set_admin_password(ann, "ann", NEW)
    assert signin.session(ann, token, AGENT) is None
    assert signin.authenticate(ann, "ann", NEW, "192.0.2.1").name == "ann"


# -- addresses and names ----------------------------------------------------------------------------------------------
PROXY = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "1.2.3.4", "192.0.2.1"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.1.1.1", "1.2.3.4"),
        ("10.0.0.1", "<script>", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("fd00::1", "2001:DB8::7", "2001:db8::7"),
        ("", "1.2.3.4", "0.0.0.0"),  # noqa: S104
    ],
)
def test_client_address(peer: str, forwarded: str, found: str) -> None:
    assert signin.client_address(peer, forwarded, PROXY) == found


@given(st.text(), st.text())
def test_client_address_is_always_an_address(peer: str, forwarded: str) -> None:
    ipaddress.ip_address(signin.client_address(peer, forwarded, PROXY))


def test_neighbourhood() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::2") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("192.0.2.1") == "192.0.2.1"


@given(st.text())
def test_normalised_names_stay(name: str) -> None:
    found = normalised(name)
    assert found is None or normalised(found) == found
