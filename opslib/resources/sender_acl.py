"""Sender rights of mailboxes: addresses they may send as beside their aliases (addresses.md 4.1, 10).

`sender_acl` holds entries of this server (address, `@domain` or `*`), `extended_sender_acl` those of others.  The table
has no index on names, so every read here is one scan for all mailboxes at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import names, registry, scopes
from opslib.actor import Actor
from opslib.errors import UserError
from opslib.plan import Plan, Row
from opslib.resources.alias_targets import split_targets
from opslib.resources.rules import domain_part
from opslib.schema import alias, alias_domain, domain, sender_acl
from opslib.site import Site
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.resource import Draft, Resource

CHUNK = 1000
ANY = "*"
OWN, EXTERNAL = "sender_acl", "extended_sender_acl"  # fields of a mailbox; stored with external = 0 and 1
STASH = "sender_acl rows"  # where `check` leaves the stored rows for `write`


# -- reading --------------------------------------------------------------------------------------------------------
def fetch_sender_acl(resource: Resource, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Entries of this server by mailbox, in alphabetical order."""
    return _fetch(resource, keys, 0)


def fetch_external(resource: Resource, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """External entries by mailbox, in alphabetical order."""
    return _fetch(resource, keys, 1)


def _fetch(resource: Resource, keys: Sequence[str], external: int) -> dict[str, tuple[str, ...]]:
    with read(resource.site.engine) as connection:
        rows = stored(connection, sender_acl.c.logged_in_as, keys)
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["external"] == external:
            found[row["logged_in_as"].lower()].add(row["send_as"])
    return {key: tuple(sorted(found[key.lower()])) for key in keys if key.lower() in found}


def stored(connection: sa.Connection, column: sa.ColumnElement[Any], values: Iterable[str]) -> list[Row]:
    """Rows of the table whose column is one of the values."""
    found: list[Row] = []
    for chunk in chunks(sorted(set(values)), CHUNK):
        query = sa.select(sender_acl).where(column.in_(chunk)).order_by(sender_acl.c.id)
        found += [dict(row) for row in connection.execute(query).mappings()]
    return found


# -- rules ----------------------------------------------------------------------------------------------------------
def check(connection: sa.Connection, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Judge and normalise the drafts' new entries; entries out of the actor's reach that stand already are kept.

    Problems: `sender_acl_invalid`, `extended_sender_acl_denied`, `extra_acl_invalid`, `extra_acl_invalid_domain`.
    """
    touched = [draft for draft in drafts if draft.changes(OWN, EXTERNAL)]
    if not touched:
        return
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in stored(connection, sender_acl.c.logged_in_as, [draft.key for draft in touched]):
        rows[row["logged_in_as"].lower()].append(row)
    for draft in touched:
        draft.raw[STASH] = rows[draft.key.lower()]
    _check_own(connection, actor, [draft for draft in touched if OWN in draft.values])
    _check_external(connection, actor, [draft for draft in touched if EXTERNAL in draft.values])


def _check_own(connection: sa.Connection, actor: Actor, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    wanted = {draft.key: [_entry(text) for text in draft.values[OWN]] for draft in drafts}
    asked = {entry for entries in wanted.values() for entry in entries} | {
        entry.lower() for draft in drafts for entry in draft.before.get(OWN) or ()
    }
    open_to_actor = _accessible(connection, actor, asked)
    granted = _granted_by_alias(connection, asked)
    for draft in drafts:
        have = {entry.lower(): entry for entry in draft.before.get(OWN) or ()}
        kept = set() if actor.is_admin else set(have) - open_to_actor
        chosen = {entry for entry in wanted[draft.key] if _counts(entry, actor) or entry in kept}
        for entry in sorted(chosen - open_to_actor - set(have)):
            draft.fail("sender_acl_invalid", entry, field=OWN)
        final = {ANY} if ANY in chosen | kept else (chosen | kept) - granted[draft.key.lower()]
        _settle(draft, OWN, final)


def _counts(entry: str, actor: Actor) -> bool:
    """`default` is a word of the API for none; `*` is an administrator's to give and ignored from others."""
    return entry != "default" and (entry != ANY or actor.is_admin)


def _entry(text: str) -> str:
    """`*`, `@domain` or an address in lower case; what is none of them comes back as it is, to be refused."""
    if text == ANY or text == "default":
        return text
    if "@" not in text or text.startswith("@"):
        bare = text.removeprefix("@")
        return f"@{names.domain(bare)}" if names.is_domain(bare) else text
    return names.address(text).lower() if names.is_address(text) else text


def _accessible(connection: sa.Connection, actor: Actor, entries: Collection[str]) -> set[str]:
    """Entries the actor may give: `*`, `@domain` of a domain in reach, addresses of aliases in reach (self rows too)."""
    found = {ANY} if actor.is_admin else set()
    reach = scopes.domains(connection, actor)
    hosted = _local(connection, {entry[1:] for entry in entries if entry.startswith("@")})
    found |= {f"@{name}" for name in hosted if reach is None or name in reach}
    scope = scopes.by_domain(actor, alias.c.domain)
    for chunk in chunks(sorted(entry for entry in entries if not entry.startswith("@")), CHUNK):
        query = sa.select(alias.c.address).where(alias.c.address.in_(chunk))
        rows = connection.execute(query if scope is None else query.where(scope)).scalars()
        found |= {address.lower() for address in rows}
    return found


def _local(connection: sa.Connection, wanted: Collection[str]) -> set[str]:
    """Those of the names that are domains or alias domains of this server."""
    found: set[str] = set()
    for chunk in chunks(sorted(wanted), CHUNK):
        for column in (domain.c.domain, alias_domain.c.alias_domain):
            found |= {name.lower() for name in connection.execute(sa.select(column).where(column.in_(chunk))).scalars()}
    return found


def _granted_by_alias(connection: sa.Connection, entries: Collection[str]) -> dict[str, set[str]]:
    """Those of the entries a mailbox may send as through an alias already; a row for them would say the same twice."""
    found: dict[str, set[str]] = defaultdict(set)
    for chunk in chunks(sorted(entry for entry in entries if not entry.startswith("@")), CHUNK):
        query = sa.select(alias.c.address, alias.c.goto).where(alias.c.address.in_(chunk), alias.c.sender_allowed == 1)
        for address, goto in connection.execute(query):
            for target in split_targets(goto):
                found[target.lower()].add(address.lower())
    return found


def _check_external(connection: sa.Connection, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Whether an entry is foreign is judged against every domain of the server, not only the actor's (21)."""
    wanted = {draft.key: [_entry(text) for text in draft.values[EXTERNAL]] for draft in drafts}
    local = _local(connection, {domain_part(entry) for entries in wanted.values() for entry in entries})
    for draft in drafts:
        if not actor.may("extend_sender_acl"):
            draft.fail("extended_sender_acl_denied", field=EXTERNAL)
        for entry in wanted[draft.key]:
            if not _is_external(entry):
                draft.fail("extra_acl_invalid", entry, field=EXTERNAL)
            elif domain_part(entry) in local:
                draft.fail("extra_acl_invalid_domain", domain_part(entry), field=EXTERNAL)
        _settle(draft, EXTERNAL, set(wanted[draft.key]))


def _is_external(entry: str) -> bool:
    return names.is_domain(entry[1:]) if entry.startswith("@") else names.is_address(entry)


def _settle(draft: Draft, field: str, final: set[str]) -> None:
    """Put the entries into the draft, or take the field out when nothing differs."""
    draft.values[field] = tuple(sorted(final))
    if draft.ok and {entry.lower() for entry in draft.before.get(field) or ()} == final:
        del draft.values[field]


@registry.guard
def external_senders_foreign(connection: sa.Connection, site: Site, *usernames: str) -> None:
    """After the writes no external entry of these mailboxes names a domain of this server."""
    rows = [row for row in stored(connection, sender_acl.c.logged_in_as, usernames) if row["external"]]
    local = _local(connection, {domain_part(row["send_as"]).lower() for row in rows})
    if local:
        raise UserError("extra_acl_invalid_domain", sorted(local)[0], field=EXTERNAL)


# -- writing --------------------------------------------------------------------------------------------------------
def write(plan: Plan, draft: Draft) -> None:
    """Writes of a draft that `check` has seen: rows that go, rows that come; the others stand."""
    for external, field in enumerate((OWN, EXTERNAL)):
        if field in draft.values:
            rows = [row for row in draft.raw[STASH] if row["external"] == external]
            _write(plan, draft, rows, set(draft.values[field]), external)
    if EXTERNAL in draft.values:
        _guard(plan, draft.key)


def _guard(plan: Plan, username: str) -> None:
    """One guard for all mailboxes of a plan: each would be a scan of the table."""
    name = "external_senders_foreign"
    asked = [guard.args for guard in plan.guards if guard.name == name]
    plan.guards[:] = [guard for guard in plan.guards if guard.name != name]
    plan.guard(name, *dict.fromkeys([*(arg for args in asked for arg in args), username]))


def _write(plan: Plan, draft: Draft, rows: Sequence[Row], wanted: set[str], external: int) -> None:
    missing = set(wanted)
    for row in rows:
        if row["send_as"].lower() in missing:
            missing.discard(row["send_as"].lower())
        else:
            plan.delete(sender_acl.name, {"id": row["id"]}, row, str(draft.key))
    for entry in sorted(missing):
        plan.insert(
            sender_acl.name, {"logged_in_as": draft.key, "send_as": entry, "external": external}, {}, str(draft.key)
        )


def revoke(plan: Plan, connection: sa.Connection, subjects: Mapping[str, str]) -> int:
    """Take back every right to send as these addresses, {address in lower case: subject}; gives how many."""
    rows = stored(connection, sender_acl.c.send_as, subjects)
    for row in rows:
        plan.delete(sender_acl.name, {"id": row["id"]}, row, subjects[row["send_as"].lower()])
    return len(rows)


def revoke_pairs(plan: Plan, connection: sa.Connection, subjects: Mapping[tuple[str, str], str]) -> None:
    """Take back single rights, {(mailbox, address) in lower case: subject}: the alias decides from now on."""
    for row in stored(connection, sender_acl.c.send_as, {address for _, address in subjects}):
        pair = row["logged_in_as"].lower(), row["send_as"].lower()
        if pair in subjects:
            plan.delete(sender_acl.name, {"id": row["id"]}, row, subjects[pair])
