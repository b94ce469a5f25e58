"""Hashing many passwords on all cores without holding up the session that asked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Self

from opslib.passwords.schemes import DEFAULT_SCHEME, fits, make

_SLOW = frozenset({"BLF-CRYPT", "ARGON2ID"})
_CHUNK_MAX = 16
_POLL_S = 0.2
_starting = threading.Lock()


class HashPool:
    """Worker processes for slow schemes, started at first use; close it, or leave that to the interpreter's exit.

    Workers are spawned, not forked: a console process has threads and an event loop, whose locks a fork would copy in
    any state.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._executor: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hash_many(
        self,
        passwords: Sequence[str],
        scheme: str = DEFAULT_SCHEME,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[str]:
        """Stored forms of the passwords, in order; blocks, so call it from a worker thread.

        `progress(done, total)` is called in this thread, `cancelled()` asked about five times a second.

        Raises
        ------
        ValueError
            As `make`, for the first password that cannot be hashed; too long ones are found before any work.
        CancelledError
            When `cancelled` said so.
        BrokenProcessPool
            When a worker died; the next call starts new ones.
        """
        if not all(fits(password, scheme) for password in passwords):
            raise ValueError("password_too_long")
        if scheme not in _SLOW:
            return make_all(passwords, scheme)
        size = max(1, min(_CHUNK_MAX, len(passwords) // (4 * self.workers)))
        chunks = [passwords[start : start + size] for start in range(0, len(passwords), size)]
        try:
            return self._gather(chunks, scheme, progress or _ignore, cancelled or _never)
        except BrokenExecutor:
            self.close()
            raise

    def _gather(
        self,
        chunks: Sequence[Sequence[str]],
        scheme: str,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> list[str]:
        futures = self._submit(chunks, scheme)
        total, done, pending = sum(map(len, chunks)), 0, set(futures)
        try:
            while pending:
                if cancelled():
                    raise CancelledError
                finished, pending = wait(pending, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                done += sum(len(future.result()) for future in finished)
                progress(done, total)
        finally:
            for future in pending:
                future.cancel()
        return [stored for future in futures for stored in future.result()]

    def _submit(self, chunks: Sequence[Sequence[str]], scheme: str) -> list[Future[list[str]]]:
        with self._lock:
            if self._executor is None:
                self._executor = ProcessPoolExecutor(self.workers, _Context(), initializer=_prepare_worker)
            return [self._executor.submit(make_all, chunk, scheme) for chunk in chunks]

    async def hash_one(self, password: str, scheme: str = DEFAULT_SCHEME) -> str:
        """Stored form of one password; in a thread, which is enough because the hash functions release the GIL."""
        return await asyncio.to_thread(make, password, scheme)

    def close(self) -> None:
        """End the workers; waiting work is dropped.  The pool can be used again."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor:
            executor.shutdown(cancel_futures=True)


def make_all(passwords: Sequence[str], scheme: str) -> list[str]:
    """`make` of each password; top-level, so that workers find it by name."""
    return [make(password, scheme) for password in passwords]


def _ignore(done: int, total: int) -> None:
    pass


def _never() -> bool:
    return False


# -- workers --------------------------------------------------------------------------------------------------------
def _prepare_worker() -> None:
    """Leave Ctrl-C to the parent, and go when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


class _Worker(SpawnProcess):
    """A process that does not import the parent's main module."""

    def start(self) -> None:
        with _main_hidden():
            super().start()


class _Context(SpawnContext):
    Process = _Worker


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Spawned processes import `__main__` again: all of Panel under `panel serve`, or a script without a guard.

    Nothing of it is needed here, so they get to see an empty one.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
