"""The key-value store: Redis, or tables of the database for the embedded site.

The mail server's daemons read these keys (addresses.md 3.1, access.md 3.1).  Keys and values are text; bytes that are
not UTF-8 survive as surrogates.  Nothing expires.  Every method raises ServerError when the store cannot be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import redis
import sqlalchemy as sa

from opslib.errors import ServerError
from opslib.schema.keyvalue import ops_kv, ops_kv_hash, ops_kv_list, ops_kv_message
from opslib.stores.database import chunks, insert_or_update, read, write

MESSAGES_KEPT = 1000


class KeyValue(Protocol):
    """What mailops needs of a key-value store, with Redis' meaning."""

    def get(self, key: str) -> str | None:
        """The string of `key`, None when there is none."""

    def set(self, key: str, value: str) -> None:
        """Set the string of `key`, whatever it was."""

    def delete(self, *keys: str) -> int:
        """Remove keys of any kind; give how many there were."""

    def hget(self, key: str, field: str) -> str | None:
        """One field of a hash."""

    def hset(self, key: str, fields: Mapping[str, str]) -> None:
        """Set fields of a hash; the others stay."""

    def hdel(self, key: str, *fields: str) -> int:
        """Remove fields of a hash; give how many there were."""

    def hgetall(self, key: str) -> dict[str, str]:
        """All fields of a hash."""

    def hmget(self, key: str, fields: Sequence[str]) -> list[str | None]:
        """These fields of a hash, in this order."""

    def hlen(self, key: str) -> int:
        """Number of fields of a hash."""

    def lpush(self, key: str, *values: str, keep: int | None = None) -> None:
        """Put values in front of a list, the last one foremost, and cut it to `keep` entries."""

    def lrange(self, key: str, start: int = 0, stop: int = -1) -> list[str]:
        """Entries of a list, newest first, `stop` included; negative positions count from the end."""

    def publish(self, channel: str, message: str) -> int:
        """Send a message to whoever listens; give how many did, as far as known."""


