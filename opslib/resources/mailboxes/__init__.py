"""Mailboxes (addresses.md 9): the table operators work in most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.errors import UserError
from opslib.plan import Plan, Row
from opslib.query import Query, Selection
from opslib.resource import Draft, Resource
from opslib.resources import alias_targets, sender_acl
from opslib.resources.mailboxes import adding, choices, deleting, editing, outside, renaming, resets, values
from opslib.resources.mailboxes.record import Mailbox
from opslib.resources.owned import EVERYBODY
from opslib.resources.passwording import Passwords, Progress
from opslib.schema import mailbox
from opslib.stores.database import read
from opslib.verb import Run, Verb

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
    writers = EVERYBODY
    plainly = ("quota", "authsource", "force_pw_update")
    added_key = "mailbox_added"
    modified_key = "mailbox_modified"
    removed_key = "mailbox_removed"

    def __init__(self, ops: Ops) -> None:
        super().__init__(ops)
        self._templates: dict[str, Row] = {}
        self._progress: Progress | None = None

    def may(self, verb: str) -> bool:
        """The owner changes some of his own switches; adding, renaming and deleting is not for him (9.4, 21)."""
        owner = self.actor.role == "user"
        return super().may(verb) and not (owner and verb in {"add", "delete"})

    def restriction(self) -> sa.ColumnElement[bool]:
        return mailbox.c.kind == ""

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        if actor.role == "user":
            return mailbox.c.username == actor.name
        return scopes.by_domain(actor, mailbox.c.domain, with_alias_domains=False)

    # -- reading -------------------------------------------------------------------------------------------------
    def matching(self, query: Query) -> list[sa.ColumnElement[bool]]:
        """Every read of rows comes through here, and any may count, sort or filter by aliases."""
        alias_targets.ensure(self.site)
        return super().matching(query)

    def get(self, key: Any) -> Row:
        alias_targets.ensure(self.site)
        return super().get(key)

    # -- add -----------------------------------------------------------------------------------------------------
    def add_many(self, rows: Sequence[Mapping[str, Any]], progress: Progress | None = None) -> Plan:
        """Plan of many new mailboxes; `progress(done, total)` is told of passwords that are hashed."""
        with read(self.site.engine) as connection:
            self._templates = values.read_templates(connection)
        self._progress = progress
        fields = self.record.fields()
        return super().add_many([values.given(row, fields) for row in rows])

    def complete(self, row: Mapping[str, str]) -> dict[str, str]:
        """Username and its two parts follow from each other."""
        local, _, domain = row.get("username", "").rpartition("@")
        parts = {"local_part": local, "domain": domain} if local and domain else {}
        given = {**parts, **{name: text for name, text in row.items() if text}}
        if "username" not in given and given.get("local_part") and given.get("domain"):
            given["username"] = f"{given['local_part']}@{given['domain']}"
        return {**row, **given}

    def defaults(self, given: Mapping[str, Any]) -> Row:
        if not self._templates:
            with read(self.site.engine) as connection:
                self._templates = values.read_templates(connection)
        chosen = str(given.get("template") or next(iter(self._templates), ""))
        return {**values.BUILT_IN, **self._templates.get(chosen, {})}

    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        choices.check(self, drafts)
        with read(self.site.engine) as connection:
            adding.check(self, connection, drafts)
        editing.keep_withheld(self, [(d, self.defaults(d.values)["acl"]) for d in drafts if "acl" in d.values])
        outside.check_scores(drafts)
        local = [d for d in drafts if d.values.get("authsource") == choices.LOCAL]
        Passwords(self.site, self.actor, self._progress).prepare(plan, local, required=True)

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            adding.write(self, connection, plan, drafts)

    # -- edit ----------------------------------------------------------------------------------------------------
    def check_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        choices.check(self, drafts)
        with read(self.site.engine) as connection:
            editing.check(self, connection, plan, drafts)
            sender_acl.check(connection, self.actor, drafts)
        outside.check_scores(drafts)
        Passwords(self.site, self.actor).prepare(plan, [d for d in drafts if d.values.get("password")])

    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            editing.write(self, connection, plan, drafts)

    # -- delete --------------------------------------------------------------------------------------------------
    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            deleting.write(self, connection, plan, drafts)

    # -- special verbs -------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        rename = "Give the mailbox another name in its domain."
        eas = "Clear the ActiveSync cache; phones synchronise anew."
        sogo = "Delete calendars, address books and settings kept by SOGo."
        logins = "Forget when and from where the owner signed in."
        return [
            Verb(
                "rename", "Rename…", rename, self._rename, "one", renaming.Rename, danger=True,
                icon="drive_file_rename_outline",
            ),
            Verb(
                "reset_eas", "Reset ActiveSync", eas, self._reset(resets.eas), acl="eas_reset", roles=EVERYBODY,
                icon="sync_problem",
            ),
            Verb(
                "reset_sogo", "Reset SOGo profile", sogo, self._reset(resets.sogo), danger=True, acl="sogo_profile_reset",
                roles=EVERYBODY, icon="restart_alt",
            ),
            Verb(
                "reset_logins", "Clear login history", logins, self._reset(resets.logins), danger=True,
                icon="history_toggle_off",
            ),
        ]  # fmt: skip

    def _rename(self, selection: Selection, answers: Mapping[str, Any]) -> Plan:
        keys = self.keys(selection)
        if len(keys) != 1:
            raise UserError("nothing_selected")
        return renaming.rename(self, keys[0], answers["new_local_part"], answers["keep_alias"])

    def _reset(self, what: Callable[[Mailboxes, Sequence[str]], Plan]) -> Run:
        return lambda selection, _: what(self, self.keys(selection))
