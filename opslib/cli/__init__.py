"""`mailops`: shells of a few lines around the library."""

from __future__ import annotations

import typer

from opslib.cli import api, demo, keys, rows, serve, site, transfer, verify

app = typer.Typer(
    help="Ops console for mail servers that keep the mailcow contract.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve.serve)
app.command()(api.api)
app.command()(site.init)
app.command()(site.password)
app.command()(site.version)
app.command()(demo.demo)
app.command()(verify.verify)
app.add_typer(keys.key, name="key")
rows.register(app)
transfer.register(app)


def main() -> None:
    """Entry point of the `mailops` command."""
    app()
