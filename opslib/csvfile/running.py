"""Carry a diff out: one import in chunks, each chunk one plan and one change in the journal.

Rows are planned anew against the site as it is then.  A chunk that cannot be committed is halved until the row is found
that stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opslib.csvfile import matching, state
from opslib.csvfile.diff import Diff
from opslib.csvfile.judging import Verdict
from opslib.csvfile.report import Report, Results, rejected
from opslib.errors import Problem, UserError
from opslib.passwords import HashPool
from opslib.plan import Plan
from opslib.resources.passwording import hashed_by
from opslib.stores.database import chunks

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: rows settled of all, and passwords hashed of those of the chunk at work."""

    done: int
    total: int
    hashed: int = 0
    to_hash: int = 0

    @property
    def text(self) -> str:
        """In words."""
        hashing = f", hashing passwords {self.hashed:,} of {self.to_hash:,}" if self.to_hash else ""
        return f"{self.done:,} of {self.total:,} rows{hashing}"


Tell = Callable[[Progress], Any]


def commit(
    diff: Diff,
    *,
    progress: Tell | None = None,
    cancelled: Callable[[], bool] | None = None,
    results: Path | str | None = None,
    chunk: int = CHUNK,
) -> Report:
    """Add and change what the diff says; blocks, so call it from a worker thread.

    `results`: file for the passwords that are made; without one they are in `Report.generated`.

    >>> report = commit(dry_run(ops.mailboxes, "staff.csv")); report.write_rejects("rejected.csv")   # doctest: +SKIP

    Raises
    ------
    UserError
        `csv_moved` when another process carries out the same import.
    ServerError
        When the database is down; importing the same file again goes on from there.
    """
    return _Run(diff, progress or _ignore, cancelled or _never, chunk).run(results)


def _ignore(progress: Progress) -> None:
    pass


def _never() -> bool:
    return False


