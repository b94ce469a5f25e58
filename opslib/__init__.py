"""The ops library: one mail server as resources, queries and plans.  `opslib.connect()` is the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opslib.connecting import connect, open_site
    from opslib.ops import Ops

__all__ = ["Ops", "connect", "open_site"]

_HOMES = {"connect": "opslib.connecting", "open_site": "opslib.connecting", "Ops": "opslib.ops"}


def __getattr__(name: str) -> Any:
    """Looked up when first used: importing a part of the library does not load all of it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
