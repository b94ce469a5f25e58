"""Rights on shared IMAP folders, carried over to a mailbox's new name (addresses.md 3.2, 9.5).

Runs after the rename: Dovecot knows the new name only, so folders that name the old one are found in the store.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opslib.host.command import Commands
from opslib.host.directories import inside, root
from opslib.host.mailstore import GARBAGE

_FILE = "dovecot-acl"
_MESSAGES = {"cur", "new", "tmp"}
_SHARED = "Shared/"
_NO_USER = 67


def rename(commands: Commands, store: Path, old: str, new: str) -> str:
    """Give the new name every right the old one had, and the folders it shares; gives in words how many.

    Raises HostAbsent, ServerError `task_failed`.
    """
    count = sum(_rename_in(commands, owner, old, new) for owner in sharing_with(store, old))
    commands.check("doveadm", "acl", "recalc", "-u", new)
    return f"{count} folders"


def sharing_with(store: Path, user: str) -> Iterator[str]:
    """Mailboxes that have a folder whose access list names the user."""
    wanted = f"user={user}".encode()
    with root(store) as top:
        for domain in _directories(top):
            with inside(top, domain) as parent:
                for local in _directories(parent):
                    with inside(parent, local) as home:
                        if any(wanted in text for text in _access_lists(home)):
                            yield f"{local}@{domain}"


def _directories(parent: int) -> list[str]:
    with os.scandir(parent) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name != GARBAGE)


def _access_lists(home: int) -> Iterator[bytes]:
    for _, below, files, descriptor in os.fwalk(".", dir_fd=home, follow_symlinks=False):
        below[:] = [name for name in below if name not in _MESSAGES]
        if _FILE in files:
            with open(os.open(_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor), "rb") as file:
                yield file.read()


def _rename_in(commands: Commands, owner: str, old: str, new: str) -> int:
    listed = commands.run("doveadm", "-f", "json", "mailbox", "list", "-u", owner)
    if listed.code == _NO_USER:
        return 0  # left over from a mailbox that is gone
    folders = [row["mailbox"] for row in _rows(listed.out) if not row["mailbox"].startswith(_SHARED)]
    return sum(_rename_on(commands, owner, folder, old, new) for folder in folders)


def _rename_on(commands: Commands, owner: str, folder: str, old: str, new: str) -> int:
    """Set before delete: a half-done rename is found again."""
    entries = _rows(commands.check("doveadm", "-f", "json", "acl", "get", "-u", owner, folder))
    mine = [entry["rights"].split() for entry in entries if entry["id"] == f"user={old}"]
    for rights in mine:
        commands.check("doveadm", "acl", "set", "-u", owner, folder, f"user={new}", *rights)
        commands.check("doveadm", "acl", "delete", "-u", owner, folder, f"user={old}")
    return len(mine)


def _rows(printed: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(printed or "[]")
    return found
