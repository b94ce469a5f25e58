from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib import writes
from opslib.errors import Conflict
from opslib.plan import Plan, Purge, RowWrite
from opslib.schema import mailbox, tags_mailbox
from opslib.stores.database import write
from tests.opslib.resources.support import make_site, rows
from tests.opslib.sample import Statements, fill, person

MANY = 5000


def update(name: str, before: dict[str, Any], after: dict[str, Any]) -> RowWrite:
    username = f"{name}@example.org"
    return RowWrite("mailbox", {"username": username}, before, after, username)


def carry_out(engine: sa.Engine, steps: list[RowWrite | Purge]) -> int:
    with write(engine) as connection, Statements(engine) as statements:
        writes.verify(connection, steps)
        writes.apply(connection, steps)
    return len(statements)


def column(engine: sa.Engine, name: str) -> dict[str, Any]:
    return {row["local_part"]: row[name] for row in rows(engine, "mailbox")}


def test_same_value_for_many_rows(engine: sa.Engine) -> None:
    fill(make_site(engine), *(person(f"u{n}") for n in range(MANY)))
    steps: list[RowWrite | Purge] = [update(f"u{n}", {"quota": 0}, {"quota": 7}) for n in range(MANY)]
    assert carry_out(engine, steps) <= 2 * (MANY // writes.CHUNK)
    assert set(column(engine, "quota").values()) == {7}


def test_another_value_for_every_row(engine: sa.Engine) -> None:
    fill(make_site(engine), *(person(f"u{n}") for n in range(MANY)))
    steps: list[RowWrite | Purge] = [
        update(f"u{n}", {"quota": 0, "name": None}, {"quota": n, "name": f"N {n}"}) for n in range(MANY)
    ]
    assert carry_out(engine, steps) <= 2 * (MANY // writes.CHUNK)
    assert column(engine, "quota") == {f"u{n}": n for n in range(MANY)}
    assert column(engine, "name")["u4711"] == "N 4711"


def test_inserts_and_deletes_of_many_rows(engine: sa.Engine) -> None:
    steps: list[RowWrite | Purge] = [
        RowWrite("mailbox", {"username": row["username"]}, None, row) for row in (person(f"u{n}") for n in range(MANY))
    ]
    assert carry_out(engine, steps) <= MANY // writes.CHUNK
    gone: list[RowWrite | Purge] = [
        RowWrite("mailbox", {"username": row["username"]}, row, None) for row in rows(engine, "mailbox")
    ]
    assert carry_out(engine, gone) <= 2 * (MANY // writes.CHUNK)
    assert rows(engine, "mailbox") == []


JSON_STATES: list[dict[str, Any] | None] = [{"size": "1", "other": "kept"}, {"other": "kept"}, {}, None]


@pytest.mark.parametrize("attributes", JSON_STATES, ids=str)
@pytest.mark.parametrize("count", [1, 20])
def test_json_keys(engine: sa.Engine, attributes: dict[str, Any] | None, count: int) -> None:
    """Only the named key changes, one by one and in bulk; an absent document is made."""
    fill(make_site(engine), *(person(f"u{n}", attributes=attributes) for n in range(count)))
    before = {"attributes.size": (attributes or {}).get("size")}
    hostile = 'a"b\\c $.x é'
    carry_out(engine, [update(f"u{n}", before, {"attributes.size": f"{hostile}{n}"}) for n in range(count)])
    wanted = {**(attributes or {}), "size": f"{hostile}0"}
    assert column(engine, "attributes")["u0"] == wanted


def test_two_json_keys_and_a_column(engine: sa.Engine) -> None:
    fill(make_site(engine), *(person(f"u{n}", attributes={"b": "0"}) for n in range(20)))
    before = {"attributes.a": None, "attributes.b": "0", "quota": 0}
    carry_out(
        engine, [update(f"u{n}", before, {"attributes.a": str(n), "attributes.b": "1", "quota": n}) for n in range(20)]
    )
    assert column(engine, "attributes")["u19"] == {"a": "19", "b": "1"}
    assert column(engine, "quota")["u19"] == 19


def test_null_among_many_values(engine: sa.Engine) -> None:
    fill(make_site(engine), *(person(f"u{n}", name="old") for n in range(20)))
    values = {f"u{n}": None if n % 2 else f"new {n}" for n in range(20)}
    carry_out(engine, [update(name, {"name": "old"}, {"name": value}) for name, value in values.items()])
    assert column(engine, "name") == values


def conflict(engine: sa.Engine, steps: list[RowWrite | Purge]) -> Conflict:
    with pytest.raises(Conflict) as refusal:
        carry_out(engine, steps)
    return refusal.value


def test_conflicts_name_the_row_and_the_value(engine: sa.Engine) -> None:
    fill(make_site(engine), person("ann", quota=5), person("bob", attributes={"size": "9"}))
    found = conflict(
        engine,
        [
            update("ann", {"quota": 4}, {"quota": 6}),
            update("bob", {"attributes.size": "8"}, {"attributes.size": "7"}),
            update("gone", {"quota": 0}, {"quota": 1}),
        ],
    )
    assert [(problem.key, problem.args) for problem in found.problems] == [
        ("row_changed", ("ann@example.org", "quota", 5)),
        ("row_changed", ("bob@example.org", "attributes.size", "9")),
        ("row_gone", ("gone@example.org",)),
    ]
    assert column(engine, "quota")["ann"] == 5


def test_conflicts_keep_secrets_and_are_not_endless(engine: sa.Engine) -> None:
    fill(make_site(engine), *(person(f"u{n}", password="{CRYPT}hash") for n in range(50)))
    found = conflict(engine, [update(f"u{n}", {"password": "old"}, {"password": "new"}) for n in range(50)])
    assert len(found.problems) == writes.MOST_CONFLICTS
    assert "hash" not in str(found)


def test_keys_ignore_case(engine: sa.Engine) -> None:
    fill(make_site(engine), person("Ann"))
    carry_out(engine, [update("ann", {"quota": 0}, {"quota": 3})])
    assert column(engine, "quota") == {"Ann": 3}


def test_two_writes_to_one_row(engine: sa.Engine) -> None:
    """The second starts from what the first leaves."""
    fill(make_site(engine), person("ann"))
    carry_out(engine, [update("ann", {"quota": 0}, {"quota": 3}), update("ann", {"quota": 3}, {"quota": 4})])
    assert column(engine, "quota") == {"ann": 4}


def test_renamed_key_with_rows_that_refer_to_it(engine: sa.Engine) -> None:
    fill(make_site(engine), person("ann"))
    old, new = "ann@example.org", "eve@example.org"
    with write(engine) as connection:
        connection.execute(tags_mailbox.insert().values(tag_name="t", username=old))
    carry_out(
        engine,
        [
            RowWrite("mailbox", {"username": old}, {"username": old}, {"username": new}),
            RowWrite("tags_mailbox", {"tag_name": "t", "username": old}, {"username": old}, {"username": new}),
        ],
    )
    assert [row["username"] for row in (*rows(engine, "mailbox"), *rows(engine, "tags_mailbox"))] == [new, new]
    orphan = tags_mailbox.insert().values(tag_name="t", username="nobody@example.org")
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(orphan)


def test_purge(engine: sa.Engine) -> None:
    fill(make_site(engine), person("ann"), person("bob"), person("cid", "example.net"))
    carry_out(engine, [Purge("mailbox", "domain", ("example.org", "EXAMPLE.com"))])
    assert list(column(engine, "quota")) == ["cid"]


def test_only_declared_tables_can_be_written() -> None:
    with pytest.raises(KeyError):
        writes.table_of("mysql.user")


def test_an_update_that_changes_nothing_is_no_write() -> None:
    plan = Plan("people", "edit", "Edit")
    plan.write("mailbox", {"username": "a"}, {"quota": 1}, {"quota": 1})
    assert plan.empty and mailbox.name == "mailbox"