class RedisStore:
    """Redis at `url` (`redis://:password@host:port/0`); connects when first used, safe to share between threads."""

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        self._redis: Any = redis.Redis.from_url(
            url,
            decode_responses=True,
            encoding="utf-8",
            encoding_errors="surrogateescape",
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            health_check_interval=30,
        )

    def close(self) -> None:
        """Give up all connections."""
        self._redis.close()

    def get(self, key: str) -> str | None:
        found: str | None = self._ask("GET", key)
        return found

    def set(self, key: str, value: str) -> None:
        self._ask("SET", key, value)

    def delete(self, *keys: str) -> int:
        return int(self._ask("DEL", *keys)) if keys else 0

    def hget(self, key: str, field: str) -> str | None:
        found: str | None = self._ask("HGET", key, field)
        return found

    def hset(self, key: str, fields: Mapping[str, str]) -> None:
        if fields:
            self._ask("HSET", key, *(word for pair in fields.items() for word in pair))

    def hdel(self, key: str, *fields: str) -> int:
        return int(self._ask("HDEL", key, *fields)) if fields else 0

    def hgetall(self, key: str) -> dict[str, str]:
        return dict(self._ask("HGETALL", key))

    def hmget(self, key: str, fields: Sequence[str]) -> list[str | None]:
        return list(self._ask("HMGET", key, *fields)) if fields else []

    def hlen(self, key: str) -> int:
        return int(self._ask("HLEN", key))

    def lpush(self, key: str, *values: str, keep: int | None = None) -> None:
        if values:
            self._ask("LPUSH", key, *values)
        if keep is not None:
            self._ask("LTRIM", key, *((0, keep - 1) if keep else (1, 0)))

    def lrange(self, key: str, start: int = 0, stop: int = -1) -> list[str]:
        return list(self._ask("LRANGE", key, start, stop))

    def publish(self, channel: str, message: str) -> int:
        return int(self._ask("PUBLISH", channel, message))

    def _ask(self, *command: str | int) -> Any:
        try:
            return self._redis.execute_command(*command)
        except redis.RedisError as error:
            raise ServerError("keyvalue_down", str(error) or type(error).__name__) from error


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EmbeddedStore:
    """The store as tables `ops_kv*`: every process that opens the database sees it.

    Each call is a transaction of its own, so never call it inside `write` on the same SQLite database.
    Messages are kept (the newest 1000) for whoever looks; nobody is known to listen.
    """

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def get(self, key: str) -> str | None:
        found: str | None = self._scalar(sa.select(ops_kv.c.value).where(ops_kv.c.key == key))
        return found

    def set(self, key: str, value: str) -> None:
        with write(self._engine) as connection:
            for table in (ops_kv_hash, ops_kv_list):
                connection.execute(table.delete().where(table.c.key == key))
            connection.execute(insert_or_update(ops_kv, connection), {"key": key, "value": value})

    def delete(self, *keys: str) -> int:
        with write(self._engine) as connection:
            return sum(_delete(connection, key) for key in dict.fromkeys(keys))

    def hget(self, key: str, field: str) -> str | None:
        table = ops_kv_hash.c
        found: str | None = self._scalar(sa.select(table.value).where(table.key == key, table.field == field))
        return found

    def hset(self, key: str, fields: Mapping[str, str]) -> None:
        rows = [{"key": key, "field": field, "value": fields[field]} for field in sorted(fields)]
        with write(self._engine) as connection:
            for chunk in chunks(rows):
                connection.execute(insert_or_update(ops_kv_hash, connection), list(chunk))

    def hdel(self, key: str, *fields: str) -> int:
        table = ops_kv_hash
        removed = 0
        with write(self._engine) as connection:
            for chunk in chunks(fields):
                where = (table.c.key == key, table.c.field.in_(chunk))
                removed += connection.execute(table.delete().where(*where)).rowcount
        return removed

    def hgetall(self, key: str) -> dict[str, str]:
        table = ops_kv_hash.c
        return self._pairs(sa.select(table.field, table.value).where(table.key == key))

    def hmget(self, key: str, fields: Sequence[str]) -> list[str | None]:
        table = ops_kv_hash.c
        found: dict[str, str] = {}
        for chunk in chunks(fields):
            query = sa.select(table.field, table.value).where(table.key == key, table.field.in_(chunk))
            found |= self._pairs(query)
        return [found.get(field) for field in fields]

    def hlen(self, key: str) -> int:
        return int(self._scalar(sa.select(sa.func.count()).where(ops_kv_hash.c.key == key)))

    def lpush(self, key: str, *values: str, keep: int | None = None) -> None:
        table = ops_kv_list
        with write(self._engine) as connection:
            if values:
                connection.execute(table.insert(), [{"key": key, "value": value} for value in values])
            if keep is not None:
                newest = sa.select(table.c.id).where(table.c.key == key).order_by(table.c.id.desc())
                surplus = connection.scalar(newest.offset(keep).limit(1))
                if surplus is not None:
                    connection.execute(table.delete().where(table.c.key == key, table.c.id <= surplus))

    def lrange(self, key: str, start: int = 0, stop: int = -1) -> list[str]:
        table = ops_kv_list.c
        count = int(self._scalar(sa.select(sa.func.count()).where(table.key == key)))
        first = max(start + count, 0) if start < 0 else start
        last = stop + count if stop < 0 else min(stop, count - 1)
        if last < first:
            return []
        query = sa.select(table.value).where(table.key == key).order_by(table.id.desc())
        with read(self._engine) as connection:
            return list(connection.scalars(query.offset(first).limit(last - first + 1)))

    def publish(self, channel: str, message: str) -> int:
        table = ops_kv_message
        created = self._clock().astimezone(UTC).replace(tzinfo=None, microsecond=0)
        with write(self._engine) as connection:
            values = {"channel": channel, "message": message, "created": created}
            connection.execute(table.insert().values(values))
            newest = int(connection.scalar(sa.select(sa.func.max(table.c.id))) or 0)
            connection.execute(table.delete().where(table.c.id <= newest - MESSAGES_KEPT))
        return 0

    def _scalar(self, query: sa.Select[Any]) -> Any:
        with read(self._engine) as connection:
            return connection.scalar(query)

    def _pairs(self, query: sa.Select[Any]) -> dict[str, str]:
        with read(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


def _delete(connection: sa.Connection, key: str) -> int:
    """1 when there was anything under `key`."""
    counts = [
        connection.execute(table.delete().where(table.c.key == key)).rowcount
        for table in (ops_kv, ops_kv_hash, ops_kv_list)
    ]
    return int(any(counts))
