"""Loading: every invariant holds afterwards, and no real server ever gets made-up data."""

from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa

from opslib import demo, schema
from opslib.errors import UserError
from opslib.host.absent import AbsentHost
from opslib.host.demo import DemoHost
from opslib.passwords import scheme_of
from opslib.site import Site
from opslib.stores.database import read
from opslib.stores.keyvalue import EmbeddedStore
from opslib.verify import verify
from tests.opslib.resources.support import add_domain, fixed_clock, make_site


class RealHost(AbsentHost):
    """A host that is there."""

    name = "docker"


def count(site: Site, table: sa.Table) -> int:
    with read(site.engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


@pytest.mark.parametrize(("size", "mailboxes"), [("tiny", 30), ("small", 1000)])
def test_a_loaded_site_keeps_every_invariant(engine, size, mailboxes):
    site = make_site(engine)
    report = demo.load(site, size)
    assert report.rows["quota2"] == mailboxes == count(site, schema.user_acl) == count(site, schema.quota2replica)
    assert f"{mailboxes} mailboxes" in report.sentence()
    assert verify(site) == []


def test_passwords_are_bcrypt_of_text_nobody_knows(engine):
    site = make_site(engine)
    demo.load(site)
    with read(engine) as connection:
        stored = set(
            connection.execute(sa.select(schema.mailbox.c.password).where(schema.mailbox.c.kind == "")).scalars()
        )
        stored |= set(connection.execute(sa.select(schema.admin.c.password)).scalars())
    assert {scheme_of(password) for password in stored} == {"BLF-CRYPT"}
    assert 2 <= len(stored) <= 4


def test_the_made_up_host_gets_the_mail(engine):
    keyvalue = EmbeddedStore(engine, fixed_clock)
    host = DemoHost(keyvalue, fixed_clock)
    demo.load(make_site(engine, host=host))
    assert len(host.maildirs()) == 30


def test_without_sogo_there_are_no_sogo_rows(engine):
    site = dataclasses.replace(make_site(engine), sogo=False)
    demo.load(site)
    assert count(site, schema.sogo_static_view) == 0
    assert verify(site) == []


def test_a_second_load_needs_force_and_adds(engine):
    site = make_site(engine)
    demo.load(site)
    with pytest.raises(UserError) as caught:
        demo.load(site)
    assert caught.value.key == "demo_not_empty"
    demo.load(site, force=True)
    assert count(site, schema.domain) == 6 and count(site, schema.quota2) == 60
    assert verify(site) == []


def test_an_empty_database_without_a_host_may_have_it_once(engine):
    site = make_site(engine, host=AbsentHost())
    demo.load(site)
    with pytest.raises(UserError) as caught:
        demo.load(site, force=True)
    assert caught.value.key == "demo_refused"


def test_a_database_with_a_domain_and_no_made_up_host_never_gets_it(engine):
    add_domain(engine, "somebody.example")
    with pytest.raises(UserError) as caught:
        demo.load(make_site(engine, host=AbsentHost()), force=True)
    assert caught.value.key == "demo_refused"
    assert count(make_site(engine), schema.domain) == 1


def test_a_real_host_never_gets_it(engine):
    with pytest.raises(UserError) as caught:
        demo.load(make_site(engine, host=RealHost()), force=True)
    assert caught.value.key == "demo_refused"


def test_an_unknown_size_is_refused_with_the_known_ones(engine):
    with pytest.raises(UserError, match="tiny, small, large"):
        demo.load(make_site(engine), "huge")
