"""A password and its repetition, as categories get them (addresses.md 9.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opslib.errors import Problem
from opslib.plan import Plan
from opslib.resources.passwording import GENERATE


def pair_problem(attr: Mapping[str, Any], name: str, required: bool) -> Problem | None:
    """What is wrong with `<name>` and `<name>2`; nothing given is wrong only when a password is required.

    The sign that makes the library invent a password means nothing here: nobody could read what was invented.
    """
    first, second = attr.get(name), attr.get(f"{name}2")
    if not required and not first and not second:
        return None
    if not first or not second or str(first) == GENERATE:
        return Problem("password_complexity", (), "password")
    return Problem("password_mismatch", (), "password") if str(first) != str(second) else None


def unless(problem: Problem | None, make: Callable[[], Plan], subject: str = "") -> Callable[[], Plan]:
    """`make`, whose plan is refused for the problem once nothing else stands against it."""

    def judged() -> Plan:
        plan = make()
        if problem is None or plan.refused:
            return plan
        refused = Plan(plan.resource, plan.verb, plan.label)
        for name in dict.fromkeys(outcome.subject for outcome in plan.outcomes):
            refused.refuse(name, problem)
        return refused

    return judged
