"""The way of a request: who, may he, what does he send, do it, note it, answer."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartException, MultiPartParser

from opslib.api import answers, audit, authorisation, bodies, cors, requests
from opslib.api.bodies import Body
from opslib.api.calls import Call, Route, Written
from opslib.api.identity import Caller, Credentials, identify
from opslib.api.refusal import NO_JSON, Refusal, wants_problems
from opslib.errors import ServerError
from opslib.ops import Ops
from opslib.signin.address import Network
from opslib.site import Site

log = logging.getLogger(__name__)
CSRF = "x-csrf-token"


@dataclass(frozen=True)
class Service:
    """One site's API: its site, the proxies whose word counts, how many entries the API log keeps."""

    site: Site
    trusted: Sequence[Network] = ()
    log_lines: int = 9999

    async def serve(self, request: Request, route: Route) -> Response:
        """Answer a request for a route."""
        problems = wants_problems(request.headers.get("accept", ""))
        try:
            refuse_navigation(request)
            given = requests.credentials(request, self.trusted)
            caller = await run_in_threadpool(identify, self.site, given)
            body = await self._body(request, route) if route.method == "POST" else None
            return await run_in_threadpool(self._carry_out, request, route, caller, body, given, problems)
        except Refusal as error:
            return answers.refused(error, problems, await run_in_threadpool(self.headers, request))
        except ServerError as error:
            return self.broken(error, problems)

    async def _body(self, request: Request, route: Route) -> Body:
        kind = request.headers.get("content-type", "")
        raw = await requests.body_of(request)
        form = await _multipart(request, raw) if kind.lower().startswith("multipart/form-data") else None
        return bodies.read(route.action, kind, raw, form)

    def _carry_out(
        self, request: Request, route: Route, caller: Caller, body: Body | None, given: Credentials, problems: bool
    ) -> Response:
        audit.request(self.site, request.method, str(request.url.path), given.remote, body, self.log_lines)
        csrf = request.headers.get(CSRF, "") or (body.csrf if body else "")
        authorisation.check(caller, route, csrf, requests.same_site(request))
        value = self._value(request, route, caller, body, given.remote)
        if isinstance(value, Written):
            audit.written(self.site, caller.actor, given.remote, value.items)
        return answers.answer(route, value, problems, self.headers(request))

    def _value(self, request: Request, route: Route, caller: Caller, body: Body | None, remote: str) -> Any:
        if not authorisation.may(caller, route):
            found = authorisation.denied(route)
            return Written(found, done=False) if isinstance(found, list) else found
        body = body or Body()
        path = {name: str(value) for name, value in request.path_params.items()}
        query = {**request.query_params, "remote": remote}
        return route.run(Call(Ops(self.site, caller.actor), path, query, body.attr, body.items, caller.session))

    def headers(self, request: Request) -> dict[str, str]:
        """Headers for pages of other sites."""
        return cors.headers(self.site, request.headers.get("origin", ""))

    def broken(self, error: ServerError, problems: bool) -> Response:
        """A backend is down: the details go to the log, their number to the caller."""
        number = uuid.uuid4().hex[:12]
        log.error("%s: %s", number, error)
        return answers.refused(Refusal(500, f"{error.key} {number}"), problems, {})


def refuse_navigation(request: Request) -> None:
    """A browser that navigates here, or loads this as a picture, was sent by somebody else (access.md 10.3)."""
    if request.headers.get("sec-fetch-dest", "empty") != "empty":
        raise Refusal(403, None)


async def _multipart(request: Request, raw: bytes) -> dict[str, str]:
    async def once() -> Any:
        yield raw

    try:
        form = await MultiPartParser(request.headers, once(), max_files=0, max_fields=bodies.MOST_FIELDS).parse()
    except (MultiPartException, ValueError, KeyError):
        raise Refusal(400, NO_JSON) from None
    return {name: value for name, value in form.items() if isinstance(value, str)}
