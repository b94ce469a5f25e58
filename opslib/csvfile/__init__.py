"""CSV in and out, for every resource alike: `export`, `dry_run`, `commit`.

>>> from opslib import csvfile
>>> csvfile.export_file(ops.mailboxes, "mailboxes.csv")                       # doctest: +SKIP
>>> diff = csvfile.dry_run(ops.mailboxes, "mailboxes.csv", update=True)       # doctest: +SKIP
>>> diff.counts, diff.frame                                                   # doctest: +SKIP
>>> diff.fix(7, "quota", "3 GiB"); report = csvfile.commit(diff)              # doctest: +SKIP
"""

from opslib.csvfile.cells import harmless, restored
from opslib.csvfile.diff import Diff, dry_run
from opslib.csvfile.encoding import ENCODINGS
from opslib.csvfile.export import export, export_file, names_of
from opslib.csvfile.guess import DELIMITERS, Guess, changed, guess
from opslib.csvfile.judging import KINDS, Verdict
from opslib.csvfile.mapping import by_hand, importable, matches
from opslib.csvfile.report import Report, rejected, rejects_text, write_rejects
from opslib.csvfile.running import Progress, commit
from opslib.csvfile.source import Source

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "KINDS",
    "Diff",
    "Guess",
    "Progress",
    "Report",
    "Source",
    "Verdict",
    "by_hand",
    "changed",
    "commit",
    "dry_run",
    "export",
    "export_file",
    "guess",
    "harmless",
    "importable",
    "matches",
    "names_of",
    "rejected",
    "rejects_text",
    "restored",
    "write_rejects",
]
