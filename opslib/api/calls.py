"""One call of the API as the categories see it, what they answer, and the routes that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from opslib.api.envelope import Item
from opslib.ops import Ops

Action = Literal["get", "add", "edit", "delete", "search"]
ACTIONS: tuple[Action, ...] = ("get", "add", "edit", "delete", "search")
EVERYBODY = ("admin", "domainadmin", "user")
STAFF = ("admin", "domainadmin")


@dataclass(frozen=True, slots=True)
class Call:
    """Path and query parameters; `attr` and `items` of a write; the whole body of a search."""

    ops: Ops
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    attr: Mapping[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    session: Any = None

    def keys(self) -> list[str]:
        """Items as text, each once."""
        return list(dict.fromkeys(str(item) for item in self.items if isinstance(item, str | int | float)))


@dataclass(frozen=True, slots=True)
class Written:
    """What a write gives: its items; without any, whether it went well."""

    items: list[Item]
    done: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """A list that is sent while it is encoded."""

    objects: Iterator[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the API.

    `path` comes after the action; `{name}` are parameters, `{name:path}` may hold slashes.  `resource` is what the limits
    of a named key are judged by.  `reads` marks a POST that changes nothing, `changes` a GET that does.
    """

    action: Action
    path: str
    run: Callable[[Call], Any]
    resource: str
    summary: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tag: str = ""
    roles: tuple[str, ...] = EVERYBODY
    changes: bool = False

    @property
    def writes(self) -> bool:
        return self.action in ("add", "edit", "delete") or self.changes

    @property
    def method(self) -> str:
        return "GET" if self.action == "get" else "POST"

    @property
    def category(self) -> str:
        """The path's fixed beginning."""
        return self.path.partition("/{")[0]
