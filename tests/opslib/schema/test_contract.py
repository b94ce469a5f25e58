"""A fresh database against the contract, column by column, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from opslib.schema import metadata
from tests.opslib.schema.contract_tables import CONTRACT, SOGO, UNTOLD
from tests.opslib.schema.notation import Column, Table, read

TABLES = read(CONTRACT) | read(UNTOLD) | read(SOGO)

COLUMNS = """
    SELECT column_name, column_type, is_nullable, column_default, extra, collation_name FROM information_schema.columns
    WHERE table_schema = database() AND table_name = :name ORDER BY ordinal_position
"""
CHECKS = (
    "SELECT table_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = database()"
)
FORM = """
    SELECT engine, row_format, table_collation FROM information_schema.tables
    WHERE table_schema = database() AND table_name = :name
"""


def mariadb_columns(connection: sa.Connection, table: Table) -> list[Column]:
    json = {(row[0], row[1]) for row in connection.execute(sa.text(CHECKS))}
    found = []
    for name, kind, nullable, default, extra, _ in connection.execute(sa.text(COLUMNS), {"name": table.name}):
        is_json = (table.name, f"json_valid(`{name}`)") in json
        assert kind == "longtext" if is_json else kind
        found.append(Column(name, "json" if is_json else kind, nullable == "YES", default, extra))
    return found


def bare(default: str | None) -> str:
    """A default without the notation of either database."""
    text = (default or "NULL").strip("'")
    return "" if text == "NULL" else text.lower().removesuffix("()")


@pytest.fixture(params=sorted(TABLES))
def table(request: pytest.FixtureRequest) -> Table:
    return TABLES[request.param]


def test_every_table_is_known() -> None:
    declared = {name for name in metadata.tables if not name.startswith("ops_")}
    assert declared == set(TABLES)


def test_columns(engine: sa.Engine, table: Table) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
            found = [(row[1], not row[3], bare(row[4])) for row in rows]
            assert found == [(c.name, c.nullable, bare(c.default)) for c in table.columns]
        else:
            assert mariadb_columns(connection, table) == table.columns


def test_text_ignores_case(engine: sa.Engine, table: Table) -> None:
    """Text compares without regard to case (addresses.md 1.5)."""
    texts = {c.name for c in table.columns if c.type.startswith("varchar")}
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            made = sa.text("SELECT sql FROM sqlite_master WHERE name = :name")
            sql = connection.execute(made, {"name": table.name}).scalar_one()
            lines = [line.strip().rstrip(",") for line in sql.splitlines()]
            ignoring = {line.split()[0].strip('"') for line in lines if 'COLLATE "NOCASE"' in line}
            assert texts <= ignoring
        else:
            rows = connection.execute(sa.text(COLUMNS), {"name": table.name}).all()
            assert all(row[5].endswith("_ci") for row in rows if row[0] in texts)


def test_keys(engine: sa.Engine, table: Table) -> None:
    inspector = sa.inspect(engine)
    assert tuple(inspector.get_pk_constraint(table.name)["constrained_columns"]) == table.primary
    uniques = {u["name"]: tuple(u["column_names"]) for u in inspector.get_unique_constraints(table.name)}
    assert uniques == table.uniques
    plain = {i["name"]: tuple(i["column_names"]) for i in inspector.get_indexes(table.name) if not i["unique"]}
    if engine.dialect.name == "sqlite":
        plain = {name: columns for name, columns in plain.items() if name not in {"fk_tags_mailbox", "fk_tags_domain"}}
        assert plain == {f"key_{table.name}_{name}": columns for name, columns in table.keys.items()}
    else:
        assert set(plain) | set(uniques) == table.key_names
        assert {name: plain[name] for name in table.keys} == table.keys


def test_foreign_keys(engine: sa.Engine, table: Table) -> None:
    rules = {"ondelete": "CASCADE", "onupdate": "NO ACTION"}
    inspector = sa.inspect(engine)
    found = {}
    for key in inspector.get_foreign_keys(table.name):
        found[key["name"]] = (*key["constrained_columns"], key["referred_table"], *key["referred_columns"])
        assert {name: key["options"].get(name, "NO ACTION") for name in rules} == rules
    assert found == table.references


def test_form(mariadb_engine: sa.Engine, table: Table) -> None:
    with mariadb_engine.connect() as connection:
        engine, row_format, collation = connection.execute(sa.text(FORM), {"name": table.name}).one()
    assert (engine, row_format) == ("InnoDB", "Dynamic")
    assert collation.startswith("utf8mb4_")
