"""SOGo's memcached, emptied by its own text protocol."""

from __future__ import annotations

import socket

from opslib.errors import ServerError

_TIMEOUT_S = 10


def flush(host: str, port: int) -> None:
    """Empty the cache.  Raises ServerError `task_failed`."""
    try:
        with socket.create_connection((host, port), _TIMEOUT_S) as connection:
            connection.sendall(b"flush_all\r\n")
            said = connection.recv(64)
    except OSError as error:
        raise ServerError("task_failed", f"memcached at {host}:{port} cannot be reached: {error}") from error
    if not said.startswith(b"OK"):
        raise ServerError("task_failed", f"memcached answered {said.decode(errors='replace').strip()}")
