"""The whole site as the checks see it: every table is read once, when the first check asks for it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from opslib import schema
from opslib.site import Site

UNREADABLE = object()
"""Stands for JSON text that cannot be parsed."""

Rows = Sequence[sa.Row[Any]]


class Snapshot:
    """Tables and key-value hashes of a site, read over one connection.

    Names are compared in lower case, as the server's collation does (addresses.md 1.5).
    """

    def __init__(self, site: Site, connection: sa.Connection) -> None:
        self.site = site
        self.connection = connection
        self._hashes: dict[str, dict[str, str]] = {}

    def rows(self, query: sa.Select[Any]) -> Rows:
        """Rows of any query."""
        return self.connection.execute(query).all()

    def hash(self, key: str) -> dict[str, str]:
        """All fields of a key-value hash."""
        if key not in self._hashes:
            self._hashes[key] = self.site.keyvalue.hgetall(key)
        return self._hashes[key]

    @cached_property
    def domains(self) -> Rows:
        """Rows of `domain`."""
        return self.rows(sa.select(schema.domain))

    @cached_property
    def alias_domains(self) -> Rows:
        """Rows of `alias_domain`."""
        return self.rows(sa.select(schema.alias_domain))

    @cached_property
    def everyone(self) -> Rows:
        """Rows of `mailbox`, resources included; JSON columns as text."""
        table = schema.mailbox.c
        names = ("username", "local_part", "domain", "name", "quota", "kind", "multiple_bookings", "active")
        texts = [sa.type_coerce(table[name], sa.Text).label(name) for name in ("attributes", "custom_attributes")]
        return self.rows(sa.select(*(table[name] for name in names), *texts))

    @cached_property
    def mailboxes(self) -> Rows:
        """Rows of `mailbox` that are mailboxes."""
        return [row for row in self.everyone if row.kind == ""]

    @cached_property
    def aliases(self) -> Rows:
        """Rows of `alias`, without comments, by id."""
        names = ("id", "address", "goto", "domain", "active", "sogo_visible")
        return self.rows(sa.select(*(schema.alias.c[name] for name in names)).order_by(schema.alias.c.id))

    @cached_property
    def temporary(self) -> Rows:
        """address, goto of `spamalias`."""
        return self.rows(sa.select(schema.spamalias.c.address, schema.spamalias.c.goto))

    @cached_property
    def senders(self) -> Rows:
        """Rows of `sender_acl`."""
        return self.rows(sa.select(schema.sender_acl))

    @cached_property
    def filters(self) -> Rows:
        """Rows of `filterconf`."""
        return self.rows(sa.select(schema.filterconf))

    @cached_property
    def footers(self) -> Rows:
        """domain and the two lists of `domain_wide_footer` as text."""
        table = schema.domain_wide_footer.c
        lists = [sa.type_coerce(table[name], sa.Text).label(name) for name in ("mbox_exclude", "alias_domain_exclude")]
        return self.rows(sa.select(table.domain, *lists))

    # -- looked up ----------------------------------------------------------------------------------------------
    @cached_property
    def domain_names(self) -> set[str]:
        """Names of the domains."""
        return {row.domain.lower() for row in self.domains}

    @cached_property
    def alias_domain_names(self) -> set[str]:
        """Names of the alias domains."""
        return {row.alias_domain.lower() for row in self.alias_domains}

    @cached_property
    def usernames(self) -> set[str]:
        """Names of mailboxes and resources."""
        return {row.username.lower() for row in self.everyone}

    @cached_property
    def resource_names(self) -> set[str]:
        """Names of resources."""
        return {row.username.lower() for row in self.everyone if row.kind != ""}

    @cached_property
    def alias_of(self) -> dict[str, sa.Row[Any]]:
        """Alias rows by address."""
        return {row.address.lower(): row for row in self.aliases}

    @cached_property
    def alias_domains_of(self) -> dict[str, list[str]]:
        """Alias domains by target, active or not."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.alias_domains:
            found[row.target_domain.lower()].append(row.alias_domain)
        return found

    @cached_property
    def relayhosts(self) -> set[str]:
        """Ids of relay hosts as text, "0" for none among them."""
        return {"0", *(str(key) for (key,) in self.rows(sa.select(schema.relayhosts.c.id)))}

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Parsed `mailbox.attributes` by user name; None for NULL, UNREADABLE for garbage."""
        return {row.username: parsed(row.attributes) for row in self.mailboxes}


def parsed(text: Any) -> Any:
    """JSON text as a value; None for NULL, UNREADABLE for what is no JSON."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return UNREADABLE


def targets(goto: str) -> list[str]:
    """Entries of a target list in lower case, blanks cut off, empty ones left out."""
    return [part.strip().lower() for part in goto.split(",") if part.strip()]
