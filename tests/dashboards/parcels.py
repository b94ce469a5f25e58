"""A small resource of its own, so that the working surface is tested without the mail server's rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from opslib.actor import Actor
from opslib.commit import Result, commit
from opslib.fields import Bytes, Choice, Flag, Integer, Moment, Multiline, Secret, Tags, Text
from opslib.plan import Blast, Plan
from opslib.query import Selection
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.schema.metadata import metadata
from opslib.site import Site
from opslib.stores.database import chunks, engine_for, write
from opslib.verb import Verb

NASTY = "<img src=x onerror=\"document.title='broken in'\">"

own = sa.MetaData()
parcel = sa.Table(
    "test_parcel",
    own,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("owner", sa.String(255), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("weight", sa.Integer, nullable=False, server_default="0"),
    sa.Column("active", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("kind", sa.String(32), nullable=False, server_default="box"),
    sa.Column("shelf", sa.Integer, nullable=False, server_default="1"),
    sa.Column("tags", sa.String(255), nullable=False, server_default=""),
    sa.Column("note", sa.Text, nullable=True),
    sa.Column("code", sa.String(255), nullable=False, server_default=""),
    sa.Column("seen", sa.DateTime, nullable=True),
)

KINDS = {"box": "Box", "letter": "Letter", "odd": f"Odd {NASTY}"}


class Parcel(Record):
    """What the warehouse knows of a parcel."""

    id = Integer(label="ID", doc="Number of the parcel.", on_add=False, on_edit=False, grid=True, width=80)
    owner = Text(label="Owner", doc="Whose it is.", required=True, length=100, search=True, grid=True, group="Parcel")
    size = Bytes(0, label="Size", doc="How large it is.", grid=True, group="Parcel", bounds=(0, 1 << 50))
    weight = Integer(0, label="Weight", doc="In grams.", grid=True, bounds=(0, 50_000), group="Parcel", unit="g")
    active = Flag(True, label="Active", doc="Whether it is on its way.", grid=True, group="State")
    kind = Choice("box", label="Kind", doc="What it looks like.", choices=KINDS, grid=True, group="State")
    shelf = Choice(1, label="Shelf", choices=lambda ops: {1: "low", 2: f"high {NASTY}"}, grid=True, group="State")
    tags = Tags(label="Tags", doc="Words to find it by.", grid=True, group="State")
    note = Multiline(label="Note", doc="Anything.", search=True, grid=True, nullable=True, group="State")
    code = Secret(label="Code", doc="Opens the parcel.", column="code", group="State")
    seen = Moment(label="Last seen", doc="When it was scanned.", on_add=False, on_edit=False, grid=True)


class Again(Record):
    """What sending again asks."""

    reason = Text(label="Reason", doc="Why it is sent again.", required=True)


class Parcels(Resource):
    """Parcels in a warehouse."""

    name, label, singular = "parcels", "Parcels", "parcel"
    doc = "Parcels wait here until they are fetched."
    record, table, key = Parcel, parcel, "id"
    default_sort = ("id",)

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            draft.key = draft.values["owner"]
            plan.write("test_parcel", {"owner": draft.values["owner"]}, None, self.plain(draft.values), str(draft.key))
            if not draft.values.get("code"):
                plan.generated[f"Code of {draft.values['owner']}"] = "s3cret-c0de"

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            if draft.after("kind") == "letter" and (draft.after("weight") or 0) > 1000:
                draft.fail("letter_too_heavy", field="weight")
            if draft.changes("kind"):
                plan.warn("labels_must_be_printed", str(draft.key))

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_delete(plan, drafts)
        plan.blast.append(Blast(2 * len(drafts), "labels"))

    def special(self) -> list[Verb]:
        return [Verb("again", "Send again", "Send the selected parcels again.", self._again, asks=Again, icon="send")]

    def _again(self, selection: Selection, values: Any) -> Plan:
        plan = self.edit(selection, {"note": values["reason"]})
        plan.verb, plan.label = "again", "Send again"
        return plan


class StandIn:
    """The part of `Ops` that pages use, with the one resource of this module."""

    def __init__(self, site: Site, actor: Actor) -> None:
        self.site, self.actor = site, actor
        self.parcels = Parcels(self)  # type: ignore[arg-type]

    def resource(self, name: str) -> Resource:
        return {"parcels": self.parcels}[name]

    def commit(self, plan: Plan, partial: bool = False, note: str = "") -> Result:
        return commit(self.site, self.actor, plan, partial)


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Made-up rows; every fifth note is hostile."""
    for i in range(1, count + 1):
        yield {
            "owner": f"person{i:06d}@example.org",
            "size": (i % 50) << 28,
            "weight": i % 900,
            "active": int(i % 3 > 0),
            "kind": ("box", "letter")[i % 2],
            "shelf": 1 + i % 2,
            "tags": "fragile\nheavy" if i % 4 == 0 else "",
            "note": NASTY if i % 5 == 0 else None,
            "seen": datetime(2026, 1, 1 + i % 28, tzinfo=UTC).replace(tzinfo=None),
        }


@contextmanager
def known() -> Iterator[None]:
    """The table is declared while this lasts, and leaves no trace for other tests."""
    copy = parcel.to_metadata(metadata)
    yield
    metadata.remove(copy)


def warehouse(url: str, count: int) -> StandIn:
    """A site with `count` parcels; the table must be known to `writes`, see `known`."""
    engine = engine_for(url)
    metadata.create_all(engine)
    own.create_all(engine)
    with write(engine) as connection:
        for chunk in chunks(list(rows(count)), 5000):
            connection.execute(parcel.insert(), list(chunk))
    site = Site(engine, keyvalue=NoPolicy(), host=None)  # type: ignore[arg-type]
    return StandIn(site, Actor("ann", "admin"))


class NoPolicy:
    """A key-value store without a password policy."""

    def hgetall(self, key: str) -> dict[str, str]:
        return {}
