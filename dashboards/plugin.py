"""What `panel serve --plugins dashboards.plugin` adds: routes of ours, headers on every answer, closed side doors."""

from __future__ import annotations

import sys
from typing import Any

from bokeh.server.views.auth_request_handler import AuthRequestHandler
from panel.io import server as panel_server
from tornado.web import HTTPError, RedirectHandler, RequestHandler

from dashboards import asgi, context, downloads, health
from dashboards.login import Base, PasswordHandler
from dashboards.security import HOME, PASSWORD

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; "
    "form-action 'self'; img-src 'self' data: blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; frame-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "connect-src 'self' blob:",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def _headers(self: RequestHandler) -> None:
    for name, value in HEADERS.items():
        self.set_header(name, value)
    self.clear_header("Server")


def _nobody(self: RequestHandler) -> None:
    """A handler that did not ask the gate knows nobody; the stock answer is a default user."""


def _only_loaded(original: Any) -> Any:
    def parse(self: Any, path: str) -> Any:
        """The stock handler imports whatever module the URL names, before anybody has signed in."""
        if path.split("/")[0] not in sys.modules:
            raise HTTPError(404)
        return original(self, path)

    return parse


def harden() -> None:
    """Close what the stock server leaves open; doing it twice changes nothing."""
    handler: Any = panel_server.ComponentResourceHandler
    if not getattr(handler, "_mailops", False):
        handler.parse_url_path = _only_loaded(handler.parse_url_path)
        handler._mailops = True
    RequestHandler.set_default_headers = _headers  # type: ignore[method-assign]
    for kind in (AuthRequestHandler, panel_server.AuthenticatedStaticFileHandler):
        kind.get_current_user = _nobody  # type: ignore[method-assign, assignment]


class HealthHandler(Base):
    """`/healthz`: whether the stores answer.  Open to everybody, so it is cheap and says nothing else."""

    def prepare(self) -> None:
        return None

    async def get(self) -> None:
        stores = await health.of(context.site()).look()
        self.set_status(200 if stores["database"] else 503)
        words = {name: "up" if up else "down" for name, up in stores.items()}
        self.finish({"status": "up" if all(stores.values()) else "degraded", **words})


harden()

ROUTES = [
    (r"/", RedirectHandler, {"url": HOME, "permanent": False}),
    (PASSWORD, PasswordHandler, {}),
    (r"/healthz", HealthHandler, {}),
    *downloads.ROUTES,
    *asgi.ROUTES,
]
