"""`mailops key`: named API keys, made, listed and revoked."""

from __future__ import annotations

from typing import Annotated

import typer

from opslib.cli import edge

SHOWN = ("active", "read_only", "domains", "resources", "verbs", "expires", "used", "used_from")

key = typer.Typer(help="Named API keys.", no_args_is_help=True)


@key.command()
@edge.spoken
def add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    read_only: Annotated[bool, typer.Option("--read-only", help="Nothing can be changed with it.")] = False,
    domain: Annotated[list[str] | None, typer.Option(help="Limit it to a domain; may be repeated.")] = None,
    resource: Annotated[list[str] | None, typer.Option(help="Limit it to a resource; may be repeated.")] = None,
    verb: Annotated[
        list[str] | None, typer.Option(help="Limit it to get, add, edit or delete; may be repeated.")
    ] = None,
    expires: Annotated[str, typer.Option(help="When it ends: a date, or 90d, 12h, 1y from now.")] = "",
) -> None:
    """Make a key and print it, only this once."""
    ops = edge.open_ops()
    limits = {"domains": domain or [], "resources": resource or [], "verbs": verb or []}
    plan = ops.api_keys.add({"label": name, "read_only": read_only, **limits, "expires": expires})
    typer.echo(ops.commit(plan).generated[name])


@key.command("list")
@edge.spoken
def listed() -> None:
    """Show the keys, their limits and their last use."""
    resource = edge.open_ops().api_keys
    for row in resource.rows():
        words = {name: resource.fields[name].show(row[name]) for name in SHOWN}
        typer.echo(f"{row['label']}  {'; '.join(f'{name}: {word}' for name, word in words.items() if word)}")


@key.command()
@edge.spoken
def revoke(name: Annotated[str, typer.Argument(help="Name of the key.")]) -> None:
    """Delete a key; it stops working at once."""
    ops = edge.open_ops()
    ops.commit(ops.api_keys.delete(name))
    typer.echo(f"The key {name} was deleted.")
