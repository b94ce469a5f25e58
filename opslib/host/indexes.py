"""Dovecot's indexes `user@domain` beside the mail store; they can be made anew from the mail (addresses.md 3.2)."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from opslib.host.directories import free_name, has, root


def discard(path: Path, user: str, garbage: int, wanted: str) -> None:
    """Move a user's index to the garbage, or delete it where that is another file system."""
    if not path.is_dir():
        return
    with root(path) as indexes:
        if not has(indexes, user):
            return
        try:
            os.rename(user, free_name(garbage, wanted), src_dir_fd=indexes, dst_dir_fd=garbage)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.rmtree(user, dir_fd=indexes)


def rename(path: Path, old: str, new: str) -> None:
    """Give a user's index the new name; one left over under that name belongs to other mail and goes."""
    if not path.is_dir():
        return
    with root(path) as indexes:
        if has(indexes, old):
            if has(indexes, new):
                shutil.rmtree(new, dir_fd=indexes)
            os.rename(old, new, src_dir_fd=indexes, dst_dir_fd=indexes)
