"""What an alias is (addresses.md 2.9, 11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from opslib import names
from opslib.errors import UserError
from opslib.fields import Choice, DomainName, Flag, Integer, Lines, Moment, Multiline, Text
from opslib.record import Record
from opslib.resources.alias_targets import split_targets
from opslib.schema import alias, alias_domain

COMMENT_BYTES = 160
SPECIAL = {
    "": "deliver to the targets",
    "null@localhost": "discard",
    "spam@localhost": "learn as spam",
    "ham@localhost": "learn as ham",
}


class AliasAddress(Text):
    """Address of an alias, or `@domain` for a catch-all."""

    def _empty(self) -> Any:
        raise UserError("alias_empty", field=self.name)

    def read(self, raw: Any) -> str:
        try:
            return names.alias_address(super().read(raw))
        except names.Invalid as error:
            raise UserError(str(error), raw) from None


class Targets(Lines):
    """Where mail goes: addresses, or one special target alone (addresses.md 11.2)."""

    def read(self, raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, str | Iterable):
            raise UserError("value_not_text")
        items = names.list_items(raw if isinstance(raw, str) else [str(part) for part in raw])
        try:
            found = names.goto_list(items) if items else []
        except names.Invalid as error:
            raise UserError(str(error), *([error.item] if error.item else [])) from None
        return tuple(split_targets(",".join(found)))

    def load(self, stored: Any) -> tuple[str, ...]:
        return tuple(split_targets(stored))


class Comment(Multiline):
    """A remark of at most 160 bytes; NULL when empty."""

    def read(self, raw: Any) -> str:
        text = super().read(raw).strip()
        if len(text.encode()) > COMMENT_BYTES:
            raise UserError("comment_too_long")
        return text


_primary = (
    sa.select(alias_domain.c.target_domain)
    .where(alias_domain.c.alias_domain == alias.c.domain)
    .correlate(alias)
    .scalar_subquery()
)
_special = sa.case((alias.c.goto.in_(names.SPECIAL_TARGETS), alias.c.goto), else_="")
_catch_all = sa.case((alias.c.address.like("@%"), 1), else_=0)


class Alias(Record):
    """One alias."""

    id = Integer(label="ID", doc="Number of the alias.", on_add=False, on_edit=False, grid=True, width=70)
    address = AliasAddress(
        label="Alias", doc="Address that receives mail, or @domain for all unknown addresses of a domain.", length=255,
        also=("address", "alias address", "source", "from", "email", "mail"), required=True, bulk=False,
        grid=True, search=True, group="Alias", width=260,
    )  # fmt: skip
    goto = Targets(
        label="Goto address", doc="Addresses the mail goes to, here or elsewhere.",
        also=("goto", "target", "targets", "destination", "destinations", "to", "forward to", "recipients"), separator=",",
        grid=True, search=True,
        sortable=True, group="Alias", width=300,
    )  # fmt: skip
    special = Choice(
        "", label="Instead of delivery", doc="Discard the mail, or let the spam filter learn from it.", choices=SPECIAL,
        sql=_special, column=None, csv=False, group="Alias",
    )  # fmt: skip
    domain = DomainName(label="Domain", doc="Domain of the address.", on_add=False, on_edit=False, grid=True, width=160)
    in_primary_domain = DomainName(
        label="Alias domain of", doc="The domain itself, where the alias lives in an alias domain.", sql=_primary,
        missing="", on_add=False, on_edit=False, width=160,
    )  # fmt: skip
    is_catch_all = Flag(
        label="Catch-all", doc="Receives mail for all unknown addresses of the domain.", sql=_catch_all, on_add=False,
        on_edit=False, csv=False, width=80,
    )  # fmt: skip
    sogo_visible = Flag(
        True, label="SOGo", doc="Can be chosen as a sender in SOGo.", grid=True, group="Options", width=80,
    )  # fmt: skip
    public_comment = Comment(
        label="Public comment", doc="Shown to the users the alias delivers to.", nullable=True, grid=True, search=True,
        group="Comments", width=160,
    )  # fmt: skip
    private_comment = Comment(
        label="Private comment", doc="Shown to administrators only.", nullable=True, grid=True, search=True,
        sees=("admin", "domainadmin"), group="Comments", width=160,
    )  # fmt: skip
    internal = Flag(
        False, label="Internal", doc="Accepts mail from senders of the own domains only.", grid=True, group="Options",
        width=80,
    )  # fmt: skip
    sender_allowed = Flag(
        True, label="May send", doc="The target mailboxes may send as this address.", group="Options", width=80,
    )  # fmt: skip
    active = Flag(True, label="Active", doc="Mail is accepted for the address.", grid=True, group="Options", width=80)
    created = Moment(label="Created", doc="When the alias was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the alias was last changed.", on_add=False, on_edit=False)