class _Run:
    def __init__(self, diff: Diff, tell: Tell, cancelled: Callable[[], bool], chunk: int) -> None:
        self.diff, self.tell, self.cancelled, self.chunk = diff, tell, cancelled, chunk
        self.resource, self.ops, self.judge = diff.resource, diff.resource.ops, diff.judge
        self.total = len(diff.verdicts)
        self.results: Results | None = None
        self.late: list[tuple[str, dict[str, str]]] = []

    def run(self, results: Path | str | None) -> Report:
        """The whole import."""
        self.begun = self.diff.resumed or self._begin()
        self.done = self.begun.done
        self.report = Report(
            self.diff, self.begun.id, unchanged=self.diff.counts["unchanged"], rejects=rejected(self.diff)
        )
        ended: state.State = "failed"
        try:
            self.results = Results(results, self.report.columns) if results is not None else None
            with HashPool() as pool, hashed_by(self._hash(pool)):
                ended = "done" if self._all() else "cancelled"
        finally:
            if self.results is not None:
                self.results.close()
            state.close(self.ops.site, self.begun.id, ended)
        self.report.cancelled = ended == "cancelled"
        return self.report

    def _begin(self) -> state.Begun:
        resource = self.resource
        return state.begin(
            resource.site, resource.actor, resource.name, self.diff.source.name, self.diff.digest, self.total
        )

    def _hash(self, pool: HashPool) -> Callable[[Sequence[str], str], list[str]]:
        def hash_all(clear: Sequence[str], scheme: str) -> list[str]:
            def told(done: int, total: int) -> None:
                self.tell(Progress(self.done, self.total, done, total))

            return pool.hash_many(clear, scheme, told, self.cancelled)

        return hash_all

    def _all(self) -> bool:
        """Whether it came to its end."""
        work = [place for place, verdict in enumerate(self.diff.verdicts) if verdict.kind in {"add", "change"}]
        try:
            for places in chunks(work, self.chunk):
                self.tell(Progress(self.done, self.total))
                if self.cancelled():
                    return False
                self._part(places)
            self._add_late()
        except CancelledError:
            return False
        self.tell(Progress(self.total, self.total))
        return True

    # -- a chunk -------------------------------------------------------------------------------------------------
    def _part(self, places: Sequence[int]) -> None:
        try:
            self._commit(places)
        except UserError as error:
            if error.key in {"csv_moved", "session_over"}:
                raise
            if len(places) == 1:
                self.report.rejects[places[0]] = error.problems
                return
            middle = len(places) // 2
            self._part(places[:middle])
            self._part(places[middle:])

    def _commit(self, places: Sequence[int]) -> None:
        plan, refused = self._plan(places)
        after = max(places[-1] + 1, self.done)
        if plan.empty:
            state.advance(self.ops.site, self.begun.id, self.done, after)
        else:
            plan.guard("import_moves", self.begun.id, self.done, after)
            self._carry_out(plan)
        self.done = after
        self.report.rejects |= refused
        for place in places:
            if place not in refused:
                self._count(self.diff.verdicts[place])

    def _carry_out(self, plan: Plan) -> None:
        good = {outcome.subject for outcome in plan.outcomes if outcome.status == "success"}
        made = {subject: text for subject, text in plan.generated.items() if subject in good}
        size = self.results.add(made) if self.results is not None and made else None
        try:
            result = self.ops.commit(plan, partial=True, note=f"import {self.begun.id}: {self.diff.source.name}")
        except BaseException:
            if self.results is not None and size is not None:
                self.results.take_back(size)
            raise
        self.report.changes += [result.change_id] if result.change_id is not None else []
        self.report.waiting += result.waiting
        self.report.made += len(made)
        if self.results is None:
            self.report.generated |= made

    def _count(self, verdict: Verdict) -> None:
        if verdict.kind == "change":
            self.report.changed += 1
            return
        self.report.added += 1
        late = self.judge.late_values(verdict.values)
        if late:
            self.late.append((verdict.subject, verdict.values))

    # -- plans ---------------------------------------------------------------------------------------------------
    def _plan(self, places: Sequence[int]) -> tuple[Plan, dict[int, tuple[Problem, ...]]]:
        """One plan for some rows, and why some of them are left out."""
        verdicts = self.diff.verdicts
        new = [place for place in places if verdicts[place].kind == "add"]
        known = [place for place in places if verdicts[place].kind == "change"]
        plan = Plan(self.resource.name, "import", f"Import {len(places)} {self.resource.label.lower()}")
        refused: dict[int, list[Problem]] = {}
        if new:
            adding = self.resource.add_many([self.judge.new_values(verdicts[place].values) for place in new])
            for outcome in adding.refused:
                refused.setdefault(new[outcome.place or 0], []).append(outcome.problem)
            plan.join(adding)
        if known:
            self._plan_changes(plan, known, refused)
        return plan, {place: tuple(problems) for place, problems in refused.items()}

    def _plan_changes(self, plan: Plan, known: Sequence[int], refused: dict[int, list[Problem]]) -> None:
        verdicts = {str(self.diff.verdicts[place].key): place for place in known}
        rows = {v.key: v for v in (self.diff.verdicts[place] for place in known)}
        changing = self.resource.edit_rows(
            {key: self.judge.changes(v) for key, v in rows.items()}, {key: v.seen for key, v in rows.items()}
        )
        for outcome in changing.refused:
            if outcome.subject in verdicts:
                refused.setdefault(verdicts[outcome.subject], []).append(outcome.problem)
        plan.join(changing)

    # -- what new rows could not be given yet --------------------------------------------------------------------
    def _add_late(self) -> None:
        """Give new rows what only rows that exist can be given."""
        for part in chunks(self.late, self.chunk):
            plan = self._late_plan(part)
            if not plan.empty:
                self._carry_out(plan)

    def _late_plan(self, part: Sequence[tuple[str, dict[str, str]]]) -> Plan:
        wanted = {one: values for _, values in part if (one := matching.identity(self.resource, values)) is not None}
        found = matching.existing(self.resource, set(wanted)) if wanted else {}
        rows = {keys[0]: self.judge.late_values(wanted[one]) for one, keys in found.items() if len(keys) == 1}
        plan = Plan(self.resource.name, "import", f"Import {len(rows)} {self.resource.label.lower()}: what follows")
        return plan.join(self.resource.edit_rows(rows)) if rows else plan
