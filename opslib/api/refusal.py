"""Why a request is not carried out, in the contract's words or as a problem document (access.md 10.3, RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from opslib.api.envelope import Item
from opslib.errors import Problem

PROBLEM = "application/problem+json"


class Refusal(Exception):
    """`status` and `message` are the contract's; `real` is the status for those who ask for real ones."""

    def __init__(self, status: int, message: str | None, real: int = 0, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.real = status, message, real or status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self) -> Any:
        """The contract's body; None is an empty one."""
        return None if self.message is None else {"type": "error", "msg": self.message}


BAD_KEY = "authentication failed"
DENIED = "API read/write access denied"
NO_ROUTE = "route not found"
NO_JSON = "Request body doesn't contain valid json!"
NO_ATTRIBUTES = "Cannot find attributes in post data"


def wants_problems(accept: str) -> bool:
    """Whether the `Accept` header names problem documents."""
    return any(part.split(";")[0].strip().lower() == PROBLEM for part in accept.split(","))


def document(status: int, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A problem document (RFC 9457) with the member `errors`."""
    found: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return {**found, "errors": list(errors)} if errors else found


def of_items(items: Sequence[Item]) -> dict[str, Any] | None:
    """The problem document of a write that did not go well; None when it did."""
    bad = [item for item in items if item.status == "danger"]
    if not bad:
        return None
    errors = [_error(item.problem) for item in bad]
    done = [item.body() for item in items if item.status != "danger"]
    found = document(_status([item.key for item in bad]), " ".join(item.problem.text for item in bad[:5]), errors)
    return {**found, "done": done} if done else found


def _status(keys: Sequence[str]) -> int:
    if all(key == "access_denied" for key in keys):
        return HTTPStatus.FORBIDDEN
    conflicts = {"row_changed", "row_gone", "row_exists", "object_exists", "domain_exists", "is_alias_or_mailbox"}
    return HTTPStatus.CONFLICT if all(key in conflicts for key in keys) else HTTPStatus.UNPROCESSABLE_ENTITY


def _error(problem: Problem) -> dict[str, Any]:
    from opslib.api.envelope import plain

    return {
        "key": problem.key,
        "args": [plain(arg) for arg in problem.args],
        "field": problem.field,
        "detail": problem.text,
    }
