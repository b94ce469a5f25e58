"""Setting up: empty, twice, at once, beside a mail server's tables, half-way, and not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from opslib import schema
from opslib.errors import ServerError
from opslib.schema import metadata
from opslib.schema.compare import check
from opslib.schema.create import DOMAIN_TEMPLATE, MAILBOX_TEMPLATE, initialise, is_set_up
from opslib.schema.views import EVENTS, view_queries
from tests.opslib.schema.places import KINDS, empty_database, statements

SET_UP = """
import sys
from opslib.schema.create import initialise
from opslib.stores.database import engine_for
report = initialise(engine_for(sys.argv[1]))
print(report.fresh, len(report.created), *report.remarks)
"""


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    with empty_database(request.param, tmp_path) as engine:
        yield engine


def own_names() -> set[str]:
    return {name for name in metadata.tables if name.startswith("ops_")}


def count(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def contract_only(engine: sa.Engine) -> None:
    """What a mail server's own set-up leaves: the contract's tables with rows, nothing of ours."""
    initialise(engine)
    with engine.begin() as connection:
        metadata.drop_all(connection, [metadata.tables[name] for name in own_names()])
        connection.execute(schema.domain.insert().values(domain="example.org", description="Example"))
        connection.execute(
            schema.alias.insert().values(address="@example.org", goto="a@example.org", domain="example.org")
        )


def test_empty_database(empty: sa.Engine) -> None:
    assert not is_set_up(empty)
    report = initialise(empty)
    assert report.fresh and not report.remarks
    assert set(report.created) == set(metadata.tables)
    assert set(sa.inspect(empty).get_table_names()) == set(metadata.tables)
    assert set(sa.inspect(empty).get_view_names()) == set(view_queries(mariadb=True))
    assert is_set_up(empty) and check(empty) == []


def test_default_templates_and_no_default_account(empty: sa.Engine) -> None:
    """The publicly known administrator of a fresh mail server is not made (access.md 2)."""
    initialise(empty)
    with empty.connect() as connection:
        rows = connection.execute(sa.select(schema.templates).order_by(schema.templates.c.id)).mappings().all()
    assert [(row["template"], row["type"]) for row in rows] == [("Default", "domain"), ("Default", "mailbox")]
    assert [row["attributes"] for row in rows] == [DOMAIN_TEMPLATE, MAILBOX_TEMPLATE]
    assert count(empty, schema.admin) == count(empty, schema.domain_admins) == count(empty, schema.api) == 0


def test_twice_is_once(empty: sa.Engine) -> None:
    initialise(empty)
    before = statements(empty)
    report = initialise(empty)
    assert not report.fresh and report.created == []
    assert statements(empty) == before
    assert count(empty, schema.templates) == 2 and count(empty, schema.versions) == 1


def test_two_processes_at_once(empty: sa.Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    command = [sys.executable, "-W", "error", "-c", SET_UP, url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    assert sorted(out.strip() for out, _ in told) == ["False 0", "False 0", f"True {len(metadata.tables)}"]
    assert count(empty, schema.templates) == 2 and check(empty) == []


def test_mail_servers_tables_are_left_alone(empty: sa.Engine) -> None:
    contract_only(empty)
    before = statements(empty)
    assert not is_set_up(empty)
    report = initialise(empty)
    after = statements(empty)
    assert not report.fresh and set(report.created) == own_names()
    assert {name: sql for name, sql in after.items() if "ops_" not in name} == before
    assert count(empty, schema.domain) == count(empty, schema.alias) == 1
    assert is_set_up(empty)


def test_foreign_database_is_refused(empty: sa.Engine) -> None:
    """A table `versions` alone does not make a mail server."""
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE versions (release_no INT)")
    with pytest.raises(ServerError) as refusal:
        initialise(empty)
    assert refusal.value.key == "schema_foreign"
    assert sa.inspect(empty).get_table_names() == ["versions"]
    assert not is_set_up(empty)


def test_own_tables_alone_are_no_foreign_database(empty: sa.Engine) -> None:
    with empty.begin() as connection:
        metadata.create_all(connection, [metadata.tables[name] for name in own_names()])
    assert initialise(empty).fresh
    assert check(empty) == []


@pytest.mark.parametrize("statement", [3, 40, 90, 130, 160])
def test_set_up_that_died_is_completed(empty: sa.Engine, statement: int) -> None:
    seen = 0

    def die(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            raise RuntimeError

    sa.event.listen(empty, "before_cursor_execute", die)
    with pytest.raises(RuntimeError):
        initialise(empty)
    sa.event.remove(empty, "before_cursor_execute", die)
    assert not is_set_up(empty)
    initialise(empty)
    assert is_set_up(empty) and check(empty) == []
    assert count(empty, schema.templates) == 2 and count(empty, schema.ops_state) == 0


def test_events(mariadb_engine: sa.Engine) -> None:
    query = sa.text(
        "SELECT event_name, event_type, interval_value, interval_field, status FROM information_schema.events "
        "WHERE event_schema = database()"
    )
    with mariadb_engine.connect() as connection:
        found = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
    assert found == dict.fromkeys(EVENTS, ("RECURRING", "1", "DAY", "ENABLED"))
