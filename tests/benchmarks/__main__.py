"""`make bench`: what pages and bulk edits cost at 1,000 and at 20,000 mailboxes, as Markdown tables.

Times are reported and never judged; what is asserted is that a page is two or three statements whatever the size.  Not among
them are the two with which a page looks, every 20 seconds, whether other programs changed aliases: they have a line.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from opslib.demo import load
from opslib.demo.world import SIZES
from tests.benchmarks import sites, subjects
from tests.benchmarks.measure import Figure, measured, peak

Figures = dict[str, Figure]
MOST_STATEMENTS = 3


def main() -> None:
    """Measure every database this machine has, or the ones named as arguments."""
    for database in sys.argv[1:] or sites.databases():
        small, large = (_size(database, size) for size in ("small", "large"))
        print("\n".join(_table(database, small, large)), flush=True)
        _assert_flat(small, large)
    if "MariaDB" not in sites.databases():
        print("not measured here: MariaDB (MAILOPS_TEST_MARIADB is not set)", file=sys.stderr)


def _size(database: str, size: str) -> Figures:
    """Figures of one demo site, by label."""
    figures: Figures = {}
    with sites.site(database) as site:
        figures["Demo load"] = measured(site.engine, lambda: load(site, size), 1)
        ops = sites.ops(site)
        for subject in subjects.SUBJECTS:
            print(f"{database}, {size}: {subject.label}", file=sys.stderr, flush=True)
            before = subjects.watch(ops) if subject.page else None
            figures[subject.label] = measured(site.engine, subject.prepare(ops), subject.times, before)
        figures["Bulk edit: memory"] = Figure(0, 0, peak(subjects.same_quota(ops)))
    return figures


def _table(database: str, small: Figures, large: Figures) -> Iterator[str]:
    sizes = " | ".join(f"{SIZES[size].mailboxes:,} mailboxes | statements" for size in ("small", "large"))
    yield f"\n### {database}\n"
    yield f"| | {sizes} | ratio |"
    yield "|---|--:|--:|--:|--:|--:|"
    for label in small:
        one, other = small[label], large[label]
        if one.peak_mib is None or other.peak_mib is None:
            cells = [
                f"{one.ms:.1f} ms",
                one.statements,
                f"{other.ms:.1f} ms",
                other.statements,
                f"{other.ms / one.ms:.1f}",
            ]
        else:
            ratio = f"{other.peak_mib / one.peak_mib:.1f}"
            cells = [f"{one.peak_mib:.0f} MiB", "", f"{other.peak_mib:.0f} MiB", "", ratio]
        yield f"| {label} | {' | '.join(map(str, cells))} |"


def _assert_flat(small: Figures, large: Figures) -> None:
    """Pages are as many statements at one size as at the other, and few."""
    for label in (subject.label for subject in subjects.SUBJECTS if subject.page):
        counts = small[label].statements, large[label].statements
        if counts[0] != counts[1] or counts[1] > MOST_STATEMENTS:
            raise SystemExit(f"{label}: {counts} statements; a page must be at most {MOST_STATEMENTS}")
    for label in (subject.label for subject in subjects.SUBJECTS if subject.flat):
        counts = small[label].statements, large[label].statements
        if counts[0] != counts[1]:
            raise SystemExit(f"{label}: {counts} statements; there must be as many at either size")


if __name__ == "__main__":
    main()
