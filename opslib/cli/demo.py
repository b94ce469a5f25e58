"""`mailops demo`: fill an empty site with made-up content."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from opslib.cli import edge
from opslib.demo import SIZES, load

_SIZES = "; ".join(
    f"{name}: {s.domains} domains, {s.mailboxes} mailboxes, {s.aliases} aliases" for name, s in SIZES.items()
)


def demo(
    size: Annotated[str, typer.Option(help=_SIZES)] = "small",
    seed: Annotated[int, typer.Option(help="The same number gives the same content.")] = 1,
    force: Annotated[bool, typer.Option(help="Add to a made-up site that has domains already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write what was loaded as JSON.")] = False,
) -> None:
    """Fill an empty site with made-up domains, mailboxes and aliases; a real mail server refuses it."""
    from opslib.schema.create import initialise

    with edge.words():
        _, site = edge.open_site()
        initialise(site.engine)
        report = load(site, size, seed, force)
    typer.echo(json.dumps(dataclasses.asdict(report)) if as_json else report.sentence())
