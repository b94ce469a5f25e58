from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from opslib.errors import ServerError
from opslib.schema.keyvalue import TABLES, ops_kv_message
from opslib.schema.metadata import metadata
from opslib.stores import keyvalue
from opslib.stores.database import engine_for, read
from opslib.stores.keyvalue import EmbeddedStore, KeyValue, RedisStore

words = st.text(max_size=5)
NOON = datetime(2026, 1, 31, 13, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))


class Contract:
    """What holds for every store.  `key` is a name nobody else uses."""

    def test_a_string_is_set_read_replaced_and_removed(self, store: KeyValue, key: str) -> None:
        assert store.get(key) is None
        store.set(key, "one")
        store.set(key, "two")
        assert store.get(key) == "two"
        assert store.delete(key, key) == 1
        assert store.get(key) is None
        assert store.delete(key) == 0
        assert store.delete() == 0

    @pytest.mark.parametrize("value", ["", "ü€\U0001f404", "\udcff\udc80", "line\nline\0", "x" * 300_000])
    def test_any_text_comes_back(self, store: KeyValue, key: str, value: str) -> None:
        store.set(key, value)
        store.hset(key + ":hash", {"field": value})
        assert store.get(key) == value
        assert store.hgetall(key + ":hash") == {"field": value}

    def test_hash_fields_are_set_apart(self, store: KeyValue, key: str) -> None:
        store.hset(key, {"a": "1", "b": "2"})
        store.hset(key, {"b": "3", "c": "4"})
        store.hset(key, {})
        assert store.hgetall(key) == {"a": "1", "b": "3", "c": "4"}
        assert store.hget(key, "b") == "3"
        assert store.hget(key, "x") is None
        assert store.hmget(key, ["c", "x", "a", "c"]) == ["4", None, "1", "4"]
        assert store.hmget(key, []) == []
        assert store.hlen(key) == 3

    def test_hash_fields_are_removed(self, store: KeyValue, key: str) -> None:
        store.hset(key, {"a": "1", "b": "2"})
        assert store.hdel(key, "a", "x") == 1
        assert store.hdel(key) == 0
        assert store.hgetall(key) == {"b": "2"}
        assert store.delete(key) == 1
        assert store.hgetall(key) == {}
        assert store.hlen(key) == 0

    def test_names_are_exact(self, store: KeyValue, key: str) -> None:
        fields = {"a": "1", "A": "2", "a ": "3", "ä": "4", "": "5"}
        store.hset(key, fields)
        assert store.hgetall(key) == fields
        store.set(key + "x", "1")
        assert store.get(key + "X") is None

    def test_many_fields(self, store: KeyValue, key: str) -> None:
        fields = {f"user{n}@example.org": str(n) for n in range(3000)}
        store.hset(key, fields)
        assert store.hlen(key) == 3000
        assert store.hmget(key, list(fields)) == list(fields.values())
        assert store.hdel(key, *fields) == 3000

    def test_a_list_is_newest_first_and_trimmed(self, store: KeyValue, key: str) -> None:
        store.lpush(key, "a", "b")
        store.lpush(key, "c", keep=3)
        assert store.lrange(key) == ["c", "b", "a"]
        store.lpush(key, "d", "e", keep=3)
        assert store.lrange(key) == ["e", "d", "c"]
        store.lpush(key, keep=1)
        assert store.lrange(key) == ["e"]
        store.lpush(key, "f", keep=0)
        assert store.lrange(key) == []

    @pytest.mark.parametrize("start", [-9, -3, -1, 0, 1, 2, 3, 9])
    @pytest.mark.parametrize("stop", [-9, -3, -1, 0, 1, 2, 3, 9])
    def test_ranges_of_a_list(self, store: KeyValue, key: str, start: int, stop: int) -> None:
        store.lpush(key, "c", "b", "a")
        last = stop if stop >= 0 else stop + 3
        expected = ["a", "b", "c"][max(start + 3, 0) if start < 0 else start : max(last + 1, 0)]
        assert store.lrange(key, start, stop) == expected
        assert store.lrange(key + ":none", start, stop) == []

    def test_set_replaces_whatever_was_there(self, store: KeyValue, key: str) -> None:
        store.hset(key, {"a": "1"})
        store.set(key, "now a string")
        assert store.get(key) == "now a string"
        store.delete(key)
        store.lpush(key, "a")
        store.set(key, "again")
        assert store.get(key) == "again"

    def test_nobody_listens(self, store: KeyValue, key: str) -> None:
        assert store.publish(key, "hello") == 0


@pytest.fixture
def key(store: KeyValue) -> Iterator[str]:
    name = f"mailops-test:{uuid.uuid4()}"
    yield name
    store.delete(name, name + ":hash", name + "x")


class TestEmbedded(Contract):
    @pytest.fixture
    def store(self, embedded: EmbeddedStore) -> EmbeddedStore:
        return embedded


if os.environ.get("MAILOPS_TEST_REDIS") or os.environ.get("CI"):

    class TestRedis(Contract):
        @pytest.fixture
        def store(self) -> Iterator[RedisStore]:
            store = RedisStore(os.environ["MAILOPS_TEST_REDIS"])
            yield store
            store.close()


@pytest.fixture
def embedded(engine: sa.Engine) -> EmbeddedStore:
    metadata.create_all(engine, tables=TABLES)
    return EmbeddedStore(engine, lambda: NOON)


def messages(embedded: EmbeddedStore, engine: sa.Engine) -> list[tuple[object, ...]]:
    table = ops_kv_message.c
    with read(engine) as connection:
        rows = connection.execute(sa.select(table.channel, table.message, table.created).order_by(table.id))
        return [tuple(row) for row in rows]


def test_messages_are_kept_for_whoever_looks(
    embedded: EmbeddedStore, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyvalue, "MESSAGES_KEPT", 2)
    for word in ("one", "two", "three"):
        embedded.publish("F2B_CHANNEL", word)
    noon = NOON.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    assert messages(embedded, engine) == [("F2B_CHANNEL", "two", noon), ("F2B_CHANNEL", "three", noon)]


def test_other_processes_see_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/site.sqlite"
    engine = engine_for(url)
    metadata.create_all(engine, tables=TABLES)
    EmbeddedStore(engine).hset("DOMAIN_MAP", {"example.org": "1"})
    code = (
        "import sys; from opslib.stores.database import engine_for; from opslib.stores.keyvalue import EmbeddedStore;"
        "store = EmbeddedStore(engine_for(sys.argv[1])); print(store.hgetall('DOMAIN_MAP')); store.set('seen', 'yes')"
    )
    told = subprocess.run([sys.executable, "-c", code, url], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "{'example.org': '1'}"
    assert EmbeddedStore(engine).get("seen") == "yes"
    engine.dispose()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)))
)
def test_a_hash_behaves_as_a_dictionary(steps: list[tuple[str, dict[str, str]]]) -> None:
    engine = engine_for("sqlite://")
    metadata.create_all(engine, tables=TABLES)
    store = EmbeddedStore(engine)
    model: dict[str, dict[str, str]] = {"a": {}, "b": {}}
    for name, fields in steps:
        store.hset(name, fields)
        model[name] |= fields
    assert {name: store.hgetall(name) for name in model} == model
    engine.dispose()


def test_a_redis_that_is_down_is_named_without_secrets() -> None:
    store = RedisStore("redis://:redissecret@127.0.0.1:1/0", timeout=0.5)
    with pytest.raises(ServerError, match="key-value store cannot be reached") as caught:
        store.get("x")
    assert caught.value.key == "keyvalue_down"
    assert "redissecret" not in str(caught.value)
    store.close()
