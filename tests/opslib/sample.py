"""A small resource over the table of mailboxes: every kind of field, no rules of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.fields import Address, Bytes, Choice, DomainName, Flag, Integer, Json, Lines, Moment, Secret, Text
from opslib.record import Record
from opslib.resource import Resource
from opslib.schema import mailbox
from opslib.site import Site
from opslib.stores.database import write


class Person(Record):
    """A row of `mailbox`, as far as these tests need it."""

    username = Address(label="Address", doc="Key.", required=True, search=True, on_edit=False)
    local_part = Text(label="Local part", doc="Before the @.", required=True, on_edit=False)
    domain = DomainName(label="Domain", doc="After the @.", required=True, on_edit=False)
    full_name = Text(label="Name", doc="Full name.", column="name", nullable=True, length=255, search=True)
    password = Secret(label="Password", doc="Hash.", column="password", default="x")
    quota = Bytes(label="Quota", doc="0 is unlimited.", default=0, bounds=(0, None))
    bookings = Integer(label="Bookings", doc="Limit.", column="multiple_bookings", default=-1)
    active = Choice(label="Active", doc="State.", choices={1: "on", 0: "off", 2: "receives only"}, default=1)
    tls = Flag(label="TLS", doc="Forced.", column="attributes.tls_enforce_in", missing=False)
    size = Text(label="Size", doc="Kept in JSON.", column="attributes.size", missing="", length=20)
    notes = Json(label="Notes", doc="Free.", column="custom_attributes", default={})
    words = Lines(label="Words", doc="A list.", column="description", separator=",", default=())
    made = Moment(label="Made", doc="When.", column="created", on_add=False, on_edit=False)


class People(Resource):
    """Rows in the actor's domains."""

    name = "people"
    label = "People"
    singular = "person"
    record = Person
    table = mailbox
    key = "username"
    default_sort = ("username",)

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_domain(actor, mailbox.c.domain)


def person(local: str, /, domain: str = "example.org", **more: Any) -> dict[str, Any]:
    """Values of a row."""
    base = {"username": f"{local}@{domain}", "password": "{CRYPT}*", "local_part": local, "domain": domain}
    return {**base, "quota": 0, "active": 1, "name": None, "attributes": {}, **more}


def fill(site: Site, *people: dict[str, Any]) -> None:
    """Insert these rows."""
    columns = sorted({name for row in people for name in row})
    with write(site.engine) as connection:
        connection.execute(mailbox.insert(), [{name: row.get(name) for name in columns} for row in people])


class Statements:
    """Count the statements that an engine sends, transaction control left out."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.sent: list[str] = []

    def _note(self, _c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, many: bool) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "SET ")):
            self.sent.append(statement)

    def __enter__(self) -> Statements:
        sa.event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self.engine, "before_cursor_execute", self._note)

    def __len__(self) -> int:
        return len(self.sent)
