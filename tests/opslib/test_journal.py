from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib import journal
from opslib.actor import Actor
from opslib.commit import commit
from opslib.errors import Denied, UserError
from opslib.images import HIDDEN, LOCKED, SECRETS, decode, encode
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.query import Query
from opslib.schema import metadata
from opslib.site import Site
from tests.opslib.resources.support import ADMIN, make_site, rows, snapshot
from tests.opslib.sample import People, fill, person

ANN, BOB = "ann@example.org", "bob@example.org"


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    found = make_site(engine)
    fill(found, person("ann", name="Ann", attributes={"size": "S"}), person("bob"))
    return found


@pytest.fixture
def people(site: Site) -> People:
    return People(Ops(site, ADMIN))


def done(site: Site, plan: Plan) -> int:
    change = commit(site, ADMIN, plan).change_id
    assert change is not None
    return change


def undone(site: Site, change: int, partial: bool = False) -> int:
    found = commit(site, ADMIN, journal.undo(site, ADMIN, change), partial=partial).change_id
    assert found is not None
    return found


def everything(engine: sa.Engine) -> str:
    return " ".join(str(rows(engine, name)) for name in metadata.tables if name.startswith("ops_"))


def test_entry(site: Site, people: People) -> None:
    change = done(site, people.edit(Query(), {"full_name": "X", "size": "L"}))
    entry = journal.entry(site, change)
    assert (entry["actor"], entry["role"], entry["via"], entry["verb"], entry["count"]) == (
        "admin",
        "admin",
        "console",
        "edit",
        2,
    )
    first = journal.rows(site, change)[0]
    assert (first.subject, first.before, first.after) == (
        ANN,
        {"name": "Ann", "attributes.size": "S"},
        {"name": "X", "attributes.size": "L"},
    )
    assert len(journal.rows(site, change, most=1)) == 1
    with pytest.raises(UserError, match="Change 999 does not exist"):
        journal.entry(site, 999)


def test_secrets_are_never_stored(site: Site) -> None:
    plan = Plan("people", "edit", "Passwords")
    plan.write("mailbox", {"username": ANN}, {"password": "{CRYPT}*"}, {"password": "{BLF}new-hash"}, ANN)
    plan.delete("mailbox", {"username": BOB}, rows(site.engine, "mailbox", username=BOB)[0], BOB)
    plan.insert(
        "mailbox", {"username": "cid@example.org"}, person("cid", password="{BLF}other-hash"), "cid@example.org"
    )
    plan.insert(
        "app_passwd", {"id": 7}, {"name": "phone", "mailbox": ANN, "domain": "example.org", "password": "app-hash"}, ANN
    )
    plan.generated[ANN] = "plain-text"
    done(site, plan)
    assert rows(site.engine, "mailbox", username=ANN)[0]["password"] == "{BLF}new-hash"
    kept = everything(site.engine)
    assert not any(secret in kept for secret in ("new-hash", "other-hash", "app-hash", "{CRYPT}", "plain-text"))


def test_secret_columns_exist() -> None:
    for name, columns in SECRETS.items():
        assert columns <= set(metadata.tables[name].c.keys())
        assert decode(encode(name, dict.fromkeys(columns, "x"))) == dict.fromkeys(columns, HIDDEN)


def test_undo_of_an_edit(site: Site, people: People) -> None:
    before = snapshot(site.engine)
    change = done(site, people.edit(Query(), {"full_name": "X", "size": "L", "quota": "7"}))
    back = undone(site, change)
    after = snapshot(site.engine)
    assert after["mailbox"][0] == before["mailbox"][0]
    assert journal.entry(site, change)["undone_by"] == back and journal.entry(site, back)["undoes"] == change


def test_undo_of_an_undo(site: Site, people: People) -> None:
    change = done(site, people.edit(ANN, {"full_name": "X"}))
    again = undone(site, undone(site, change))
    assert rows(site.engine, "mailbox", username=ANN)[0]["name"] == "X"
    assert journal.entry(site, again)["undoes"] is not None


