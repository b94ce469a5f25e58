"""A site with two tenants: example.org (alias domain example.net) and other.example."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from opslib.ops import Ops
from opslib.schema import metadata
from opslib.signin import bits
from opslib.stores.database import read
from tests.opslib.resources.support import (
    add_alias_domain,
    add_domain,
    add_mailbox,
    domain_admin,
    mailbox_user,
    make_ops,
)

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@other.example"


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    """An administrator's."""
    add_domain(engine, "example.org")
    add_alias_domain(engine, "example.net", "example.org")
    add_domain(engine, "other.example")
    for name in (ANN, BOB, EVE):
        add_mailbox(engine, name)
    return make_ops(engine)


@pytest.fixture
def tenant(ops: Ops) -> Ops:
    """A domain administrator's of example.org, with the bits that a new account has."""
    actor = domain_admin(ops.site.engine, "dora", "example.org")
    with read(ops.site.engine) as connection:
        found = bits.effective(connection, actor.name, "domainadmin")
    return ops.acting_as(type(actor)(actor.name, actor.role, found))


@pytest.fixture
def owner(ops: Ops) -> Ops:
    """Ann's own, with every right a mailbox owner can have."""
    every = [column.name for column in metadata.tables["user_acl"].columns if column.name != "username"]
    return ops.acting_as(mailbox_user(ANN, *every))
