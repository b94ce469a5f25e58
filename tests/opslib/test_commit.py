"""All or nothing, whatever happens in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC
from typing import Any

import pytest
import sqlalchemy as sa

from opslib import outbox, registry
from opslib.commit import Result, commit
from opslib.errors import Conflict, Problem, UserError
from opslib.host.absent import AbsentHost
from opslib.plan import Plan
from opslib.site import Site
from tests.opslib.resources.support import ADMIN, make_site, rows
from tests.opslib.sample import fill, person

CHANGED = 3000
COMMIT_SLOWLY = """
import sys, time
from opslib import registry
from opslib.actor import Actor
from opslib.commit import commit
from opslib.plan import Plan
from opslib.site import Site
from opslib.host.absent import AbsentHost
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import EmbeddedStore
from datetime import UTC, datetime

moment = sys.argv[2]

def say_and_wait():
    print("now", flush=True)
    time.sleep(60)

@registry.guard
def wait(connection, site):
    say_and_wait()

engine = engine_for(sys.argv[1])
keyvalue = EmbeddedStore(engine, lambda: datetime.now(UTC))
plan = Plan("people", "edit", "Edit 3000 people")
for n in range(3000):
    plan.write("mailbox", {"username": f"u{n}@example.org"}, {"quota": 0}, {"quota": n + 1}, f"u{n}@example.org")
    plan.succeed("object_modified", f"u{n}", subject=f"u{n}@example.org")
plan.effect("keyvalue", "hset", "Set the mark", key="MARK", fields={"done": "1"})
if moment == "inside":
    plan.guard("wait")
else:
    keyvalue.hset = lambda *a: say_and_wait()
