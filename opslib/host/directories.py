"""Directories that are opened one inside the other: no step follows a symbolic link, so none leads out of the first."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opslib.errors import ServerError
from opslib.host.base import HostAbsent

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def root(path: Path) -> Iterator[int]:
    """Descriptor of a directory the operator named; it may be reached through links.

    Raises HostAbsent when it is not there: a store that is not mounted is no empty store.
    """
    try:
        descriptor = os.open(path.resolve(strict=True), _FLAGS)
    except OSError as error:
        raise HostAbsent(f"{path} cannot be opened: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def inside(parent: int, *names: str, make: bool = False) -> Iterator[int]:
    """Descriptor of the directory `names` below `parent`; missing ones are made with `make`, in their parent's ownership.

    Raises FileNotFoundError, or ServerError `task_failed` for a link or a file on the way.
    """
    descriptor = os.dup(parent)
    try:
        for name in names:
            if make:
                _make(descriptor, name)
            following = _open(descriptor, name)
            os.close(descriptor)
            descriptor = following
        yield descriptor
    finally:
        os.close(descriptor)


def _open(parent: int, name: str) -> int:
    try:
        return os.open(name, _FLAGS, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise ServerError("task_failed", f"{name} is no directory of the mail store") from error
        raise


def _make(parent: int, name: str) -> None:
    owner = os.fstat(parent)
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=parent, follow_symlinks=False)


def has(parent: int, name: str) -> bool:
    """Whether a directory is there.  Raises ServerError `task_failed` for anything else of that name, links included."""
    try:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        raise ServerError("task_failed", f"{name} is no directory of the mail store")
    return True


def free_name(parent: int, wanted: str) -> str:
    """The name, or with a number behind it when it is taken."""
    name, number = wanted, 1
    while name in os.listdir(parent):
        number += 1
        name = f"{wanted}_{number}"
    return name
