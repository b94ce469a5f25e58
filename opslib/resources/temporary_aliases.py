"""Temporary aliases of mailboxes (addresses.md 12): random addresses that stop working, or are thrown away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from opslib import scopes
from opslib.actor import Actor
from opslib.errors import Problem, ServerError, UserError
from opslib.fields import Address, DomainName, Epoch, Flag, Integer, Moment, Text
from opslib.plan import Guard, Plan, Row
from opslib.query import Selection
from opslib.record import Record
from opslib.resource import Draft, Resource
from opslib.resources.owned import EVERYBODY, check_owners
from opslib.resources.rules import domain_part, holders
from opslib.schema import alias_domain, spamalias
from opslib.stores.database import chunks, read
from opslib.verb import Verb

ACL = "spam_alias"
HOUR_S = 3600
YEAR_HOURS, MOST_HOURS = 8760, 87600
TRIES = 5
CHUNK = 1000

CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiou"
SYLLABLES = (5, 5)  # of two parts; 100 choices each: about 66 bits


class Hours(Integer):
    """How long an address works."""

    def _empty(self) -> Any:
        raise UserError("validity_missing", field=self.name)

    def read(self, raw: Any) -> int:
        try:
            return super().read(raw)
        except UserError:
            raise UserError("validity_missing") from None


_domain = sa.func.substr(spamalias.c.address, sa.func.instr(spamalias.c.address, "@") + 1)


class TemporaryAlias(Record):
    """One temporary alias."""

    address = Address(
        label="Alias", doc="Made at random.", length=255, grid=True, search=True, on_add=False, on_edit=False, width=280,
    )  # fmt: skip
    goto = Address(
        label="Mailbox", doc="Where the mail goes; fixed.", length=255, grid=True, search=True, on_edit=False,
        roles=EVERYBODY, group="Temporary alias", width=240,
    )  # fmt: skip
    description = Text(
        label="Description", doc="Who was given the address.", length=255, grid=True, search=True, roles=EVERYBODY,
        group="Temporary alias", width=200,
    )  # fmt: skip
    domain = DomainName(
        label="Domain", doc="The mailbox's domain or one of its alias domains; the former when left empty.", sql=_domain,
        column=None, on_edit=False, roles=EVERYBODY, group="Temporary alias", width=160,
    )  # fmt: skip
    validity = Epoch(
        label="Valid until", doc="When the address stops working; empty for a permanent one.", grid=True, on_add=False,
        on_edit=False, width=150,
    )  # fmt: skip
    hours = Hours(
        YEAR_HOURS, label="Valid for", doc="Hours from now, 1 to 87600.", unit="h", bounds=(1, MOST_HOURS), column=None,
        on_edit=False, filterable=False, sortable=False, csv=False, roles=EVERYBODY, group="Temporary alias",
    )  # fmt: skip
    permanent = Flag(
        False, label="Permanent", doc="Works until it is deleted.", grid=True, on_edit=False, roles=EVERYBODY,
        group="Temporary alias", width=90,
    )  # fmt: skip
    created = Moment(
        label="Created", doc="When the alias was added.", grid=True, on_add=False, on_edit=False, width=150
    )
    modified = Moment(label="Changed", doc="When the alias was last changed.", on_add=False, on_edit=False)


class Extend(Record):
    """What an extension asks for."""

    hours = Hours(YEAR_HOURS, label="Valid for", doc="Hours from now.", unit="h", bounds=(1, MOST_HOURS), required=True)


class TemporaryAliases(Resource):
    """Temporary aliases that still work: the own ones, or those of mailboxes in reach; under the right `spam_alias`."""

    name = "temporary_aliases"
    label = "Temporary aliases"
    singular = "temporary alias"
    doc = "Random addresses to give away, which stop working after a time."
    icon = "timer"
    record = TemporaryAlias
    table = spamalias
    key = "address"
    default_sort = ("goto", "address")
    writers = EVERYBODY
    added_key = modified_key = removed_key = "mailbox_modified"

    def restriction(self) -> sa.ColumnElement[bool]:
        now = int(self.site.clock().timestamp())
        return sa.or_(spamalias.c.permanent == 1, spamalias.c.validity >= now)

    def scope(self, actor: Actor) -> sa.ColumnElement[bool] | None:
        return scopes.by_mailbox(actor, spamalias.c.goto) if actor.may(ACL) else sa.false()

    def may(self, verb: str) -> bool:
        return self.actor.may(ACL) and super().may(verb)

    def title(self, draft: Draft) -> str:
        return str(draft.after("goto") or "")

    # -- add -----------------------------------------------------------------------------------------------------
    def check_add(self, plan: Plan, drafts: list[Draft]) -> None:
        with read(self.site.engine) as connection:
            check_owners(connection, self.actor, drafts, "goto")
            _check_domains(connection, [draft for draft in drafts if draft.ok])
            self._name(connection, [draft for draft in drafts if draft.ok])

    def _name(self, connection: sa.Connection, drafts: Sequence[Draft]) -> None:
        """Give each draft a free random address; a collision is drawn again."""
        open_drafts = list(drafts)
        used: set[str] = set()
        for _ in range(TRIES):
            for draft in open_drafts:
                draft.key = draft.values["address"] = f"{local_part(self.site.token(32))}@{draft.values['domain']}"
            occupied = holders(connection, [draft.key for draft in open_drafts])
            open_drafts = [draft for draft in open_drafts if not _take(draft.key, used, occupied)]
            if not open_drafts:
                return
        raise ServerError("internal_error", "no free random address")

    def write_add(self, plan: Plan, drafts: list[Draft]) -> None:
        now = int(self.site.clock().timestamp())
        for draft in drafts:
            given = draft.values
            row: Row = {
                "goto": given["goto"],
                "description": given.get("description") or "",
                "validity": now + given["hours"] * HOUR_S,
                "permanent": int(given["permanent"]),
            }
            plan.insert("spamalias", {"address": draft.key}, row, draft.key)
        plan.guard("addresses_unique", *(draft.key for draft in drafts))
        self._around(plan, drafts)

    # -- edit, delete --------------------------------------------------------------------------------------------
    def write_edit(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_edit(plan, drafts)
        self._around(plan, drafts)

    def write_delete(self, plan: Plan, drafts: list[Draft]) -> None:
        super().write_delete(plan, drafts)
        plan.undo_guards.append(Guard("addresses_unique", tuple(draft.key for draft in drafts)))
        self._around(plan, drafts)

    @staticmethod
    def _around(plan: Plan, drafts: Sequence[Draft]) -> None:
        plan.domains |= {domain_part(draft.after("goto")) for draft in drafts}

    # -- special verbs -------------------------------------------------------------------------------------------
    def special(self) -> list[Verb]:
        extend = "Let the addresses work for this long from now."
        keep = "Let the addresses work until they are deleted."
        shared: dict[str, Any] = {"roles": EVERYBODY, "acl": ACL}
        return [
            Verb("extend", "Extend…", extend, self._extend, asks=Extend, icon="more_time", **shared),
            Verb("keep", "Make permanent", keep, self._keep, icon="all_inclusive", **shared),
        ]

    def _extend(self, selection: Selection, answers: Mapping[str, Any]) -> Plan:
        until = int(self.site.clock().timestamp()) + answers["hours"] * HOUR_S
        return self._set("extend", "Extend", selection, {"permanent": 0, "validity": until})

    def _keep(self, selection: Selection, _: Mapping[str, Any]) -> Plan:
        return self._set("keep", "Make permanent", selection, {"permanent": 1, "validity": 0})

    def _set(self, verb: str, words: str, selection: Selection, after: Row) -> Plan:
        plan = self.plan(verb, "")
        keys = self.keys(selection)
        found = self.current(keys, ())
        for key in keys:
            if key not in found:
                plan.refuse(str(key), Problem("access_denied", (), self.key))
        drafts = list(found.values())
        for draft in drafts:
            plan.write("spamalias", self.row_key(draft), {name: draft.raw[name] for name in after}, after, draft.key)
            plan.change(
                draft.key, "validity", draft.before["validity"], self.fields["validity"].load(after["validity"])
            )
            plan.succeed(self.modified_key, self.title(draft), subject=draft.key)
        self._around(plan, drafts)
        plan.label = self._headline(words, drafts)
        return plan


# -- addresses ------------------------------------------------------------------------------------------------------
def local_part(token: str) -> str:
    """Two pronounceable words joined by a dot, out of a random token of at least 66 bits."""
    number = int.from_bytes(sha256(token.encode()).digest())
    return ".".join("".join(_syllables(number >> 128 * part, count)) for part, count in enumerate(SYLLABLES))


def _syllables(number: int, count: int) -> Iterator[str]:
    for _ in range(count):
        number, choice = divmod(number, len(CONSONANTS) * len(VOWELS))
        consonant, vowel = divmod(choice, len(VOWELS))
        yield CONSONANTS[consonant] + VOWELS[vowel]


def _take(address: str, used: set[str], occupied: Collection[str]) -> bool:
    """Whether the address was free; it is not any more."""
    free = address not in used and address not in occupied
    used.add(address)
    return free


def _check_domains(connection: sa.Connection, drafts: Sequence[Draft]) -> None:
    """The domain is the mailbox's own, the default, or one of its alias domains."""
    others = _alias_domains(connection, {domain_part(draft.values["goto"]) for draft in drafts})
    for draft in drafts:
        own = domain_part(draft.values["goto"])
        draft.values["domain"] = draft.values.get("domain") or own
        if draft.values["domain"] not in {own, *others[own]}:
            draft.fail("domain_invalid", field="domain")


def _alias_domains(connection: sa.Connection, domains: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for chunk in chunks(sorted(domains), CHUNK):
        query = sa.select(alias_domain.c.target_domain, alias_domain.c.alias_domain)
        for target, name in connection.execute(query.where(alias_domain.c.target_domain.in_(chunk))):
            found[target].add(name)
    return found
