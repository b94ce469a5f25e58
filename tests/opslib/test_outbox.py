from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from opslib import journal, outbox, registry
from opslib.commit import commit
from opslib.errors import ServerError
from opslib.host.absent import AbsentHost
from opslib.host.base import Answer
from opslib.plan import Effect, Plan
from opslib.schema import ops_outbox
from opslib.site import Site
from tests.opslib.resources.support import ADMIN, NOW, make_site, rows

RUN_ALL = """
import sys
from datetime import UTC, datetime
from opslib import outbox, registry
from opslib.host.absent import AbsentHost
from opslib.site import Site
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import EmbeddedStore

engine = engine_for(sys.argv[1])
keyvalue = EmbeddedStore(engine, lambda: datetime.now(UTC))

@registry.task
def count_once(site, number):
    site.keyvalue.lpush("DONE", str(number))

outbox.run(Site(engine, keyvalue, AbsentHost()))
"""


class Broken(AbsentHost):
    """A host that answers, but not as wished."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.works_after = 10**6

    def do(self, verb: str, **arguments: str) -> Answer:
        self.asked.append(verb)
        return Answer(len(self.asked) > self.works_after, "the container said no")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, pause: timedelta) -> None:
        self.now += pause


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broken() -> Broken:
    return Broken()


@pytest.fixture
def site(engine: sa.Engine, clock: Clock, broken: Broken) -> Site:
    return make_site(engine, clock=clock, host=broken)


def put(site: Site, *effects: Effect) -> int:
    """Effects of one change, not tried yet."""
    plan = Plan("people", "edit", "Edit")
    with site.engine.begin() as connection:
        change = journal.record(connection, site, ADMIN, plan)
        outbox.put(connection, site, change, effects)
    return change


def flush(label: str = "Flush") -> Effect:
    return Effect("host", "flush_memcached", {}, label)


def states(site: Site) -> list[str]:
    return [row["state"] for row in rows(site.engine, "ops_outbox")]


def test_retried_with_growing_pauses_then_given_up(site: Site, clock: Clock, broken: Broken) -> None:
    put(site, flush())
    pauses = []
    for attempt in range(1, outbox.MOST_ATTEMPTS + 1):
        (waiting,) = outbox.run(site)
        assert "the container said no" in waiting.reason and not waiting.absent
        (row,) = rows(site.engine, "ops_outbox")
        assert row["attempts"] == attempt
        pause = row["due"] - clock.now.replace(tzinfo=None)
        pauses.append(pause)
        clock.wait(pause - timedelta(seconds=1))
        assert outbox.run(site) == []  # not due yet
        clock.wait(timedelta(seconds=1))
    assert pauses[:3] == [outbox.FIRST_PAUSE * 2**n for n in range(3)] and max(pauses) == outbox.LONGEST_PAUSE
    assert states(site) == ["given_up"] and len(broken.asked) == outbox.MOST_ATTEMPTS
    clock.wait(timedelta(days=30))
    assert outbox.run(site) == [] and len(broken.asked) == outbox.MOST_ATTEMPTS


def test_works_in_the_end(site: Site, clock: Clock, broken: Broken) -> None:
    broken.works_after = 1
    put(site, flush())
    outbox.run(site)
    clock.wait(outbox.FIRST_PAUSE)
    assert outbox.run(site) == []
    (row,) = rows(site.engine, "ops_outbox")
    assert (row["state"], row["problem"]) == ("done", None) and row["finished"] is not None


def test_absent_host_costs_no_attempts(site: Site, clock: Clock) -> None:
    site.host = AbsentHost("no socket")
    put(site, flush())
    for _ in range(outbox.MOST_ATTEMPTS * 2):
        outbox.run(site)
        clock.wait(outbox.WAIT)
    (row,) = rows(site.engine, "ops_outbox")
    assert (row["state"], row["attempts"], row["problem"]) == ("pending", 0, "no socket")


def test_effects_run_in_order(site: Site) -> None:
    def hset(value: str) -> Effect:
        return Effect("keyvalue", "hset", {"key": "K", "fields": {"v": value}}, value)

    put(site, hset("1"), hset("2"), Effect("keyvalue", "hdel", {"key": "K", "fields": ["gone"]}, "x"), hset("3"))
    put(site, hset("4"))
    assert outbox.run(site) == []
    assert site.keyvalue.hgetall("K") == {"v": "4"}


def test_only_one_change(site: Site) -> None:
    first = put(site, Effect("keyvalue", "set", {"key": "A", "value": "1"}, "a"))
    put(site, Effect("keyvalue", "set", {"key": "B", "value": "1"}, "b"))
    outbox.run(site, first)
    assert states(site) == ["done", "pending"]


def test_fresh_claim_of_another_process_is_respected(site: Site, clock: Clock, broken: Broken) -> None:
    put(site, flush())
    with site.engine.begin() as connection:
        connection.execute(ops_outbox.update().values(state="running", claimed=site.now()))
    assert outbox.run(site) == [] and broken.asked == []
    clock.wait(outbox.ABANDONED + timedelta(seconds=2))
    outbox.run(site)
    assert broken.asked == ["flush_memcached"]


@registry.task
def count_once(_site: Site, number: int) -> None:
    raise ServerError("task_failed", f"number {number} belongs to the other processes")


def test_two_processes_never_do_one_effect_twice(engine: sa.Engine) -> None:
    site = make_site(engine, clock=lambda: datetime.now(UTC))
    put(site, *(Effect("task", "count_once", {"number": n}, f"No. {n}") for n in range(40)))
    command = [sys.executable, "-W", "error", "-c", RUN_ALL, engine.url.render_as_string(hide_password=False)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    found = site.keyvalue.lrange("DONE", 0, -1)
    assert sorted(map(int, found)) == list(range(40))
    assert set(states(site)) == {"done"}


def test_undone_change_gives_up_what_waits(site: Site) -> None:
    change = put(site, flush())
    outbox.run(site)
    undo = Plan("people", "undo", "Undo", undoes=change)
    undo.effect("keyvalue", "set", "Set", key="A", value="1")
    commit(site, ADMIN, undo)
    assert states(site) == ["given_up", "done"]


def test_ways_back_of_done_effects(site: Site) -> None:
    back = Effect("keyvalue", "hdel", {"key": "K", "fields": ["a", "b"]}, "Take out")
    there = Effect("keyvalue", "hset", {"key": "K", "fields": {"a": "1", "b": "1"}}, "Put in", back)
    put_all = put(site, there, Effect("keyvalue", "publish", {"channel": "C", "message": "m"}, "Tell"), flush())
    outbox.run(site)
    found = list(outbox.undo_effects(site, put_all, {"b"}))
    assert found[0] == "Tell"
    assert isinstance(found[1], Effect) and found[1].args == {"key": "K", "fields": ["a"]}
    assert len(found) == 2  # what was not done needs no way back
