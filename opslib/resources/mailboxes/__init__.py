"""Mailboxes (addresses.md 9): the table operators work in most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.plan import Plan, Row
from opslib.query import Page, Query, Selection
from opslib.resource import Draft, Resource
from opslib.resources import alias_targets, sender_acl
from opslib.resources.mailboxes import adding, deleting, editing, renaming, resets, values
from opslib.resources.mailboxes.record import Mailbox
from opslib.resources.passwording import Passwords
from opslib.schema import mailbox
from opslib.stores.database import read
from opslib.verb import Verb

if TYPE_CHECKING:
    from opslib.ops import Ops


class Mailboxes(Resource):
    """Mailboxes of the own domains; a mailbox user sees his own."""

    name = "mailboxes"
    label = "Mailboxes"
    singular = "mailbox"
    doc = "Accounts that receive mail: quota, protocols, rights, sign-in."
    icon = "inbox"
    record = Mailbox
    table = mailbox
    key = "username"
    default_sort = ("username",)
    added_key = "mailbox_added"
    modified_key = "mailbox_modified"
    removed_key = "mailbox_removed"

    def __init__(self, ops: Ops) -> None:
        super().__init__(ops)
        self._templates: dict[str, Row] = {}

    def restriction(self) -> sa.ColumnElement[bool]:
        return mailbox.c.kind == ""

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        if actor.role == "user":
            return mailbox.c.username == actor.name
        return scopes.by_domain(actor, mailbox.c.domain, with_alias_domains=False)

    # -- reading -------------------------------------------------------------------------------------------------
    def page(self, query: Query | None = None, names: Iterable[str] | None = None) -> Page:
        alias_targets.ensure(self.site)
        return super().page(query, names)

    def frame(self, query: Query | None = None, names: Iterable[str] | None = None) -> pd.DataFrame:
        alias_targets.ensure(self.site)
        return super().frame(query, names)

    # -- add -----------------------------------------------------------------------------------------------------
    def add_many(self, rows: Sequence[Mapping[str, Any]]) -> Plan:
        with read(self.site.engine) as connection:
            self._templates = values.read_templates(connection)
        return super().add_many(rows)

    def defaults(self, given: Mapping[str, Any]) -> Row:
        chosen = str(given.get("template") or next(iter(self._templates), ""))
        return {**values.BUILT_IN, **self._templates.get(chosen, {})}

    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            adding.check(self, connection, drafts)
        passwording = Passwords(self.site, self.actor)
        local = [d for d in drafts if d.values.get("authsource") == "mailcow"]
        passwording.prepare(plan, local, required=True)
        _check_scores(drafts)

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            adding.write(self, connection, plan, drafts)

    # -- edit ----------------------------------------------------------------------------------------------------
    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            editing.check(self, connection, drafts)
            sender_acl.check(connection, self.actor, drafts)
        Passwords(self.site, self.actor).prepare(plan, [d for d in drafts if d.values.get("password")])
        _check_scores(drafts)

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            editing.write(self, connection, plan, drafts)

    # -- delete --------------------------------------------------------------------------------------------------
    consults = ("messages",)

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            deleting.write(self, connection, plan, drafts)

    # -- special verbs -------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        return [
            Verb(
                "rename",
                "Rename…",
                "Give the mailbox another name in its domain.",
                self._rename,
                "one",
                renaming.Rename,
                danger=True,
                icon="drive_file_rename_outline",
            ),
            Verb(
                "reset_eas",
                "Reset ActiveSync",
                "Clear the ActiveSync cache; phones synchronise anew.",
                self._reset_eas,
                icon="sync_problem",
            ),
            Verb(
                "reset_sogo",
                "Reset SOGo profile",
                "Delete calendars, address books and settings kept by SOGo.",
                self._reset_sogo,
                danger=True,
                icon="restart_alt",
            ),
            Verb(
                "reset_logins",
                "Clear login history",
                "Forget when and from where the owner signed in.",
                self._reset_logins,
                danger=True,
                icon="history_toggle_off",
            ),
        ]

    def _rename(self, selection: Selection, answers: Mapping[str, Any]) -> Plan:
        (key,) = self.keys(selection)
        return renaming.rename(self, key, answers["new_local_part"], answers["keep_alias"])

    def _reset_eas(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        return resets.eas(self, self.keys(selection))

    def _reset_sogo(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        return resets.sogo(self, self.keys(selection))

    def _reset_logins(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        return resets.logins(self, self.keys(selection))


def _check_scores(drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        score = draft.values.get("spam_score")
        if score:
            draft.values["spam_score"] = _score(draft, score)


def _score(draft: Draft, text: str) -> str:
    """ "mark,reject" with 0 < mark < reject (addresses.md 15)."""
    try:
        mark, reject = (float(part) for part in text.replace(" ", "").split(","))
    except ValueError:
        mark, reject = 0, 0
    if not 0 < mark < reject < 10000:
        draft.fail("spam_score_invalid", field="spam_score")
    return f"{mark:g},{reject:g}"
