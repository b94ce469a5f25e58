"""The mail server's own two API keys (access.md 10.1)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from opslib.actor import Actor
from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.schema import api
from opslib.schema.console import ops_change_row
from opslib.stores.database import read
from tests.opslib.resources.support import make_ops


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    return make_ops(engine)


def add(ops: Ops, access: str = "rw", allow: str = "192.0.2.1, 10.0.0.0/8") -> str:
    plan = ops.resource("contract_keys").add({"access": access, "allow_from": allow})
    return next(iter(ops.commit(plan).generated.values()))


def stored(ops: Ops) -> dict[str, str]:
    with read(ops.site.engine) as connection:
        return {row.access: row.api_key for row in connection.execute(sa.select(api))}


def test_one_row_for_each_access(ops: Ops) -> None:
    key = add(ops)
    assert stored(ops) == {"rw": key}
    with pytest.raises(UserError, match="exists"):
        add(ops)
    assert set(stored(ops)) | {"ro"} == {"rw", "ro"} and len(stored(ops)) == 1


def test_renewing_keeps_the_rest(ops: Ops) -> None:
    old = add(ops)
    new = ops.commit(ops.resource("contract_keys").run("renew", "rw")).generated["read and write"]
    assert stored(ops) == {"rw": new} and new != old
    assert ops.resource("contract_keys").rows()[0]["allow_from"] == ("192.0.2.1", "10.0.0.0/8")


def test_the_key_is_nowhere_in_the_journal(ops: Ops) -> None:
    keys = [add(ops), ops.commit(ops.resource("contract_keys").run("renew", "rw")).generated["read and write"]]
    ops.commit(ops.resource("contract_keys").delete("rw"))
    with read(ops.site.engine) as connection:
        rows = connection.execute(sa.select(ops_change_row)).all()
    assert not any(key in str(row) for key in keys for row in rows)


@pytest.mark.parametrize(
    ("allow", "problem"), [("", "ip_list_empty"), ("nowhere", "ip_invalid"), ("10.0.0.0/40", "ip_invalid")]
)
def test_lists_that_allow_nobody(ops: Ops, allow: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        ops.resource("contract_keys").add({"access": "ro", "allow_from": allow})
    assert problem in [found.key for found in caught.value.problems]


def test_the_last_entry_stays(ops: Ops) -> None:
    add(ops)
    plan = ops.resource("contract_keys").edit("rw", {"allow_from": ""})
    assert [outcome.key for outcome in plan.refused] == ["ip_list_empty"]


@pytest.mark.parametrize("role", ["domainadmin", "user"])
def test_only_administrators(ops: Ops, role: str) -> None:
    add(ops)
    other = ops.acting_as(Actor("x@a.example", role))  # type: ignore[arg-type]
    for name in ("contract_keys", "api_keys"):
        assert other.resource(name).rows() == []
        with pytest.raises(Denied):
            other.resource(name).add({"label": "x", "access": "ro"})
