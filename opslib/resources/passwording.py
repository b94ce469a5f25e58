"""Clear passwords on their way into a plan: judged by the policy, hashed in a process pool, never shown again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opslib import passwords
from opslib.actor import Actor
from opslib.plan import Plan
from opslib.site import Site

if TYPE_CHECKING:
    from opslib.resource import Draft

GENERATE = "*"  # what a caller gives to have a password made
FEW = 8  # up to here a process pool costs more than it saves


class Passwords:
    """Password rules of one site for one actor (addresses.md 9.6)."""

    def __init__(self, site: Site, actor: Actor) -> None:
        self.scheme = site.password_scheme
        self.actor = actor
        self.policy = passwords.Policy.from_mapping(site.keyvalue.hgetall("PASSWD_POLICY"))

    def prepare(self, plan: Plan, drafts: Sequence[Draft], field: str = "password", required: bool = False) -> None:
        """Replace each draft's clear password by its hash; "*" makes one and hands it out once with the plan.

        Hashes are kept as they are when an administrator gives them.
        """
        clear: list[tuple[Draft, str]] = []
        for draft in drafts:
            given = draft.values.get(field)
            if given == GENERATE:
                given = plan.generated[str(draft.key)] = passwords.generate(self.policy)
            if not given:
                if required:
                    draft.fail("field_needed", "Password", field=field)
            elif passwords.is_hashed(given):
                self._judge_hash(draft, field)
            elif self._judge(draft, given, field):
                clear.append((draft, given))
        self._hash([(draft, given) for draft, given in clear if draft.ok], field)

    def _judge_hash(self, draft: Draft, field: str) -> None:
        if not self.actor.is_admin:
            draft.fail("password_hashed_denied", field=field)

    def _judge(self, draft: Draft, given: str, field: str) -> bool:
        try:
            self.policy.check(given, self.scheme)
        except ValueError as error:
            draft.fail(str(error), field=field)
            return False
        return True

    def _hash(self, clear: Sequence[tuple[Draft, str]], field: str) -> None:
        given = [password for _, password in clear]
        if len(given) > FEW:
            with passwords.HashPool() as pool:
                hashed = pool.hash_many(given, self.scheme)
        else:
            hashed = [passwords.make(password, self.scheme) for password in given]
        for (draft, _), value in zip(clear, hashed, strict=True):
            draft.values[field] = value
