"""Clear passwords on their way into a plan: judged by the policy, hashed in a process pool, never shown again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opslib import passwords
from opslib.actor import Actor
from opslib.plan import Plan
from opslib.site import Site

if TYPE_CHECKING:
    from opslib.resource import Draft

GENERATE = "*"  # what a caller gives to have a password made
FEW = 8  # up to here a process pool costs more than it saves

Progress = Callable[[int, int], None]
Hash = Callable[[Sequence[str], str], list[str]]

_by: ContextVar[Hash | None] = ContextVar("hash", default=None)


@contextmanager
def hashed_by(hash_all: Hash) -> Iterator[None]:
    """In this context clear passwords, once judged, are hashed by `hash_all(passwords, scheme)`: in a pool that stays
    open, or not at all where only a verdict is asked for."""
    token = _by.set(hash_all)
    try:
        yield
    finally:
        _by.reset(token)


class Passwords:
    """Password rules of one site for one actor (addresses.md 9.6); `progress(done, total)` is told of hashes."""

    def __init__(self, site: Site, actor: Actor, progress: Progress | None = None) -> None:
        self.site = site
        self.actor = actor
        self.progress = progress

    def prepare(self, plan: Plan, drafts: Sequence[Draft], field: str = "password", required: bool = False) -> None:
        """Replace each draft's clear password by its hash; "*" makes one and hands it out once with the plan.

        Hashes are kept as they are when an administrator gives them.
        """
        if not drafts:
            return
        policy = passwords.Policy.from_mapping(self.site.keyvalue.hgetall("PASSWD_POLICY"))
        made = {id(draft): passwords.generate(policy) for draft in drafts if draft.values.get(field) == GENERATE}
        clear: list[tuple[Draft, str]] = []
        for draft in drafts:
            given = made.get(id(draft)) or draft.values.get(field)
            if not given:
                if required:
                    draft.fail("field_needed", "Password", field=field)
            elif passwords.is_hashed(given):
                self._judge_hash(draft, field)
            elif self._judge(policy, draft, given, field):
                clear.append((draft, given))
        clear = [(draft, given) for draft, given in clear if draft.ok]
        plan.generated |= {str(draft.key): given for draft, given in clear if id(draft) in made}
        self._hash(clear, field)

    def _judge_hash(self, draft: Draft, field: str) -> None:
        if not self.actor.is_admin:
            draft.fail("password_hashed_denied", field=field)

    def _judge(self, policy: passwords.Policy, draft: Draft, given: str, field: str) -> bool:
        try:
            policy.check(given, self.site.password_scheme)
        except ValueError as error:
            draft.fail(str(error), field=field)
            return False
        return True

    def _hash(self, clear: Sequence[tuple[Draft, str]], field: str) -> None:
        given, scheme = [password for _, password in clear], self.site.password_scheme
        by = _by.get()
        if by is not None:
            hashed = by(given, scheme) if given else []
        elif len(given) > FEW:
            with passwords.HashPool() as pool:
                hashed = pool.hash_many(given, scheme, self.progress)
        else:
            hashed = [passwords.make(password, scheme) for password in given]
        for (draft, _), value in zip(clear, hashed, strict=True):
            draft.values[field] = value
