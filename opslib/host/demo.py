"""A made-up host for the embedded site.  Its state is in the key-value store under `demo:`, so all processes see one.

It answers as the contract says (operations.md 4.3) and touches nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

from opslib.host.base import Answer, Service, refusal
from opslib.stores.keyvalue import KeyValue

MAILDIRS = "demo:maildirs"  # path -> bytes
GARBAGE = "demo:garbage"  # name in the garbage -> path it had
SERVICES = "demo:services"  # service -> JSON
LOG = "demo:log"

_LOG_KEPT = 500
_DONE = "command completed successfully"
_DAEMONS = "acme clamd dockerapi dovecot memcached mysql netfilter nginx ofelia olefy php-fpm postfix postfix-tlspol"
_NAMES = tuple(f"{name}-mailcow" for name in f"{_DAEMONS} redis rspamd sogo unbound watchdog".split())


class DemoHost:
    """Services that restart at once and maildirs that move on paper."""

    name = "demo"
    label = "Demo host (made up)"
    demo = True

    def __init__(self, keyvalue: KeyValue, clock: Callable[[], datetime]) -> None:
        self._keyvalue = keyvalue
        self._clock = clock
        self._verbs: dict[str, Callable[..., str]] = {
            "restart": self._restart,
            "maildir_cleanup": self._cleanup,
            "maildir_move": self._move,
        }

    def do(self, verb: str, **arguments: str) -> Answer:
        """Carry out a verb on paper and log it under `demo:log`."""
        problem = refusal(verb, arguments)
        if verb == "restart" and not problem and arguments["service"] not in _NAMES:
            problem = "no container found"
        if problem:
            return Answer(False, problem)
        detail = self._verbs[verb](**arguments) if verb in self._verbs else ""
        entry = {"time": self._epoch(), "verb": verb, **arguments, "detail": detail}
        self._keyvalue.lpush(LOG, json.dumps(entry), keep=_LOG_KEPT)
        return Answer(True, _DONE, detail)

    def services(self) -> list[Service]:
        """All services, running since the last restart, or since midnight UTC."""
        touched = self._keyvalue.hgetall(SERVICES)
        return [self._service(name, touched.get(name)) for name in _NAMES]

    def log(self) -> list[dict[str, str | int]]:
        """What was asked of this host, newest first: time (epoch seconds), verb, its arguments, detail."""
        return [json.loads(entry) for entry in self._keyvalue.lrange(LOG)]

    def make_maildirs(self, sizes: dict[str, int]) -> None:
        """Let maildirs exist: `domain/local part` -> bytes."""
        self._keyvalue.hset(MAILDIRS, {path: str(size) for path, size in sizes.items()})

    def maildirs(self) -> dict[str, int]:
        """The maildirs there are: `domain/local part` -> bytes."""
        return {path: int(size) for path, size in self._keyvalue.hgetall(MAILDIRS).items()}

    def garbage(self) -> dict[str, str]:
        """What was moved to the garbage: name there -> former path."""
        return self._keyvalue.hgetall(GARBAGE)

    def _restart(self, service: str) -> str:
        before = self._service(service, self._keyvalue.hget(SERVICES, service))
        after = {"since": self._epoch(), "restarts": before.restarts + 1}
        self._keyvalue.hset(SERVICES, {service: json.dumps(after)})
        return service

    def _cleanup(self, path: str) -> str:
        """Mail of one mailbox, or of all of a domain, under `<epoch>_<path without non-word characters>`."""
        gone = [found for found in self.maildirs() if found == path or found.startswith(path + "/")]
        if not gone:
            return "nothing to move"
        name = f"{self._epoch()}_{re.sub(r'[^A-Za-z0-9_]', '', path)}"
        self._keyvalue.hset(GARBAGE, {name: path})
        self._keyvalue.hdel(MAILDIRS, *gone)
        return name

    def _move(self, old: str, new: str) -> str:
        size = self._keyvalue.hget(MAILDIRS, old)
        if size is None:
            return "nothing to move"
        self._keyvalue.hset(MAILDIRS, {new: size})
        self._keyvalue.hdel(MAILDIRS, old)
        return new

    def _service(self, name: str, stored: str | None) -> Service:
        if stored is None:
            midnight = self._clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            return Service(name, "running", midnight)
        state = json.loads(stored)
        return Service(name, "running", datetime.fromtimestamp(state["since"], UTC), state["restarts"])

    def _epoch(self) -> int:
        return int(self._clock().timestamp())