def test_undo_of_additions_and_deletions(site: Site, people: People) -> None:
    before = snapshot(site.engine)
    added = people.add({"username": "cid@example.org", "local_part": "cid", "domain": "example.org"})
    undone(site, done(site, added))
    assert snapshot(site.engine) == before
    plan = journal.undo(site, ADMIN, done(site, people.delete(BOB)))
    assert [problem.key for problem in plan.warnings] == ["secret_not_restored"]
    commit(site, ADMIN, plan)
    (bob,) = rows(site.engine, "mailbox", username=BOB)
    assert bob["password"] == LOCKED and bob["domain"] == "example.org"


def test_undo_twice(site: Site, people: People) -> None:
    change = done(site, people.edit(ANN, {"full_name": "X"}))
    first, second = (journal.undo(site, ADMIN, change) for _ in range(2))
    commit(site, ADMIN, first)
    with pytest.raises(UserError):
        commit(site, ADMIN, second)
    with pytest.raises(UserError, match="undone already"):
        journal.undo(site, ADMIN, change)


def test_undo_leaves_rows_that_moved_on(site: Site, people: People) -> None:
    change = done(site, people.edit(Query(), {"full_name": "X"}))
    done(site, people.edit(ANN, {"full_name": "Y"}))
    plan = journal.undo(site, ADMIN, change)
    assert [(o.subject, o.key) for o in plan.refused] == [(ANN, "row_moved_on")]
    with pytest.raises(UserError):
        commit(site, ADMIN, plan)
    undone(site, change, partial=True)
    assert {row["username"]: row["name"] for row in rows(site.engine, "mailbox")} == {ANN: "Y", BOB: None}


def test_other_columns_may_move_on(site: Site, people: People) -> None:
    change = done(site, people.edit(ANN, {"full_name": "X"}))
    done(site, people.edit(ANN, {"quota": "9"}))
    undone(site, change)
    (ann,) = rows(site.engine, "mailbox", username=ANN)
    assert (ann["name"], ann["quota"]) == ("Ann", 9 << 20)


def test_row_that_vanished_or_came_back(site: Site, people: People) -> None:
    change = done(site, people.edit(ANN, {"full_name": "X"}))
    gone = done(site, people.delete(ANN))
    assert [o.key for o in journal.undo(site, ADMIN, change).refused] == ["row_moved_on"]
    fill(site, person("ann"))
    assert [o.key for o in journal.undo(site, ADMIN, gone).refused] == ["row_moved_on"]


def test_other_actors(site: Site, people: People) -> None:
    """A domain administrator takes back his own changes within his domains, nobody else's."""
    plan = people.edit(ANN, {"full_name": "X"})
    plan.domains.add("example.org")
    change = done(site, plan)
    dora = Actor("dora", "domainadmin")
    for domains in (frozenset({"example.org"}), frozenset()):
        with pytest.raises(Denied):
            journal.undo(site, dora, change, domains)
    own = people.edit(BOB, {"full_name": "B"})
    own.domains.add("example.org")
    mine = commit(site, dora, own).change_id
    assert mine is not None
    with pytest.raises(Denied):
        journal.undo(site, dora, mine, frozenset({"example.net"}))
    assert journal.undo(site, dora, mine, frozenset({"example.org"})).refused == []


def test_images_keep_every_type() -> None:
    from datetime import UTC, date, datetime

    image: dict[str, Any] = {
        "a": None, "b": 1, "c": 1.5, "d": "é\x00'\"", "e": datetime(2026, 1, 1, 12, 0, 0, 7), "f": b"\x00\xff", "g": {"x": [1]},
        "h": datetime(2026, 1, 1, tzinfo=UTC), "i": True, "j": [], "k": {},
    }  # fmt: skip
    assert decode(encode("alias", image)) == image
    assert decode(encode("alias", {"day": date(2026, 1, 1)})) == {"day": datetime(2026, 1, 1)}
    assert encode("alias", None) is decode(None) is None


@pytest.mark.parametrize("value", [{"$at": "x"}, {"$bytes": "x"}, {"$secret": True}, {"$at": "2026-01-01"}])
def test_documents_that_look_like_marks(value: dict[str, Any]) -> None:
    """A JSON column may hold anything; an image gives back exactly that."""
    assert decode(encode("mailbox", {"attributes": value})) == {"attributes": value}
