"""`mailops verify`: does the site keep the contract?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Annotated

import typer

from opslib.cli import edge
from opslib.verify import INVARIANTS, Finding


def verify(as_json: Annotated[bool, typer.Option("--json", help="Write findings as a JSON list.")] = False) -> None:
    """Check every invariant of the contract over the whole site; the exit code is 1 when one is broken."""
    with edge.words():
        found = edge.open_ops().verify()
    if as_json:
        typer.echo(json.dumps([finding.to_dict() for finding in found], ensure_ascii=False, indent=2))
    else:
        for line in lines(found):
            typer.echo(line)
    raise typer.Exit(1 if found else 0)


def lines(found: Iterable[Finding]) -> Iterator[str]:
    """Findings as a table, one block per invariant with its repair, then the total."""
    everything = list(found)
    width = max((len(_flat(finding.key)) for finding in everything), default=0)
    for (name, table, severity), group in groupby(everything, lambda f: (f.invariant, f.table, f.severity)):
        rule = INVARIANTS[name]
        yield f"{severity.upper()}  {name} in {table}: {rule.hint}"
        yield from (f"  {_flat(finding.key):<{width}}  {_flat(finding.sentence)}" for finding in group)
    yield f"{len(everything)} findings, {len(INVARIANTS)} invariants checked."


def _flat(text: str) -> str:
    """Keys are hostile: control characters never reach the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
