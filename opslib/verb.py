"""A verb is something that can be done with rows; every verb gives a plan and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from opslib.plan import Plan
from opslib.query import Selection
from opslib.record import Record

Run = Callable[[Selection, Mapping[str, Any]], Plan]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of a resource.

    `on`: "none" (no rows needed), "one" row, or "many" rows.  `asks` is the record of what must be filled in first.
    `danger` verbs are confirmed with their blast radius before they are committed.
    """

    name: str
    label: str
    doc: str
    run: Run
    on: Literal["none", "one", "many"] = "many"
    asks: type[Record] | None = None
    danger: bool = False
    acl: str | None = None
    roles: tuple[str, ...] = ("admin", "domainadmin")
    icon: str = ""
