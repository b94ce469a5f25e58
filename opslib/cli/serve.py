"""`mailops serve`: the console."""

from __future__ import annotations

import hmac
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from opslib.cli import edge
from opslib.settings import Settings

SESSION_S = 43200

FLAGS = (
    *("--plugins", "dashboards.plugin"),
    "--enable-xsrf-cookies",
    *("--include-cookies", "none"),
    *("--include-headers", "Host", "User-Agent", "X-Mailops-Session"),
    *("--num-threads", "4"),
    "--warm",
    *("--unused-session-lifetime", "60000"),
    *("--session-token-expiration", str(SESSION_S)),
)


def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: MAILOPS_PORT.")] = None,
    address: Annotated[str | None, typer.Option(help="Address to listen on; default: MAILOPS_ADDRESS.")] = None,
) -> None:
    """Serve the console; the first time, make the embedded site and its administrator."""
    from opslib.firstrun import prepare

    with edge.words():
        settings, site = edge.open_site()
        prepare(site, settings, typer.echo)
        where, number = address or settings.address, port or settings.port
        environment = {**os.environ, **secrets(settings)}
        command = arguments(where, number, hosts(settings, where, number))
        site.engine.dispose()
    typer.echo(f"{settings.site_name}: http://{_shown(where)}:{number}")
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)  # noqa: S606 - an argument vector, no shell


def arguments(address: str, port: int, hosts: list[str]) -> list[str]:
    """The command that serves the console; no secret is in it."""
    home = console()
    return [
        *(sys.executable, "-m", "panel", "serve", str(home / "app.py")),
        *("--address", address, "--port", str(port)),
        *("--auth-module", str(home / "auth_module.py"), "--setup", str(home / "setup.py")),
        *FLAGS,
        *(word for host in hosts for word in ("--allow-websocket-origin", host)),
    ]


def console() -> Path:
    """Directory of the package `dashboards`, found without importing it."""
    spec = find_spec("dashboards")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The package dashboards is not installed.")
    return Path(next(iter(spec.submodule_search_locations)))


def secrets(settings: Settings) -> dict[str, str]:
    """Keys for the server, each derived from the one key on disk; what the environment gives wins."""
    key = settings.secret_key()
    found = {
        "PANEL_COOKIE_SECRET": _derived(key, "cookies"),
        "BOKEH_SECRET_KEY": _derived(key, "page tokens"),
        "BOKEH_SIGN_SESSIONS": "true",
    }
    return {name: os.environ.get(name, value) for name, value in found.items()}


def hosts(settings: Settings, address: str, port: int) -> list[str]:
    """Names the console may be asked by: its own address and the server's names; BOKEH_ALLOW_WS_ORIGIN replaces them."""
    given = [name.strip() for name in os.environ.get("BOKEH_ALLOW_WS_ORIGIN", "").split(",") if name.strip()]
    own = [address] if address not in ("0.0.0.0", "::") else []  # noqa: S104
    local = dict.fromkeys(f"{_shown(name)}:{port}" for name in (*own, "127.0.0.1", "localhost"))
    names = [name for name in (settings.server.named, *settings.server.additional_names) if name]
    return given or [*local, *names, *(f"{name}:{port}" for name in names)]


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _derived(key: bytes, purpose: str) -> str:
    return hmac.new(key, f"mailops {purpose}".encode(), "sha256").hexdigest()
