from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from opslib.errors import ServerError
from opslib.stores.database import chunks, engine_for, insert_or_update, read, write

metadata = sa.MetaData()
thing = sa.Table(
    "ops_test_thing",
    metadata,
    sa.Column("name", sa.String(50), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("note", sa.String(5), nullable=True),
    mysql_engine="InnoDB",
)
part = sa.Table(
    "ops_test_part",
    metadata,
    sa.Column("thing", sa.ForeignKey("ops_test_thing.name"), primary_key=True),
    mysql_engine="InnoDB",
)


@pytest.fixture
def things(engine: sa.Engine) -> Iterator[sa.Engine]:
    metadata.create_all(engine)
    yield engine
    metadata.drop_all(engine)


def rows(engine: sa.Engine) -> list[tuple[object, ...]]:
    with read(engine) as connection:
        return [tuple(row) for row in connection.execute(sa.select(thing).order_by(thing.c.name))]


def put(engine: sa.Engine, *names: str) -> None:
    with write(engine) as connection:
        connection.execute(thing.insert(), [{"name": name, "size": 1} for name in names])


def test_a_write_is_kept_and_a_failed_one_is_not(things: sa.Engine) -> None:
    put(things, "a")
    with pytest.raises(sa.exc.IntegrityError):
        put(things, "b", "a")
    assert rows(things) == [("a", 1, None)]


def test_reading_keeps_nothing(things: sa.Engine) -> None:
    with read(things) as connection:
        connection.execute(thing.insert(), {"name": "a", "size": 1})
    assert rows(things) == []


def test_foreign_keys_hold(things: sa.Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), write(things) as connection:
        connection.execute(part.insert(), {"thing": "nowhere"})


def test_readers_do_not_wait_for_a_writer(things: sa.Engine) -> None:
    put(things, "a")
    with write(things) as connection:
        connection.execute(thing.update().values(size=2))
        assert rows(things) == [("a", 1, None)]
    assert rows(things) == [("a", 2, None)]


def test_writers_queue_up_and_lose_nothing(things: sa.Engine) -> None:
    put(things, "a")

    def count() -> None:
        for _ in range(20):
            with write(things) as connection:
                size = connection.scalar(sa.select(thing.c.size).with_for_update())
                connection.execute(thing.update().values(size=size + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(things) == [("a", 81, None)]


def test_insert_or_update_sets_what_it_is_told(things: sa.Engine) -> None:
    with write(things) as connection:
        connection.execute(thing.insert(), {"name": "a", "size": 1, "note": "old"})
        connection.execute(insert_or_update(thing, connection), [{"name": "a", "size": 2, "note": "new"}])
        some = insert_or_update(thing, connection, ["size"])
        connection.execute(some, [{"name": "a", "size": 3, "note": "no"}, {"name": "b", "size": 4, "note": "yes"}])
    assert rows(things) == [("a", 3, "new"), ("b", 4, "yes")]


def test_insert_or_update_of_a_bare_key_keeps_the_row(things: sa.Engine) -> None:
    put(things, "a")
    with write(things) as connection:
        for _ in range(2):
            connection.execute(insert_or_update(part, things), {"thing": "a"})
    with read(things) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(part)) == 1


def test_mariadb_is_strict_and_speaks_utf8mb4(things: sa.Engine) -> None:
    put(things, "\U0001f404")
    assert rows(things) == [("\U0001f404", 1, None)]
    if things.dialect.name == "mysql":
        with pytest.raises(sa.exc.DataError), write(things) as connection:
            connection.execute(thing.update().values(note="too long"))
        with read(things) as connection:
            assert connection.scalar(sa.text("SELECT @@tx_isolation")) == "READ-COMMITTED"


def test_in_memory_database_is_one_database() -> None:
    engine = engine_for("sqlite://")
    metadata.create_all(engine)
    put(engine, "a")
    assert rows(engine) == [("a", 1, None)]
    engine.dispose()


def test_a_sqlite_file_gets_its_directory(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path}/new/site.sqlite")
    metadata.create_all(engine)
    with read(engine) as connection:
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "wal"
    engine.dispose()
    assert (tmp_path / "new" / "site.sqlite").exists()


def test_a_writer_that_waits_too_long_is_told_so(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path}/site.sqlite")
    impatient = engine_for(f"sqlite:///{tmp_path}/site.sqlite")
    sa.event.listen(impatient, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=10"))
    with write(engine), pytest.raises(ServerError, match="locked") as caught, write(impatient):
        raise AssertionError("two writers at once")
    assert caught.value.key == "database_busy"
    engine.dispose()
    impatient.dispose()


@pytest.mark.parametrize(
    "url", ["mysql+pymysql://nobody:dbsecret@127.0.0.1:1/none", "mysql://nobody:dbsecret@host.invalid/none"]
)
def test_a_server_that_is_down_is_named_without_secrets(url: str) -> None:
    engine = engine_for(url)
    with pytest.raises(ServerError, match="cannot be reached") as caught, read(engine):
        raise AssertionError("connected to nothing")
    assert caught.value.key == "database_down"
    assert "dbsecret" not in str(caught.value)
    engine.dispose()


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "site.sqlite"
    path.write_text("not a database, and long enough to be noticed " * 20)
    engine = engine_for(f"sqlite:///{path}")
    with pytest.raises(ServerError, match="not a database"), read(engine):
        raise AssertionError("read a text file")
    engine.dispose()


def test_chunks_cover_everything_once() -> None:
    assert [list(chunk) for chunk in chunks(list(range(5)), 2)] == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []
