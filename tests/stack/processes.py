"""Daemons of a stack: started, waited for, stopped; a failure shows the last lines of the log."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stack.place import ADDRESS

START_S = 30
STOP_S = 10


class StackError(Exception):
    """A daemon did not start."""


@dataclass(frozen=True)
class Daemon:
    """A running daemon and where it logs."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, *ports: int) -> Daemon:
        """Wait until it listens on these ports."""
        deadline = time.monotonic() + START_S
        for port in ports:
            while not listens(port):
                if self.popen.poll() is not None:
                    raise StackError(f"{self.name} ended with {self.popen.returncode}\n{tail(self.log)}")
                if time.monotonic() > deadline:
                    raise StackError(f"{self.name} does not listen on port {port}\n{tail(self.log)}")
                time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End it, at last by force."""
        self.popen.terminate()
        try:
            self.popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def start(name: str, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Daemon:
    """Start a daemon in its own session, so that it outlives `make stack`; what it prints goes to its log."""
    with log.open("ab") as output:
        popen = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    return Daemon(name, popen, log)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((ADDRESS, port)) == 0


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, with its name."""
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"--- {log.name}", *(text[-lines:] or ["(empty)"])])
