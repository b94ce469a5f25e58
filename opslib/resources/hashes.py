"""Changes to fields of a key-value hash as effects that can be taken back."""

from __future__ import annotations

from collections.abc import Mapping

from opslib.plan import Effect, Plan

Moves = Mapping[str, tuple[str | None, str | None]]


def move(plan: Plan, key: str, moves: Moves, what: str) -> None:
    """Plan the hash changes {field: (old, new)}, None meaning absent; three effects at most, whatever the number."""
    fresh = {name: new for name, (old, new) in moves.items() if old is None and new is not None}
    changed = {name: (old, new) for name, (old, new) in moves.items() if None not in (old, new) and old != new}
    gone = {name: old for name, (old, new) in moves.items() if old is not None and new is None}
    if fresh:
        _add(plan, _hset(key, fresh, what), _hdel(key, fresh, what))
    if changed:
        old, new = ({name: str(pair[side]) for name, pair in changed.items()} for side in (0, 1))
        _add(plan, _hset(key, new, what), _hset(key, old, what))
    if gone:
        _add(plan, _hdel(key, gone, what), _hset(key, gone, what))


def _add(plan: Plan, effect: Effect, undo: Effect) -> None:
    plan.effects.append(Effect(effect.kind, effect.verb, effect.args, effect.label, undo))


def _hset(key: str, fields: Mapping[str, str], what: str) -> Effect:
    return Effect("keyvalue", "hset", {"key": key, "fields": dict(fields)}, f"{what}: set for {_some(fields)}")


def _hdel(key: str, fields: Mapping[str, str], what: str) -> Effect:
    return Effect("keyvalue", "hdel", {"key": key, "fields": list(fields)}, f"{what}: off for {_some(fields)}")


def _some(names: Mapping[str, str]) -> str:
    first = next(iter(names))
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"
