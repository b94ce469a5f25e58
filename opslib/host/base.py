"""What mailops asks of the machine the daemons run on (addresses.md 3.2, operations.md 4.3).

Every verb is safe to repeat: the outbox tries again what it is not sure of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opslib.errors import ServerError


class HostAbsent(ServerError):
    """There is no connection to the host; what was asked has to wait."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        super().__init__("host_absent")

    def __str__(self) -> str:
        return self.reason or super().__str__()


@dataclass(frozen=True, slots=True)
class Answer:
    """How a verb ended.  `detail` is output of the command: hostile text, for plain display only."""

    ok: bool
    message: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One daemon.  `since` is when it was started (aware), `restarts` how often mailops restarted it."""

    name: str
    state: str
    since: datetime
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Verb:
    """Declaration of one verb: what each argument must look like, what the verb does, what may be left out."""

    arguments: Mapping[str, re.Pattern[str]]
    doc: str
    optional: frozenset[str] = frozenset()


class Host(Protocol):
    """Where the daemons run.  `demo` is true when the answers are made up: whoever shows them says so."""

    name: str
    label: str
    demo: bool

    def do(self, verb: str, **arguments: str) -> Answer:
        """Carry out a verb of `VERBS`.  Raises HostAbsent without a connection, ServerError when it breaks."""

    def services(self) -> list[Service]:
        """The daemons, by name.  Raises HostAbsent, ServerError."""


_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]*-mailcow")
_WORD = r"[^-/@\s\x00-\x1f\x7f][^/@\s\x00-\x1f\x7f]*"  # never an option, never a path
_NAME = r"(?!\.{1,2}(?:/|$))[^/\s\x00-\x1f\x7f]+"
_USER = re.compile(f"{_WORD}@{_WORD}")
_MAILBOX = re.compile(f"(?!-){_NAME}/{_NAME}")
_MAILDIR = re.compile(f"(?!-){_NAME}(?:/{_NAME})?")

VERBS: dict[str, Verb] = {
    "restart": Verb({"service": _SERVICE}, "Restart the containers of a service."),
    "maildir_cleanup": Verb(
        {"path": _MAILDIR}, "Move the mail of `domain` or `domain/local part` to the garbage; nothing there is fine."
    ),
    "maildir_move": Verb({"old": _MAILBOX, "new": _MAILBOX}, "Move the mail of a renamed mailbox."),
    "sogo_rename": Verb({"old": _USER, "new": _USER}, "Rename a user's calendars and address books in SOGo."),
    "imap_acl_rename": Verb({"old": _USER, "new": _USER}, "Carry shared-folder rights over to a user's new name."),
    "flush_memcached": Verb({}, "Empty SOGo's cache, so that it sees the changed users."),
    "flush_auth_cache": Verb(
        {"user": _USER},
        "Make Dovecot forget a user's cached password; without a user, everybody's.",
        frozenset({"user"}),
    ),
}


def refusal(verb: str, arguments: Mapping[str, str]) -> str | None:
    """Why a host must not carry this out, None when it may: only declared verbs with well-formed arguments."""
    declared = VERBS.get(verb)
    if declared is None:
        return f"there is no host command {verb}"
    if not set(declared.arguments) - declared.optional <= set(arguments) <= set(declared.arguments):
        return f"{verb} takes: {', '.join(declared.arguments) or 'nothing'}"
    wrong = [name for name, value in arguments.items() if not declared.arguments[name].fullmatch(str(value))]
    return f"{verb}: {wrong[0]} is not acceptable" if wrong else None
