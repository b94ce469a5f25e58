"""The edge of the command line: errors in words, exit codes."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

import typer

from opslib.errors import ServerError, UserError
from opslib.settings import Settings
from opslib.site import Site

if TYPE_CHECKING:
    from opslib.ops import Ops


@contextmanager
def words() -> Iterator[None]:
    """Turn errors into a sentence and an exit code: 2 for what the person can mend, 1 for the rest."""
    try:
        yield
    except UserError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None
    except ServerError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None


def open_site() -> tuple[Settings, Site]:
    """Settings and site of the environment."""
    from opslib.connecting import open_site as opened

    settings = Settings.load()
    return settings, opened(settings)


Given = ParamSpec("Given")


def spoken(command: Callable[Given, None]) -> Callable[Given, None]:
    """The command with its errors in words."""

    @wraps(command)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
        with words():
            command(*args, **kwargs)

    return run


def open_ops() -> Ops:
    """The site of the environment, for the person at this shell."""
    from opslib.actor import system
    from opslib.ops import Ops

    return Ops(open_site()[1], system("cli", getpass.getuser()))
