"""`python -m tests.benchmarks.imports [DATABASE...]`: a CSV file of 20,000 mailboxes in and out, as a Markdown table.

Passwords are hashes already: what is measured is reading, judging and writing, not hashing.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from opslib import csvfile, passwords
from opslib.ops import Ops
from tests.benchmarks import sites
from tests.benchmarks.measure import peak

ROWS, DOMAINS = 20_000, 20


def main() -> None:
    """Measure every database this machine has, or the ones named as arguments."""
    for database in sys.argv[1:] or sites.databases():
        with sites.site(database) as site:
            print("\n".join(_table(database, sites.ops(site))), flush=True)


def _table(database: str, ops: Ops) -> Iterator[str]:
    _room(ops)
    data = _file()
    yield f"\n### {database}, {ROWS:,} mailboxes\n"
    yield "| | s | resident MiB |"
    yield "|---|--:|--:|"
    before = _resident()
    diff, line = _timed("Dry run of new rows", lambda: csvfile.dry_run(ops.mailboxes, data))
    yield line
    yield f"| Dry run of new rows: Python objects at the peak | | {peak(lambda: csvfile.dry_run(ops.mailboxes, data)):.0f} |"
    report, line = _timed("Commit", lambda: csvfile.commit(diff))
    yield line
    if report.added != ROWS:
        raise SystemExit(f"{report!r}: all rows must be added")
    text, line = _timed("Export", lambda: "".join(csvfile.export(ops.mailboxes, hashes=True)))
    yield line
    again, line = _timed("Dry run of the export", lambda: csvfile.dry_run(ops.mailboxes, text.encode(), update=True))
    yield line
    yield f"| Before, and most resident of all | | {before:.0f}, {_most():.0f} |"
    if again.counts["unchanged"] != ROWS:
        raise SystemExit(f"{again!r}: an export must change nothing")


def _room(ops: Ops) -> None:
    limits = {"mailboxes": "5000", "quota": "100 TiB", "maxquota": "10 TiB", "defquota": "1 GiB", "dkim_selector": ""}
    for number in range(DOMAINS):
        ops.commit(ops.domains.add({"domain": f"d{number}.example.org", **limits}))


def _file() -> bytes:
    stored = passwords.make("correct horse 1", "SSHA256")
    rows = (
        f"user{n}@d{n % DOMAINS}.example.org;User {n};{100 + n % 900};{stored};staff, north\r\n" for n in range(ROWS)
    )
    return ("Email;Full name;Quota (MB);Password;Tags\r\n" + "".join(rows)).encode()


def _timed(label: str, work: Callable[[], Any]) -> tuple[Any, str]:
    started = time.perf_counter()
    found = work()
    return found, f"| {label} | {time.perf_counter() - started:.1f} | {_resident():.0f} |"


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def _most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
