"""What a finding and an invariant are, and the register of all invariants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from opslib.verify.snapshot import Snapshot

Severity = Literal["error", "warning"]
Broken = Iterable[tuple[str, str]]
"""(key of the row, sentence) of every place where an invariant does not hold."""

Check = Callable[["Snapshot"], Broken]


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where an invariant does not hold.

    number: of addresses.md chapter 20, 0 for what other chapters ask · table: table or key-value hash ·
    key: which row or field · hint: how to repair it.
    """

    invariant: str
    number: int
    severity: Severity
    table: str
    key: str
    sentence: str
    hint: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule that holds over the whole site, and the function that finds where it does not."""

    name: str
    number: int
    table: str
    severity: Severity
    hint: str
    doc: str
    check: Check

    def findings(self, snapshot: Snapshot) -> list[Finding]:
        """Everything that breaks it."""
        head = (self.name, self.number, self.severity, self.table)
        return [Finding(*head, key, sentence, self.hint) for key, sentence in self.check(snapshot)]


INVARIANTS: dict[str, Invariant] = {}


def invariant(number: int, table: str, hint: str, severity: Severity = "error") -> Callable[[Check], Check]:
    """Register a check under its function name; its docstring is the rule in words."""

    def register(check: Check) -> Check:
        add(check.__name__, number, table, hint, check.__doc__ or "", check, severity)
        return check

    return register


def add(name: str, number: int, table: str, hint: str, doc: str, check: Check, severity: Severity = "error") -> None:
    """Register a check under a name of its own."""
    INVARIANTS[name] = Invariant(name, number, table, severity, hint, doc, check)
