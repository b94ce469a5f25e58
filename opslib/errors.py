"""One shape for everything that can go wrong: console, API and CLI render the same `Problem`s.

`UserError` is what the person can mend, `ServerError` the rest.  Keys are the contract's message keys
(addresses.md 1.1, access.md 1.3) so that API clients keep recognising them; words come from `opslib.messages`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from opslib import messages


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: message key, its arguments, and the field it belongs to (None = the whole object)."""

    key: str
    args: tuple[Any, ...] = ()
    field: str | None = None

    @property
    def text(self) -> str:
        """The sentence for people."""
        return messages.text(self.key, self.args)

    def at(self, field: str) -> Problem:
        """The same finding, tied to a field unless it already names one."""
        return self if self.field else replace(self, field=field)


class _Reported(Exception):
    def __init__(self, key: str, *args: Any, field: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(key, args, field),)
        super().__init__(key, *args)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> Self:
        """One error that carries several findings, in order."""
        found = tuple(problems)
        error = cls(found[0].key, *found[0].args, field=found[0].field)
        error.problems = found
        return error

    @property
    def key(self) -> str:
        """Message key of the first finding."""
        return self.problems[0].key

    def __str__(self) -> str:
        return " ".join(problem.text for problem in self.problems)


class UserError(_Reported, ValueError):
    """Something the person can mend: a value, a choice, a missing right."""


class Denied(UserError):
    """The actor may not do this, or may not even see the object (the two are not told apart)."""

    def __init__(self, key: str = "access_denied", *args: Any, field: str | None = None) -> None:
        super().__init__(key, *args, field=field)


class Conflict(UserError):
    """Rows changed since they were read; nothing was written."""


class ServerError(_Reported, RuntimeError):
    """Something the person cannot mend here: a backend that is down, a refused connection."""
