"""The daemons that run on this machine, found by the names of their processes."""

from __future__ import annotations

from datetime import UTC, datetime

import psutil

from opslib.host.base import Service

NAMES = {
    "dovecot-mailcow": "dovecot",
    "memcached-mailcow": "memcached",
    "mysql-mailcow": "mariadbd",
    "nginx-mailcow": "nginx",
    "postfix-mailcow": "master",
    "redis-mailcow": "redis-server",
    "rspamd-mailcow": "rspamd",
    "sogo-mailcow": "sogod",
}
"""Service -> name of its first process."""


def services() -> list[Service]:
    """Services that run, each since its oldest process was started."""
    started: dict[str, float] = {}
    for process in psutil.process_iter(["name", "create_time"]):
        name, since = process.info["name"], process.info["create_time"]
        started[name] = min(since, started.get(name, since))
    return [
        Service(service, "running", datetime.fromtimestamp(started[name], UTC))
        for service, name in NAMES.items()
        if name in started
    ]
