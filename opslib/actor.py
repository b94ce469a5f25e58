"""Who acts: name, role and the ACL bits that hold for him (contract: access.md 1.1, 9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["admin", "domainadmin", "user"]
Via = Literal["console", "cli", "api", "notebook", "worker"]

RANK: dict[str, int] = {"user": 0, "domainadmin": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting account.  `bits` are effective ACL bits (access.md 9.3); an admin has them all.

    `domains` are given to whoever is no account: an API key limited to domains acts as the domain administrator of these.
    """

    name: str
    role: Role
    bits: frozenset[str] = field(default_factory=frozenset)
    via: Via = "console"
    domains: frozenset[str] | None = None

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def may(self, bit: str | None) -> bool:
        """Whether the ACL bit holds; no bit asked for means no restriction."""
        return bit is None or self.is_admin or bit in self.bits

    def outranked_by(self, role: Role) -> bool:
        """Whether an account of `role` stands above this actor: such accounts are never touched by him."""
        return RANK[role] > RANK[self.role]


def system(via: Via = "cli", name: str = "system") -> Actor:
    """The operator at the machine's own shell: whoever can read the settings is an administrator."""
    return Actor(name, "admin", via=via)
