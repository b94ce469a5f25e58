"""Commands about the site itself."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Annotated

import typer

from opslib.actor import system
from opslib.cli import edge
from opslib.ops import Ops


def open_ops() -> Ops:
    """Ops for whoever sits at the machine's shell, an administrator."""
    _, site = edge.open_site()
    return Ops(site, system("cli"))


def init(
    admin: Annotated[
        str | None, typer.Option(help="Also add an administrator of this name, with a new password.")
    ] = None,
) -> None:
    """Create or extend the tables; on a new embedded site also data and an administrator."""
    from opslib import passwords, signin
    from opslib.firstrun import prepare
    from opslib.signin.change import policy

    with edge.words():
        settings, site = edge.open_site()
        prepare(site, settings, typer.echo)
        if admin:
            generated = passwords.generate(policy(site))
            signin.create_admin(site, admin, generated)
            typer.echo(f"Administrator {admin} was made. Password, shown only this once: {generated}")
        typer.echo(f"{settings.site_name} is ready.")


def password(
    username: str,
    password: Annotated[str, typer.Option(prompt="New password", confirmation_prompt=True, hide_input=True)],
) -> None:
    """Set the password of an administrator or domain administrator; his sessions end."""
    from opslib import signin

    with edge.words():
        _, site = edge.open_site()
        signin.set_admin_password(site, username, password)
        typer.echo(f"The password of {username} was set.")


def version() -> None:
    """Show the version."""
    typer.echo(installed("mailops"))
