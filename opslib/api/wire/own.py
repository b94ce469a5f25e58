"""`edit/self`: the own password (access.md 8, 8a)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opslib.api.calls import STAFF, Call, Route, Written
from opslib.api.envelope import Item, call_of
from opslib.api.wire import codec
from opslib.errors import UserError
from opslib.signin import change_password

ATTRIBUTES = {
    "type": "object",
    "properties": {name: dict(codec.SCALAR) for name in ("user_old_pass", "user_new_pass", "user_new_pass2")},
}


class Own:
    """Its address; a key is nobody with a password of his own."""

    def routes(self) -> Iterator[Route]:
        yield Route("edit", "self", _edit, "self", "Change the own password", {}, ATTRIBUTES, "settings", STAFF)


def _edit(call: Call) -> Written:
    log = call_of(["edit_user_account"], call.attr)
    if call.session is None:
        return Written([Item("danger", "access_denied", (), log)], done=False)
    new, again, old = (str(call.attr.get(name) or "") for name in ("user_new_pass", "user_new_pass2", "user_old_pass"))
    try:
        change_password(call.ops.site, call.session, new, again, old, _remote(call))
    except UserError as error:
        return Written([Item("danger", error.key, error.problems[0].args, log, error.problems[0].field)], done=False)
    key = "admin_modified" if call.ops.actor.is_admin else "domain_admin_modified"
    return Written([Item("success", key, (call.ops.actor.name,), log)])


def _remote(call: Call) -> Any:
    return call.query.get("remote", "local")
