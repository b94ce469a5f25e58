"""The facade: one actor working on one site.

>>> import opslib
>>> ops = opslib.connect()                                   # doctest: +SKIP
>>> plan = ops.mailboxes.edit("ann@example.org", {"quota": "5 GiB"})   # doctest: +SKIP
>>> print(*plan.sentences(), sep="\\n"); ops.commit(plan)               # doctest: +SKIP
"""

from __future__ import annotations

from opslib import commit as committing
from opslib import journal, outbox, resources, scopes
from opslib import verify as verifying
from opslib.actor import Actor
from opslib.commit import Result
from opslib.errors import Denied
from opslib.outbox import Waiting
from opslib.plan import Plan
from opslib.query import Query, Selection
from opslib.resource import Resource
from opslib.site import Site
from opslib.stores.database import read
from opslib.verify import Finding


class Ops:
    """One actor on one site: `ops.mailboxes`, `ops.domains`, ... are its resources."""

    def __init__(self, site: Site, actor: Actor) -> None:
        self.site = site
        self.actor = actor
        self._resources: dict[str, Resource] = {}

    def __getattr__(self, name: str) -> Resource:
        kind = resources.ALL.get(name)
        if kind is None:
            raise AttributeError(name)
        return self.resource(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *resources.ALL]

    def resource(self, name: str) -> Resource:
        """The resource of that name for this actor."""
        if name not in self._resources:
            self._resources[name] = resources.ALL[name](self)
        return self._resources[name]

    @property
    def resources(self) -> dict[str, Resource]:
        """Every resource, in menu order."""
        return {name: self.resource(name) for name in resources.ALL}

    def commit(self, plan: Plan, partial: bool = False, note: str = "") -> Result:
        """Carry out a plan: all of it, or with `partial` all that was not refused."""
        plan.note = note or plan.note
        self._check_reach(plan)
        return committing.commit(self.site, self.actor, plan, partial)

    def _check_reach(self, plan: Plan) -> None:
        bounds = self._bounds()
        if bounds is not None and not plan.domains <= bounds:
            raise Denied()

    def _bounds(self) -> frozenset[str] | None:
        """Domains that changes of the actor may concern: those in reach, or the one of a user's own mailbox."""
        return frozenset({self.actor.name.rpartition("@")[2]}) if self.actor.role == "user" else self.reach()

    def reach(self) -> frozenset[str] | None:
        """Domains and alias domains the actor has access to; None = all."""
        with read(self.site.engine) as connection:
            return scopes.domains(connection, self.actor)

    def withheld(self) -> frozenset[str]:
        """ACL bits of mailbox users that the actor lacks himself and so may not give (access.md 9.4)."""
        with read(self.site.engine) as connection:
            return scopes.withheld(connection, self.actor)

    @staticmethod
    def every() -> Selection:
        """Selection of every row in reach."""
        return Selection.matching(Query())

    def undo(self, change_id: int) -> Plan:
        """Plan that takes a change back; rows that moved on since are refused one by one."""
        return journal.undo(self.site, self.actor, change_id, self._bounds())

    def verify(self) -> list[Finding]:
        """Everything on the site that breaks an invariant of the contract; for administrators."""
        if not self.actor.is_admin:
            raise Denied()
        return verifying.verify(self.site)

    def run_effects(self) -> list[Waiting]:
        """Try what waits in the outbox and is due."""
        return outbox.run(self.site)

    def acting_as(self, actor: Actor) -> Ops:
        """The same site for another actor."""
        return Ops(self.site, actor)
