"""Commit a plan: one transaction for rows, derived rows, journal and outbox; then the effects."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from opslib import journal, outbox, registry, writes
from opslib.actor import Actor
from opslib.errors import Conflict, Problem, UserError
from opslib.outbox import Waiting
from opslib.plan import Outcome, Plan
from opslib.site import Site
from opslib.stores.database import write


@dataclass(frozen=True, slots=True)
class Result:
    """What a commit did: id in the journal (None = there was nothing to do), outcomes per item, effects still waiting."""

    change_id: int | None
    outcomes: list[Outcome]
    waiting: list[Waiting] = field(default_factory=list)
    generated: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def count(self) -> int:
        return sum(outcome.status == "success" for outcome in self.outcomes)


def commit(site: Site, actor: Actor, plan: Plan, partial: bool = False) -> Result:
    """Carry out `plan`; with `partial`, what it refused is left out, otherwise nothing is done.

    Raises
    ------
    UserError
        When items were refused, a guard does not hold, or rows changed since the plan was made (`Conflict`).
    ServerError
        When the database cannot be reached.  Nothing was written in either case.
    """
    if not partial:
        plan.require()
    if plan.empty:
        return Result(None, plan.outcomes)
    try:
        with write(site.engine) as connection:
            change_id = _inside(connection, site, actor, plan)
    except sa.exc.IntegrityError as error:
        raise Conflict.of([Problem("row_exists", (_named(plan),))]) from error
    except sa.exc.DataError as error:
        raise UserError("value_invalid", _named(plan)) from error
    return Result(change_id, _finish(plan, waiting := outbox.run(site, change_id)), waiting, dict(plan.generated))


def _inside(connection: sa.Connection, site: Site, actor: Actor, plan: Plan) -> int:
    for guard in plan.locks:
        registry.check(guard.name, connection, site, *guard.args)
    for step in plan.derived:
        registry.prepare(step.name, connection, site, *step.args)
    writes.verify(connection, plan.writes)
    writes.apply(connection, plan.writes)
    for step in plan.derived:
        registry.derive(step.name, connection, site, *step.args)
    for guard in plan.guards:
        registry.check(guard.name, connection, site, *guard.args)
    change_id = journal.record(connection, site, actor, plan)
    outbox.put(connection, site, change_id, plan.effects)
    if plan.undoes is not None:
        outbox.cancel(connection, site, plan.undoes)
    return change_id


def _named(plan: Plan) -> str:
    subjects = list(dict.fromkeys(outcome.subject for outcome in plan.outcomes if outcome.subject))
    return ", ".join(subjects[:3]) or plan.label


def _finish(plan: Plan, waiting: list[Waiting]) -> list[Outcome]:
    absent = [Outcome("warning", "effect_waiting", (w.label, w.reason)) for w in waiting if w.absent]
    failed = [Outcome("warning", "effect_failed", (w.label, w.reason)) for w in waiting if not w.absent]
    return [*plan.outcomes, *absent, *failed]
