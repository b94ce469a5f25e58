"""Aliases that lead back to themselves: a -> b -> a."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from opslib.resources.alias_targets import split_targets
from opslib.schema import alias
from opslib.stores.database import chunks

CHUNK = 1000
DEEPEST = 10  # Postfix gives up long before

Edges = dict[str, tuple[str, ...]]


def loops(connection: sa.Connection, planned: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Way round for each planned alias {address: targets} that leads back to it: {address: [address, ..., address]}.

    One statement per step of the way, however many aliases are planned.  An address among its own targets delivers
    there and is no loop.
    """
    edges: Edges = {source.lower(): tuple(t.lower() for t in targets) for source, targets in planned.items()}
    frontier = {target for targets in edges.values() for target in targets}
    for _ in range(DEEPEST):
        fresh = _targets(connection, frontier - edges.keys())
        if not fresh:
            break
        edges.update(fresh)
        frontier = {target for targets in fresh.values() for target in targets}
    ways = {source: _way(source.lower(), edges) for source in planned}
    return {source: way for source, way in ways.items() if way}


def _targets(connection: sa.Connection, addresses: set[str]) -> Edges:
    found: Edges = {}
    for chunk in chunks(sorted(addresses), CHUNK):
        query = sa.select(alias.c.address, alias.c.goto).where(alias.c.address.in_(chunk), alias.c.active != 0)
        for address, goto in connection.execute(query):
            found[address.lower()] = tuple(target.lower() for target in split_targets(goto))
    return found


def _way(start: str, edges: Edges) -> list[str]:
    """Shortest way from `start` back to it; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    for _ in range(DEEPEST + 1):
        longer = []
        for way in ways:
            for target in edges.get(way[-1], ()):
                if target == start and len(way) > 1:
                    return [*way, start]
                if target not in seen and target != start:
                    seen.add(target)
                    longer.append([*way, target])
        ways = longer
    return []
