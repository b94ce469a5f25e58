"""What mailops itself keeps, the index of alias targets and the outbox, and the shape of all tables."""

from __future__ import annotations

import sqlalchemy as sa

from opslib import schema
from opslib.schema import compare
from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot, targets


@invariant(0, "ops_alias_target", "Rebuild the index of alias targets.", "warning")
def alias_target_index(snapshot: Snapshot) -> Broken:
    """The index holds every target of every alias, and nothing else."""
    table = schema.ops_alias_target.c
    stored = {(row.target.lower(), row.alias_id) for row in snapshot.rows(sa.select(table.target, table.alias_id))}
    wanted = {(target, row.id) for row in snapshot.aliases for target in targets(row.goto) if len(target) <= 255}
    for target, alias_id in sorted(wanted - stored):
        yield str(alias_id), f"Alias {alias_id} is not indexed for {target}."
    for target, alias_id in sorted(stored - wanted):
        yield str(alias_id), f"Alias {alias_id} is indexed for {target} but does not point there."


@invariant(18, "ops_outbox", "Mend the cause and let the effect run again.", "warning")
def effects_done(snapshot: Snapshot) -> Broken:
    """No effect of a commit was given up."""
    table = schema.ops_outbox.c
    lost = sa.select(table.id, table.label, table.problem).where(table.state == "given_up")
    for row in snapshot.rows(lost):
        yield str(row.id), f"Given up: {row.label} ({row.problem or 'no reason kept'})."


@invariant(15, "*", "Bring the tables to the contract's form; its updater drops columns it does not know.")
def table_columns(snapshot: Snapshot) -> Broken:
    """Tables and columns are those of the contract and of mailops."""
    yield from compare.columns(snapshot.connection)


@invariant(15, "*", "Bring the keys to the contract's form; its updater drops keys it does not know.", "warning")
def table_indexes(snapshot: Snapshot) -> Broken:
    """Tables have the keys the contract names and no others."""
    yield from compare.keys(snapshot.connection)
