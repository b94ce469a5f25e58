"""Where the mail daemons run, behind a few allow-listed verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from opslib.host.absent import AbsentHost
from opslib.host.base import Host
from opslib.host.demo import DemoHost
from opslib.stores.keyvalue import KeyValue


def host_for(kind: str, keyvalue: KeyValue, clock: Callable[[], datetime]) -> Host:
    """The host of that kind (`Settings.host_kind`): `demo`, or anything else for none."""
    return DemoHost(keyvalue, clock) if kind == "demo" else AbsentHost()
