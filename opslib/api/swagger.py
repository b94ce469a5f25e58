"""The interactive page: one document, assets from here, nothing read from the address (access.md 10.8, CVE-2022-39258)."""

from __future__ import annotations

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from opslib.api import identity, requests
from opslib.api.refusal import Refusal
from opslib.api.serving import Service

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
STATIC = Path(fastapi_offline.__file__).parent / "static"
ASSETS = {
    "swagger-ui-bundle.js": (STATIC / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (STATIC / "swagger-ui.css", "text/css"),
    "start.js": (Path(__file__).parent / "start.js", "text/javascript"),
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mailops API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/api/assets/swagger-ui.css"></head><body><main id="ui"></main>
<script src="/api/assets/swagger-ui-bundle.js"></script><script src="/api/assets/start.js"></script></body></html>"""


def add(app: FastAPI, service: Service) -> None:
    """Add the page, its assets, and the document."""

    def page() -> Response:
        return HTMLResponse(PAGE, headers=HEADERS)

    def asset(name: str) -> Response:
        found = ASSETS.get(name)
        if found is None:
            return Response(status_code=404, headers=HEADERS)
        return FileResponse(found[0], media_type=found[1], headers={**HEADERS, "Cache-Control": "max-age=3600"})

    def described() -> Response:
        return JSONResponse(app.openapi(), headers=HEADERS)

    async def session(request: Request) -> Response:
        """What a page of the same session must send along to change something."""
        given = requests.credentials(request, service.trusted)
        try:
            caller = await run_in_threadpool(identity.identify, service.site, given)
        except Refusal:
            return JSONResponse({"csrf_token": ""}, headers=HEADERS)
        return JSONResponse({"csrf_token": caller.csrf}, headers={**HEADERS, "Cache-Control": "no-store"})

    app.get("/api", include_in_schema=False)(lambda: RedirectResponse("/api/", headers=HEADERS))
    app.get("/api/", include_in_schema=False)(page)
    app.get("/api/swagger", include_in_schema=False)(page)
    app.get("/api/assets/{name}", include_in_schema=False)(asset)
    app.get("/api/openapi.json", include_in_schema=False)(described)
    app.get("/api/openapi.yaml", include_in_schema=False)(described)
    app.get("/api/session", include_in_schema=False)(session)
