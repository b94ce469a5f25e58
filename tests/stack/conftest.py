"""One mail stack for all tests of this directory, and a site on it whose host commands are really carried out."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from opslib.actor import Actor
from opslib.host.local import LocalHost
from opslib.host.mailstore import MailStore
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.site import Site
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import RedisStore
from tests.stack.place import HOSTNAME, Place
from tests.stack.post import Login, Post
from tests.stack.stack import Stack, drop_database, make_database

DOMAIN, ALIAS_DOMAIN, OTHER = "stack.test", "twin.test", "other.test"
PASSWORD = "Correct-Horse-7"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the daemons logged goes with a failure."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("mail stack", stack.logs))
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Postfix, Dovecot and the sign-in endpoint over a database of their own."""
    server = os.environ["MAILOPS_TEST_MARIADB"]
    url, root = make_database(server), Path(tempfile.mkdtemp(prefix="mailops-stack."))
    running = Stack(Place(root, url, _empty_redis(os.environ["MAILOPS_TEST_REDIS"])))
    try:
        yield running.up()
    finally:
        running.down()
        drop_database(server, url)
        shutil.rmtree(root)


def _empty_redis(url: str) -> str:
    """A database of the server that other tests do not use."""
    own = f"{url.rpartition('/')[0]}/9"
    with redis.Redis.from_url(own) as client:
        client.flushdb()
    return own


@pytest.fixture(scope="session")
def site(stack: Stack) -> Iterator[Site]:
    """The site over the stack's database; the host is this machine."""
    place = stack.place
    engine, keyvalue = engine_for(place.database), RedisStore(place.redis)
    store = MailStore(place.at("vmail"), place.at("vmail_index"), lambda: datetime.now(UTC))
    yield Site(engine, keyvalue, LocalHost(store, place.environment), hostname=HOSTNAME, sogo=False)
    engine.dispose()
    keyvalue.close()


@pytest.fixture(scope="session")
def ops(site: Site) -> Ops:
    """An administrator's, with a domain, its alias domain and another domain."""
    found = Ops(site, Actor("admin", "admin"))
    for name in (DOMAIN, OTHER):
        carry_out(found, found.domains.add({"domain": name, "mailboxes": 500, "aliases": 500, "quota": "500 GiB"}))
    carry_out(found, found.alias_domains.add({"alias_domain": ALIAS_DOMAIN, "target_domain": DOMAIN}))
    return found


@pytest.fixture(scope="session")
def post(stack: Stack) -> Post:
    """Mail clients."""
    return Post(stack.place)


_numbers = itertools.count(1)


@pytest.fixture
def person(ops: Ops) -> Callable[..., Login]:
    """Adds a mailbox nobody else uses: `person()`, `person("ann", quota="3 MiB")`."""

    def add(name: str = "box", **given: object) -> Login:
        local = f"{name}{next(_numbers)}"
        values = {"local_part": local, "domain": DOMAIN, "password": PASSWORD, "quota": "1 GiB", **given}
        carry_out(ops, ops.mailboxes.add(values))
        return Login(f"{local}@{values['domain']}", PASSWORD)

    return add


def carry_out(ops: Ops, plan: Plan) -> None:
    """Commit a plan; nothing may be refused or left waiting."""
    assert not plan.refused, plan.sentences()
    result = ops.commit(plan)
    assert not result.waiting, [(one.label, one.reason) for one in result.waiting]
