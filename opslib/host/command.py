"""Commands of the mail daemons on this machine: argument vectors, a time limit, no input, none of our environment."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from opslib.errors import ServerError
from opslib.host.base import HostAbsent

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended.  `out` and `err` are hostile text."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs commands.  `environment` is all they get beside PATH and LANG; `timeout` is seconds for each."""

    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60

    def run(self, *argv: str) -> Finished:
        """Run a command to its end, whatever its exit code.  Raises HostAbsent, ServerError `task_failed`."""
        environment = {"PATH": PATH, "LANG": "C.UTF-8", **self.environment}
        try:
            done = subprocess.run(  # noqa: S603
                argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.timeout, check=False
            )
        except FileNotFoundError as error:
            raise HostAbsent(f"{argv[0]} is not installed on this machine") from error
        except subprocess.TimeoutExpired as error:
            raise ServerError("task_failed", f"{argv[0]} did not end within {self.timeout:g} seconds") from error
        except OSError as error:
            raise ServerError("task_failed", f"{argv[0]} cannot be run: {error.strerror}") from error
        return Finished(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def check(self, *argv: str) -> str:
        """Standard output of a command that must succeed.  Raises as `run`, and ServerError when it fails."""
        done = self.run(*argv)
        if done.code:
            said = (done.err.strip() or done.out.strip())[-_SHOWN:]
            raise ServerError("task_failed", f"{argv[0]} {argv[1]} ended with {done.code}: {said}")
        return done.out
