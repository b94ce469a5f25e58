"""The application: a route for every address of the contract, a page to try them, and words for all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from opslib.api import answers, cors, document, requests, strays, swagger
from opslib.api.calls import Route
from opslib.api.identity import identify
from opslib.api.refusal import Refusal, wants_problems
from opslib.api.serving import Service, refuse_navigation
from opslib.api.wire import routes
from opslib.errors import ServerError
from opslib.signin.address import Network
from opslib.site import Site

BASE = "/api/v1"
EVERY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
TITLE = "mailops API"


def create_app(site: Site, trusted: Sequence[Network] = (), log_lines: int = 9999) -> FastAPI:
    """The API of a site.  `trusted` are proxies whose `X-Forwarded-*` count; `log_lines` is what the API log keeps."""
    service = Service(site, trusted, log_lines)
    app = FastAPI(title=TITLE, version="1.0.0", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for route in routes():
        app.add_api_route(
            f"{BASE}/{route.action}/{route.path}",
            _endpoint(service, route),
            methods=[route.method],
            summary=route.summary,
            tags=[route.tag],
            operation_id=_operation_id(route),
            openapi_extra=document.operation(route),
            response_class=Response,
        )
    _add_strays(app, service)
    swagger.add(app, service)
    _complete(app)
    return app


def _operation_id(route: Route) -> str:
    words = f"{route.action}/{route.path}".replace("{", "by/").replace("}", "").replace("-", "/")
    return "_".join(words.split("/"))


def _endpoint(service: Service, route: Route) -> Any:
    async def endpoint(request: Request) -> Response:
        return await service.serve(request, route)

    return endpoint


def _add_strays(app: FastAPI, service: Service) -> None:
    async def stray(request: Request) -> Response:
        problems = wants_problems(request.headers.get("accept", ""))
        try:
            refuse_navigation(request)
            await run_in_threadpool(identify, service.site, requests.credentials(request, service.trusted))
            raise strays.refusal_of(request)
        except Refusal as error:
            return answers.refused(error, problems, await run_in_threadpool(service.headers, request))
        except ServerError as error:
            return service.broken(error, problems)

    async def preflight(request: Request) -> Response:
        asked = request.headers.get("access-control-request-method", "")
        status = await run_in_threadpool(cors.preflight, service.site, asked)
        return answers.respond(None, status, headers=await run_in_threadpool(service.headers, request))

    app.add_api_route(BASE + "/{rest:path}", preflight, methods=["OPTIONS"], include_in_schema=False)
    app.add_api_route(BASE + "/{rest:path}", stray, methods=EVERY, include_in_schema=False)


def _complete(app: FastAPI) -> None:
    """Let the document be made once, with what FastAPI cannot know."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document.complete(plain())
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
