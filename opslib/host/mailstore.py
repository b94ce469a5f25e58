"""The mail store `/var/vmail` on this machine: cleaning up and moving maildirs (addresses.md 3.2)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from opslib import names
from opslib.errors import ServerError
from opslib.host import indexes
from opslib.host.directories import free_name, has, inside, root
from opslib.host.merge import take_over

GARBAGE = "_garbage"
NOTHING = "nothing to move"
_RESERVED = {"sieve"}  # Dovecot's, beside the directories of the domains


@dataclass(frozen=True, slots=True)
class MailStore:
    """Maildirs `domain/local part` below `path`, indexes `user@domain` below `indexes`."""

    path: Path
    indexes: Path
    clock: Callable[[], datetime]

    def cleanup(self, maildir: str) -> str:
        """Move the mail of `domain/local part` or `domain` to the garbage; gives its name there.

        Raises HostAbsent without a store, ServerError `task_failed`.
        """
        domain, local = _parts(maildir)
        wanted, moved = self._garbage_name(maildir), NOTHING
        with root(self.path) as top, inside(top, GARBAGE, make=True) as garbage:
            with suppress(FileNotFoundError), inside(top, *([domain] if local else [])) as parent:
                moved = _discard(parent, local or domain, garbage, wanted)
            if local:
                indexes.discard(self.indexes, f"{local}@{domain}", garbage, f"{wanted}_index")
        return moved

    def move(self, old: str, new: str) -> str:
        """Give the maildir of a renamed mailbox its new name, with its index.  Raises as `cleanup`.

        Mail that reached the new name first is kept.
        """
        (domain, before), (other, after) = _parts(old), _parts(new)
        if domain != other or before == after or not (before and after):
            raise ServerError("task_failed", "a mailbox moves within its domain, to another name")
        moved = NOTHING
        wanted = self._garbage_name(new)
        with (
            root(self.path) as top,
            inside(top, GARBAGE, make=True) as garbage,
            suppress(FileNotFoundError),
            inside(top, domain) as parent,
        ):
            moved = _rename(parent, before, after, garbage, wanted)
        indexes.rename(self.indexes, f"{before}@{domain}", f"{after}@{domain}")
        return moved

    def _garbage_name(self, maildir: str) -> str:
        return f"{int(self.clock().timestamp())}_{re.sub(r'[^A-Za-z0-9_]', '', maildir)}"


def _parts(maildir: str) -> tuple[str, str]:
    """Domain and local part.  Raises ServerError for what is neither: the store holds other directories too."""
    domain, _, local = maildir.partition("/")
    if not names.is_domain(domain) or domain in _RESERVED or local in (".", "..") or "/" in local or "\0" in maildir:
        raise ServerError("task_failed", f"{maildir!r} is no maildir")
    return domain, local


def _discard(parent: int, name: str, garbage: int, wanted: str) -> str:
    if not has(parent, name):
        return NOTHING
    target = free_name(garbage, wanted)
    os.rename(name, target, src_dir_fd=parent, dst_dir_fd=garbage)
    return target


def _rename(parent: int, old: str, new: str, garbage: int, wanted: str) -> str:
    """What lies under the new name already goes to the garbage, less its mail, also that which comes meanwhile."""
    if not has(parent, old):
        return NOTHING
    if not has(parent, new):
        os.rename(old, new, src_dir_fd=parent, dst_dir_fd=parent)
        return new
    with inside(parent, new) as early, inside(parent, old) as kept:
        count = take_over(early, kept)
        _discard(parent, new, garbage, wanted)
        os.rename(old, new, src_dir_fd=parent, dst_dir_fd=parent)
        count += take_over(early, kept)
    return f"{new}, early mail taken over: {count}"
