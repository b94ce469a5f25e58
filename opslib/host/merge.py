"""Mail that came for a renamed mailbox before its maildir got there, taken over into that maildir."""

from __future__ import annotations

import os
from contextlib import suppress

from opslib.host.directories import inside


def take_over(source: int, target: int) -> int:
    """Move every message of the maildirs below `source` to the same place below `target`; gives how many.

    A message whose name is taken there stays.  Both are descriptors of directories.
    """
    count = 0
    for place, _, files, descriptor in os.fwalk(".", dir_fd=source, follow_symlinks=False):
        parts = [part for part in place.split("/") if part != "."]
        if files and parts and parts[-1] in ("cur", "new"):
            with inside(target, *parts, make=True) as there:
                count += sum(_move(name, descriptor, there) for name in files)
    return count


def _move(name: str, source: int, target: int) -> bool:
    """A link first: unlike a rename it overwrites nothing."""
    with suppress(FileExistsError):
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        os.unlink(name, dir_fd=source)
        return True
    return False
