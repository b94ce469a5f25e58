"""What a write answers: one item per object, with the contract's message keys (access.md 1.3, 10.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opslib.errors import Problem

MASK = "*"
_HIDDEN = re.compile(r"pass|secret|token|key", re.IGNORECASE)
_SHOWN = frozenset({"key_size"})
_OWN_CALL: dict[str, list[Any]] = {
    key: ["password_check", None, None] for key in ("password_mismatch", "password_complexity")
}


@dataclass(frozen=True, slots=True)
class Item:
    """One result: status, message key and arguments, what was called, and the field it is about."""

    status: str
    key: str
    args: tuple[Any, ...]
    log: list[Any]
    field: str | None = None

    @property
    def problem(self) -> Problem:
        return Problem(self.key, self.args, self.field)

    def body(self) -> dict[str, Any]:
        """The item as the contract sends it."""
        message: Any = [self.key, *map(plain, self.args)] if self.args else self.key
        return {"type": self.status, "log": _OWN_CALL.get(self.key, self.log), "msg": message}


def plain(value: Any) -> Any:
    """An argument as JSON."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return [plain(part) for part in value] if isinstance(value, list | tuple) else str(value)


def masked(value: Any) -> Any:
    """The value with everything secret replaced by *, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): MASK if _secret(str(name)) else masked(part) for name, part in value.items()}
    return [masked(part) for part in value] if isinstance(value, list | tuple) else value


def _secret(name: str) -> bool:
    return name not in _SHOWN and _HIDDEN.search(name) is not None


def call_of(head: Sequence[str | None], data: Mapping[str, Any], tail: Sequence[Any] = ()) -> list[Any]:
    """What was called, as `log` shows it."""
    return [*head, masked(data) or [], *tail]
