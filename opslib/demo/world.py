"""The demo while it is being made: rows by table, fields by key-value hash, and what is taken already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from opslib.demo import names

GIB = 1 << 30
MIB = 1 << 20

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much to make; `aliases` without the self rows of mailboxes."""

    domains: int
    mailboxes: int
    aliases: int


SIZES = {"tiny": Size(3, 30, 40), "small": Size(50, 1000, 2000), "large": Size(500, 20_000, 40_000)}


@dataclass
class Place:
    """One domain on its way: who lives there and what its limits must cover."""

    name: str
    relay: bool = False
    share: float = 1.0
    alias_domains: list[str] = field(default_factory=list)
    mailboxes: list[str] = field(default_factory=list)
    aliases: int = 0
    allotted: int = 0
    largest: int = 0

    @property
    def names(self) -> list[str]:
        """The domain and its alias domains."""
        return [self.name, *self.alias_domains]


@dataclass
class World:
    """Everything made so far.  `now` is the server's wall clock, `epoch` the same moment in Unix time."""

    size: Size
    rng: Random
    now: datetime
    epoch: int
    passwords: tuple[str, ...]
    places: list[Place] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    hashes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    taken: set[str] = field(default_factory=set)

    @property
    def settled(self) -> list[Place]:
        """Domains that have mailboxes."""
        return [place for place in self.places if place.mailboxes]

    def add(self, table: str, **values: Any) -> Row:
        """One more row."""
        self.rows[table].append(values)
        return values

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return self.rng.random() < share

    def some(self, share: float, count: int) -> int:
        """`share` of `count`, at least one."""
        return max(1, round(share * count))

    def past(self, days: float) -> datetime:
        """A moment within the last `days`."""
        return self.now - timedelta(seconds=self.rng.randrange(60, int(days * 86400)))

    def dates(self, days: float = 2000) -> Row:
        """`created` and `modified` of a row."""
        created = self.past(days)
        later = created + (self.now - created) * self.rng.random()
        return {"created": created, "modified": later.replace(microsecond=0) if self.chance(0.3) else None}

    def comment(self, share: float) -> str | None:
        """A remark in some language, or none."""
        return self.rng.choice(names.COMMENTS) if self.chance(share) else None

    def claim(self, address: str) -> bool:
        """Take an address; False when somebody has it."""
        key = address.lower()
        if key in self.taken:
            return False
        self.taken.add(key)
        return True

    def foreign(self) -> str:
        """An address on another server."""
        given, family = names.person(self.rng)
        return f"{names.ascii_fold(given)}.{names.ascii_fold(family)}@{self.rng.choice(names.FOREIGN)}"
