"""App passwords of mailboxes (addresses.md 16).  The hash is written and never read; the mailbox never changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.fields import Address, Bits, DomainName, Flag, Integer, Moment, Secret, Text
from opslib.plan import Plan, Row
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.owned import EVERYBODY, check_owners
from opslib.resources.passwording import GENERATE, Passwords
from opslib.resources.rules import domain_part, forget_sign_ins
from opslib.schema import app_passwd
from opslib.stores.database import read
from opslib.verb import Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opslib.query import Selection

ACL = "app_passwds"
PROTOCOLS = {
    "imap_access": "IMAP",
    "smtp_access": "SMTP",
    "dav_access": "CalDAV and CardDAV",
    "eas_access": "ActiveSync",
    "pop3_access": "POP3",
    "sieve_access": "Sieve",
}


def _set() -> sa.ColumnElement[str]:
    found: sa.ColumnElement[str] = sa.literal("", sa.String)
    for name in PROTOCOLS:
        found = found + sa.case((app_passwd.c[name] == 1, f"{name}\n"), else_="")
    return found


class AppPassword(Record):
    """One app password."""

    id = Integer(label="ID", doc="Number of the app password.", on_add=False, on_edit=False, width=70)
    app_name = Text(
        column="name",
        label="App name", doc="What the password is for.", length=255, grid=True, search=True, roles=EVERYBODY,
        group="App password", width=200,
    )  # fmt: skip
    mailbox = Address(
        label="Mailbox", doc="Whose mail the password opens; fixed.", length=255, grid=True, search=True, on_edit=False,
        roles=EVERYBODY, group="App password", width=240,
    )  # fmt: skip
    domain = DomainName(label="Domain", doc="Domain of the mailbox.", on_add=False, on_edit=False, width=160)
    password = Secret(
        label="Password", doc="Left empty on adding, one is made and shown once.", length=255, roles=EVERYBODY,
        group="App password",
    )  # fmt: skip
    protocols = Bits(
        tuple(PROTOCOLS), label="Allowed protocols", doc="Where the password is accepted.", sql=_set, column=None,
        choices=PROTOCOLS, missing=(), grid=True, roles=EVERYBODY, group="App password", width=260,
    )  # fmt: skip
    active = Flag(
        True, label="Active", doc="The password is accepted.", grid=True, roles=EVERYBODY, group="App password", width=80,
    )  # fmt: skip
    created = Moment(label="Created", doc="When it was added.", on_add=False, on_edit=False, grid=True, width=150)
    modified = Moment(label="Changed", doc="When it was last changed.", on_add=False, on_edit=False)


class AppPasswords(Resource):
    """App passwords: the own ones, or those of mailboxes in reach; all under the right `app_passwds`."""

    name = "app_passwords"
    label = "App passwords"
    singular = "app password"
    doc = "Passwords for single programs, beside the main password of a mailbox."
    icon = "key"
    record = AppPassword
    table = app_passwd
    key = "id"
    natural = ("mailbox", "app_name")
    default_sort = ("mailbox", "app_name")
    writers = EVERYBODY
    added_key = "app_passwd_added"
    modified_key = "object_modified"
    removed_key = "app_passwd_removed"

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_mailbox(actor, app_passwd.c.mailbox) if actor.may(ACL) else sa.false()

    def may(self, verb: str) -> bool:
        return self.actor.may(ACL) and super().may(verb)

    def title(self, draft: Draft) -> str:
        return f"{draft.after('app_name') or '?'} of {draft.after('mailbox') or '?'}"

    # -- rules ---------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            check_owners(connection, self.actor, drafts, "mailbox")
        seen: set[str] = set()
        for draft in drafts:
            _check_name(draft)
            draft.key = self.title(draft)
            if draft.key in seen:
                draft.fail("object_exists", draft.key, field="app_name")
            seen.add(draft.key)
            if not draft.values.get("password") and not _spoilt(draft, "password"):
                draft.values["password"] = GENERATE
        Passwords(self.site, self.actor).prepare(plan, [draft for draft in drafts if draft.ok])

    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            if "app_name" in draft.values:
                _check_name(draft)
        given = [draft for draft in drafts if draft.ok and draft.values.get("password")]
        Passwords(self.site, self.actor).prepare(plan, given)

    # -- writes --------------------------------------------------------------------------------------------------
    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        now = self.site.wall()
        for draft in drafts:
            owner = draft.values["mailbox"]
            key = {"mailbox": owner, "name": draft.values["app_name"], "created": now}
            columns = {
                **self._columns(draft.values),
                "password": draft.values["password"],
                "domain": domain_part(owner),
            }
            plan.insert("app_passwd", key, {n: v for n, v in columns.items() if n not in key}, draft.key)
        self._around(plan, drafts, cached=False)

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        for draft in drafts:
            after = self._columns(draft.values)
            if draft.values.get("password"):
                after["password"] = draft.values["password"]
            plan.write(
                "app_passwd", self.row_key(draft), {name: draft.raw[name] for name in after}, after, str(draft.key)
            )
        self._around(plan, drafts, cached=any(draft.changes("password", "protocols", "active") for draft in drafts))

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_delete(plan, drafts)
        self._around(plan, drafts, cached=True)

    def _columns(self, values: Row) -> Row:
        columns = {name: value for name, value in self.plain(values).items() if name in {"name", "active"}}
        if "protocols" in values:
            columns |= {name: int(name in values["protocols"]) for name in PROTOCOLS}
        return columns

    def _around(self, plan: Plan, drafts: Sequence[Draft], cached: bool) -> None:
        owners = sorted({draft.after("mailbox") for draft in drafts})
        plan.domains |= {domain_part(owner) for owner in owners}
        if cached:  # Dovecot keeps accepting what it has seen for five minutes (addresses.md 4.2)
            forget_sign_ins(plan, owners)

    # -- a new password ------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        doc = "Make a new password and show it once; the old one stops working."
        return [Verb("renew", "New password", doc, self._renew, roles=EVERYBODY, acl=ACL, icon="autorenew")]

    def _renew(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        return self.edit(selection, {"password": GENERATE})


def _check_name(draft: Draft) -> None:
    if not draft.values.get("app_name") and not _spoilt(draft, "app_name"):
        draft.fail("app_name_empty", field="app_name")


def _spoilt(draft: Draft, field: str) -> bool:
    return any(problem.field == field for problem in draft.problems)
