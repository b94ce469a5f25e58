"""Milliseconds, SQL statements and memory of a piece of work."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import sqlalchemy as sa

Work = Callable[[], Any]
PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Median milliseconds, statements of one run, and MiB at the peak where memory was measured."""

    ms: float
    statements: int
    peak_mib: float | None = None


@contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """Statements sent to the database; beginnings of transactions are none."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def measured(engine: sa.Engine, work: Work, times: int = 9, before: Work | None = None) -> Figure:
    """Run `work` once to warm up, then `times` or for three seconds; with `times` 1 the first run counts.

    `before` runs ahead of each run and is not measured.
    """
    runs = [_run(engine, work, before)]
    if times > 1:
        runs = [_run(engine, work, before)]
        while len(runs) < times and sum(seconds for seconds, _ in runs) < PATIENCE_S:
            runs.append(_run(engine, work, before))
    return Figure(median(seconds for seconds, _ in runs) * 1000, runs[-1][1])


def peak(work: Work) -> float:
    """MiB of Python objects alive at the same time while `work` runs; slow, so never timed."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()


def _run(engine: sa.Engine, work: Work, before: Work | None) -> tuple[float, int]:
    if before is not None:
        before()
    with counted(engine) as sent:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started, len(sent)
