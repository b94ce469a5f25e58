"""Hashing in worker processes, and that these leave no trace behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from opslib import passwords
from opslib.passwords import HashPool

ROOT = Path(passwords.__file__).parents[2]
UNGUARDED = """
import sys
from opslib.passwords import HashPool
print("main runs", flush=True)
pool = HashPool(2)
print(len(set(pool.hash_many(["one", "two", "three"]))), flush=True)
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[HashPool]:
    with HashPool(2) as pool:
        yield pool


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program that uses a pool, has no `__main__` guard and never closes it."""
    path = tmp_path / "unguarded.py"
    path.write_text(UNGUARDED)
    return path


def children() -> list[psutil.Process]:
    """Worker processes below this one."""
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_order_and_progress(pool: HashPool) -> None:
    wanted = [f"password {number}" for number in range(12)]
    seen: list[tuple[int, int]] = []
    stored = pool.hash_many(wanted, progress=lambda done, total: seen.append((done, total)))
    assert all(map(passwords.verify, wanted, stored))
    assert seen == sorted(seen)
    assert seen[-1] == (12, 12)


@pytest.mark.parametrize("scheme", ["SSHA512", "ARGON2ID"])
def test_other_schemes(pool: HashPool, scheme: str) -> None:
    assert [passwords.verify("x", stored) for stored in pool.hash_many(["x", "y"], scheme)] == [True, False]


def test_nothing_to_do(pool: HashPool) -> None:
    assert pool.hash_many([]) == []


def test_cancelled(pool: HashPool) -> None:
    begun = time.monotonic()
    with pytest.raises(CancelledError):
        pool.hash_many(["x"] * 2000, cancelled=lambda: time.monotonic() - begun > 0.3)
    assert time.monotonic() - begun < 10
    assert passwords.verify("y", pool.hash_many(["y"])[0])


@pytest.mark.parametrize(
    ("bad", "key"), [("a" * 73, "password_too_long"), ("", "password_complexity"), ("\ud800", "password_complexity")]
)
def test_bad_password(pool: HashPool, bad: str, key: str) -> None:
    with pytest.raises(ValueError, match=rf"^{key}$"):
        pool.hash_many(["fine", bad])


def test_a_single_one_can_be_awaited(pool: HashPool) -> None:
    assert passwords.verify("x", asyncio.run(pool.hash_one("x")))


def test_workers_start_late_and_end_with_close() -> None:
    before = set(children())
    with HashPool(2) as pool:
        assert set(children()) == before
        pool.hash_many(["x"])
        assert set(children()) > before
    assert set(children()) == before
    assert passwords.verify("y", pool.hash_many(["y"])[0])
    pool.close()
    pool.close()


def test_a_dead_worker_is_told_and_replaced() -> None:
    before = set(children())
    with HashPool(1) as pool:
        pool.hash_many(["x"])
        (worker,) = set(children()) - before
        worker.kill()
        worker.wait(10)
        with pytest.raises(BrokenProcessPool):
            pool.hash_many(["x"] * 50)
        assert passwords.verify("y", pool.hash_many(["y"])[0])


def test_exit_is_silent_and_main_runs_once(script: Path) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", str(script)]
    paths = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=paths)
    assert (ended.returncode, ended.stderr, ended.stdout.split("\n")) == (0, "", ["main runs", "3", ""])


def test_workers_do_not_outlive_a_killed_parent(script: Path) -> None:
    script.write_text(UNGUARDED + "sys.stdin.read()")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, str(script)], **pipes, env=os.environ | {"PYTHONPATH": str(ROOT)}) as parent:
        assert [parent.stdout.readline() for _ in range(2)] == [b"main runs\n", b"3\n"]
        workers = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(workers, timeout=10)
    assert len(workers) >= 2
    assert not alive
