"""Names for code that runs inside a commit, so that plans stay data.

A guard raises `UserError` when its condition does not hold.  A derivation rewrites rows that follow from others; its
preparation, where it has one, runs before the writes, with the same arguments.
All get the open connection and the site, plus the arguments kept in the plan.

A task is an effect after the commit whose result must not be kept with the plan, such as a new private key.  It gets the
site and its arguments, is safe to repeat, and raises `ServerError` when it has to be tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from opslib.site import Site

Inside = Callable[..., None]

_guards: dict[str, Inside] = {}
_derivations: dict[str, Inside] = {}
_tasks: dict[str, Inside] = {}
_preparations: dict[str, Inside] = {}


def guard(function: Inside) -> Inside:
    """Register a guard under its function name."""
    _guards[function.__name__] = function
    return function


def derivation(function: Inside) -> Inside:
    """Register a derivation under its function name."""
    _derivations[function.__name__] = function
    return function


def preparation(name: str) -> Callable[[Inside], Inside]:
    """Register what the derivation of that name must see before the writes."""

    def register(function: Inside) -> Inside:
        _preparations[name] = function
        return function

    return register


def task(function: Inside) -> Inside:
    """Register a task under its function name."""
    _tasks[function.__name__] = function
    return function


def check(name: str, connection: sa.Connection, site: Site, *args: Any) -> None:
    """Run a guard."""
    _guards[name](connection, site, *args)


def prepare(name: str, connection: sa.Connection, site: Site, *args: Any) -> None:
    """Run the preparation of a derivation, if it has one."""
    if name in _preparations:
        _preparations[name](connection, site, *args)


def derive(name: str, connection: sa.Connection, site: Site, *args: Any) -> None:
    """Run a derivation."""
    _derivations[name](connection, site, *args)


def perform(name: str, site: Site, **args: Any) -> None:
    """Run a task."""
    _tasks[name](site, **args)
