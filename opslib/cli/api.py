"""`mailops api`: the HTTP API on its own, without the console."""

from __future__ import annotations

from typing import Annotated

import typer

from opslib.cli import edge


def api(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8010,
    address: Annotated[str | None, typer.Option(help="Address to listen on; default: MAILOPS_ADDRESS.")] = None,
) -> None:
    """Serve the HTTP API alone; the console serves the same one beside its pages."""
    import uvicorn

    from opslib.api import create_app
    from opslib.firstrun import prepare

    with edge.words():
        settings, site = edge.open_site()
        prepare(site, settings, typer.echo)
        app = create_app(site, settings.trusted_proxies, settings.server.log_lines)
    where = address or settings.address
    typer.echo(f"{settings.site_name}: http://{where}:{port}/api/")
    uvicorn.run(app, host=where, port=port, proxy_headers=False, server_header=False, log_level="warning")
