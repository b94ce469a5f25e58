"""Spam scores and allow and deny lists (addresses.md 15, 20.7)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from opslib import names
from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot

SCORES = ("lowspamlevel", "highspamlevel")
LISTS = ("whitelist_from", "blacklist_from")


def _scores(snapshot: Snapshot) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in snapshot.filters:
        if row.option in SCORES:
            found[row.object].append((row.option, row.value))
    return found


def _paired(entries: list[tuple[str, str]]) -> bool:
    return sorted(option for option, _ in entries) == sorted(SCORES)


@invariant(7, "filterconf", "Delete the score rows of the object, or set both scores again.")
def score_pairs(snapshot: Snapshot) -> Broken:
    """An object has one row of each score or none: a lone one breaks the settings of the whole server."""
    for name, entries in _scores(snapshot).items():
        if not _paired(entries):
            yield name, f"{name} has the score rows {', '.join(sorted(option for option, _ in entries))}."


@invariant(7, "filterconf", "Set the scores again: above 0, the mark below the rejection.")
def score_values(snapshot: Snapshot) -> Broken:
    """Scores are numbers, 0 < low < high."""
    for name, entries in _scores(snapshot).items():
        if _paired(entries):
            low, high = (dict(entries)[option] for option in SCORES)
            if not 0 < _number(low) < _number(high) < math.inf:
                yield name, f"{name} marks at {low} and rejects at {high}."


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@invariant(7, "filterconf", "Delete the row: no reader knows the option.")
def filter_options(snapshot: Snapshot) -> Broken:
    """`option` is one of the two scores or the two lists."""
    for row in snapshot.filters:
        if row.option not in (*SCORES, *LISTS):
            yield row.object, f"{row.object} has the unknown option {row.option}."


@invariant(7, "filterconf", "Delete the entry and add it again in the allowed form.")
def list_values(snapshot: Snapshot) -> Broken:
    """List entries are lower-case, at most 100 characters, of letters, digits and `@ _ . - *`."""
    for row in snapshot.filters:
        if row.option in LISTS and not _is_pattern(row.value):
            yield row.object, f"{row.object} lists “{row.value}”."


def _is_pattern(text: str) -> bool:
    try:
        return names.sender_pattern(text) == text
    except names.Invalid:
        return False


@invariant(7, "filterconf", "Delete all but one.", "warning")
def list_once(snapshot: Snapshot) -> Broken:
    """A value stands once in the lists of an object."""
    counts = Counter((row.object.lower(), row.value.lower()) for row in snapshot.filters if row.option in LISTS)
    for (name, value), count in counts.items():
        if count > 1:
            yield name, f"{name} lists {value} {count} times."