commit(Site(engine, keyvalue, AbsentHost()), Actor("admin", "admin"), plan)
"""


@registry.guard
def refuse(_connection: sa.Connection, _site: Site) -> None:
    raise UserError("domain_not_empty", "example.org")


@registry.guard
def another_write(connection: sa.Connection, _site: Site) -> None:
    connection.exec_driver_sql("UPDATE mailbox SET quota = 99")


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    found = make_site(engine)
    fill(found, person("ann"), person("bob"))
    return found


def edit(name: str = "ann", before: Any = 0, after: Any = 5, column: str = "quota") -> Plan:
    plan, username = Plan("people", "edit", f"Edit {name}"), f"{name}@example.org"
    plan.write("mailbox", {"username": username}, {column: before}, {column: after}, username)
    plan.succeed("object_modified", username, subject=username)
    return plan


def quotas(site: Site) -> dict[str, int]:
    return {row["local_part"]: row["quota"] for row in rows(site.engine, "mailbox")}


def untouched(site: Site) -> bool:
    kept = [rows(site.engine, name) for name in ("ops_change", "ops_change_row", "ops_outbox")]
    return quotas(site) == {"ann": 0, "bob": 0} and kept == [[], [], []]


def test_rows_journal_and_effects_go_together(site: Site) -> None:
    plan = edit()
    plan.effect("keyvalue", "hset", "Set the mark", key="MARK", fields={"done": "1"})
    result = commit(site, ADMIN, plan)
    assert quotas(site) == {"ann": 5, "bob": 0} and result.count == 1 and not result.waiting
    (change,) = rows(site.engine, "ops_change")
    assert (change["id"], change["actor"], change["verb"], change["count"]) == (result.change_id, "admin", "edit", 1)
    assert [row["state"] for row in rows(site.engine, "ops_outbox")] == ["done"]
    assert site.keyvalue.hgetall("MARK") == {"done": "1"}


def test_guard_that_fails_after_the_writes(site: Site) -> None:
    plan = edit()
    plan.guard("another_write")
    plan.guard("refuse")
    plan.effect("keyvalue", "hset", "Set the mark", key="MARK", fields={"done": "1"})
    with pytest.raises(UserError, match="example.org still has mailboxes"):
        commit(site, ADMIN, plan)
    assert untouched(site) and site.keyvalue.hgetall("MARK") == {}


def test_refused_items_stop_everything_unless_partial(site: Site) -> None:
    plan = edit()
    plan.refuse("bob@example.org", Problem("access_denied"))
    with pytest.raises(UserError):
        commit(site, ADMIN, plan)
    assert untouched(site)
    result = commit(site, ADMIN, plan, partial=True)
    assert quotas(site)["ann"] == 5 and result.count == 1


def test_empty_plan_is_no_change(site: Site) -> None:
    assert commit(site, ADMIN, Plan("people", "edit", "Nothing")) == Result(None, [])
    assert untouched(site)


def test_effect_that_fails_leaves_the_rows_and_waits(site: Site) -> None:
    plan = edit()
    plan.effect("host", "restart", "Restart", service="; rm -rf /")
    result = commit(site, ADMIN, plan)
    assert quotas(site)["ann"] == 5
    assert [outcome.key for outcome in result.outcomes] == ["object_modified", "effect_failed"]
    assert [row["state"] for row in rows(site.engine, "ops_outbox")] == ["failed"]


def test_absent_host_leaves_effects_waiting(site: Site) -> None:
    plan = edit()
    plan.effect("host", "flush_memcached", "Empty SOGo's cache")
    site.host = AbsentHost()
    result = commit(site, ADMIN, plan)
    assert [(w.label, w.absent) for w in result.waiting] == [("Empty SOGo's cache", True)]
    assert [outcome.key for outcome in result.outcomes] == ["object_modified", "effect_waiting"]
    assert [row["state"] for row in rows(site.engine, "ops_outbox")] == ["pending"]


def test_row_that_is_there_already(site: Site) -> None:
    plan = Plan("people", "add", "Add ann")
    values = person("ann")
    plan.insert("mailbox", {"username": values.pop("username")}, values, "ann@example.org")
    plan.succeed("object_modified", "ann@example.org", subject="ann@example.org")
    with pytest.raises(Conflict, match=r"ann@example.org exists by now. Nothing was written"):
        commit(site, ADMIN, plan)
    assert untouched(site)


def test_value_that_does_not_fit(site: Site) -> None:
    """SQLite takes text of any length; MariaDB refuses it."""
    plan = edit(column="name", before=None, after="x" * 300)
    if site.engine.dialect.name == "sqlite":
        commit(site, ADMIN, plan)
        return
    with pytest.raises(UserError) as refusal:
        commit(site, ADMIN, plan)
    assert "ann@example.org" in str(refusal.value) and "x" * 300 not in str(refusal.value)
    assert untouched(site)


def test_stale_plan(site: Site) -> None:
    first, second = edit(), edit(after=6)
    commit(site, ADMIN, first)
    with pytest.raises(Conflict, match=r"quota is now 5"):
        commit(site, ADMIN, second)
    assert quotas(site)["ann"] == 5 and len(rows(site.engine, "ops_change")) == 1


@pytest.fixture
def many(engine: sa.Engine) -> Site:
    found = make_site(engine)
    fill(found, *(person(f"u{n}") for n in range(CHANGED)))
    return found


def killed(site: Site, moment: str) -> None:
    url = site.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", COMMIT_SLOWLY, url, moment]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL


def test_killed_in_the_middle_of_the_transaction(many: Site) -> None:
    killed(many, "inside")
    assert set(quotas(many).values()) == {0}
    assert (
        rows(many.engine, "ops_change") == rows(many.engine, "ops_change_row") == rows(many.engine, "ops_outbox") == []
    )
    commit(many, ADMIN, edit("u7"))
    assert quotas(many)["u7"] == 5


def test_killed_while_an_effect_runs(many: Site, engine: sa.Engine) -> None:
    """Everything is written, and the effect runs once the claim of the dead process is old enough."""
    killed(many, "after")
    assert quotas(many) == {f"u{n}": n + 1 for n in range(CHANGED)}
    assert len(rows(engine, "ops_change_row")) == CHANGED
    (row,) = rows(engine, "ops_outbox")
    assert row["state"] == "running" and many.keyvalue.hgetall("MARK") == {}
    later = row["claimed"] + outbox.ABANDONED * 2
    restarted = make_site(engine, clock=lambda: later.replace(tzinfo=UTC))
    assert outbox.run(restarted) == []
    assert many.keyvalue.hgetall("MARK") == {"done": "1"}
    assert [row["state"] for row in rows(engine, "ops_outbox")] == ["done"]
