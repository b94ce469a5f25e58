"""What mailops itself keeps, the index of alias targets and the outbox, and the shape of all tables."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from opslib import schema
from opslib.schema import create
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
    for sentence in create.check(snapshot.site.engine):
        yield sentence.split()[1], sentence


@invariant(15, "*", "Drop the index: the contract's updater will do so too.", "warning")
def table_indexes(snapshot: Snapshot) -> Broken:
    """Tables have no index the contract does not name."""
    there = sa.inspect(snapshot.connection).get_multi_indexes()
    for (_, name), indexes in there.items():
        if name in schema.metadata.tables:
            known = set(_index_names(schema.metadata.tables[name]))
            for index in indexes:
                if index["name"] not in known:
                    yield name, f"Index {index['name']} of {name} is not part of the schema."


def _index_names(table: sa.Table) -> Iterator[str]:
    """Names that the declared indexes, unique and foreign keys have on MariaDB, which calls unnamed ones after a column,
    and on SQLite, where plain keys carry the table's name."""
    for index in table.indexes:
        bare = index.info.get("key", index.name)
        yield from (str(index.name), str(bare), f"key_{table.name}_{bare}")
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint | sa.ForeignKeyConstraint):
            yield from [str(constraint.name)] if constraint.name else constraint.columns.keys()
