"""What a domain is (addresses.md 2.1, 6, 7.1).  Sizes inside are bytes; the columns of the table hold MiB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib.dkim import SIZES
from opslib.fields import MIB, Bytes, Choice, DomainName, Flag, Integer, Lines, Moment, RateLimit, Tags, Text
from opslib.record import Record
from opslib.resources import rate_limits, tags
from opslib.resources.quota_copies import fetch_active, fetch_addresses
from opslib.resources.templates import choices as template_choices
from opslib.schema import alias, alias_domain, domain, domain_admins, mailbox, quota2, relayhosts, tags_domain
from opslib.stores.database import chunks, read

if TYPE_CHECKING:
    from opslib.ops import Ops
    from opslib.resource import Resource

ADMIN = ("admin",)
MOST = 2**31 - 1


# -- choices and values that are rows elsewhere ----------------------------------------------------------------------
def relayhosts_of(ops: Ops) -> dict[Any, str]:
    """Sender-dependent transports by id as text; "0" is none.  Who may not choose learns of no others."""
    if not ops.actor.may("domain_relayhost"):
        return {"0": "none"}
    with read(ops.site.engine) as connection:
        rows = connection.execute(sa.select(relayhosts.c.id, relayhosts.c.hostname, relayhosts.c.active))
        found = {str(key): name if active else f"{name} (off)" for key, name, active in rows}
    return {"0": "none", **found}


def _templates(ops: Ops) -> dict[Any, str]:
    return template_choices(ops, "domain")


def _admins(resource: Resource, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Names of the domain administrators; `domain_admins.domain` has no index, so one scan for the page."""
    found: dict[str, set[str]] = {key: set() for key in keys}
    pairs = sa.select(domain_admins.c.domain, domain_admins.c.username)
    with read(resource.site.engine) as connection:
        for chunk in chunks(list(keys)):
            for name, username in connection.execute(pairs.where(domain_admins.c.domain.in_(chunk))):
                found[name.lower()].add(username)
    return {name: tuple(sorted(admins)) for name, admins in found.items()}


class Relayhost(Choice):
    """A sender-dependent transport; empty is none."""

    @property
    def blank(self) -> Any:
        return "0"


# -- computed columns: correlated, over indexed columns, evaluated for the rows of one page ---------------------------
def _one(query: sa.Select[Any]) -> sa.ColumnElement[Any]:
    """Joined in the order written, from the domain's rows on: with old statistics MariaDB would scan the other table."""
    return query.correlate(domain).prefix_with("STRAIGHT_JOIN", dialect="mysql").scalar_subquery()


_no_resource = sa.func.length(mailbox.c.kind) == 0  # SQLite would take the index on `kind`, which holds all mailboxes
_boxes = (mailbox.c.domain == domain.c.domain, _no_resource)
_count = sa.func.count()
_in_use = _one(sa.select(_count).select_from(mailbox).where(*_boxes))
_allotted = _one(sa.select(sa.func.coalesce(sa.func.sum(mailbox.c.quota), 0)).where(*_boxes))


def _stored(column: sa.ColumnElement[int]) -> sa.ColumnElement[Any]:
    source = mailbox.join(quota2, quota2.c.username == mailbox.c.username)
    return _one(sa.select(sa.func.coalesce(sa.func.sum(column), 0)).select_from(source).where(*_boxes))


_no_mailbox = mailbox.c.username.is_(None)
_named = mailbox.c.username == alias.c.address
_own_aliases = _one(
    sa.select(_count)
    .select_from(alias.outerjoin(mailbox, _named))
    .where(alias.c.domain == domain.c.domain, _no_mailbox)
)
_aliases_through = _one(
    sa.select(_count)
    .select_from(alias_domain.join(alias, alias.c.domain == alias_domain.c.alias_domain).outerjoin(mailbox, _named))
    .where(alias_domain.c.target_domain == domain.c.domain, _no_mailbox)
)
_aliases = _own_aliases + _aliases_through
_alias_domains = _one(
    sa.select(_count).select_from(alias_domain).where(alias_domain.c.target_domain == domain.c.domain)
)


def _smaller(one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((one < other, one), else_=other)


_room = _smaller(domain.c.quota * MIB - _allotted, domain.c.maxquota * MIB)
_default = _smaller(_room, domain.c.defquota * MIB)
_boxes_left = domain.c.mailboxes - _in_use
_aliases_left = domain.c.aliases - _aliases
_tags = tags.joined(tags_domain, tags_domain.c.domain, domain.c.domain)


def _figure(label: str, doc: str, sql: sa.ColumnElement[Any], **traits: Any) -> Integer:
    return Integer(label=label, doc=doc, sql=sql, missing=0, on_add=False, on_edit=False, **{"width": 110, **traits})


def _size(label: str, doc: str, sql: sa.ColumnElement[Any], **traits: Any) -> Bytes:
    return Bytes(label=label, doc=doc, sql=sql, missing=0, on_add=False, on_edit=False, width=140, **traits)


class Domain(Record):
    """One mail domain."""

    domain = DomainName(
        label="Domain", doc="Name of the domain; international names are kept in their ASCII form.", required=True,
        on_edit=False, bulk=False, grid=True, search=True, length=253, also=("name", "domain name"), group="Domain", width=220,
    )  # fmt: skip
    description = Text(
        "", label="Description", doc="The domain's name when left empty.", length=255, search=True, acl="domain_desc",
        missing="", group="Domain", width=180,
    )  # fmt: skip
    active = Flag(
        True, label="Status", doc="Off: mail is refused and nobody may sign in.", grid=True, roles=ADMIN,
        group="Domain", width=80,
    )  # fmt: skip
    mboxes_in_domain = _figure("Mailboxes", "Mailboxes there are, of how many.", _in_use, grid=True, beside="mailboxes")
    mailboxes = Integer(
        10, required=True, label="Mailboxes at most", doc="How many mailboxes the domain may have.", bounds=(0, MOST),
        roles=ADMIN, group="Limits", width=100,
    )  # fmt: skip
    mboxes_left = _figure("Mailboxes left", "How many mailboxes may still be added.", _boxes_left)
    aliases_in_domain = _figure(
        "Aliases",
        "Aliases there are, those of its alias domains among them, of how many.",
        _aliases,
        grid=True,
        beside="aliases",
    )
    aliases = Integer(
        400, required=True, label="Aliases at most", doc="How many aliases the domain may have.", bounds=(0, MOST),
        roles=ADMIN, group="Limits", width=100,
    )  # fmt: skip
    aliases_left = _figure("Aliases left", "How many aliases may still be added.", _aliases_left)
    msgs_total = _figure(
        "Statistics", "Messages stored in all mailboxes, and the space they use.", _stored(quota2.c.messages), grid=True,
        beside="bytes_total", width=170,
    )  # fmt: skip
    bytes_total = _size("Stored", "Space used by all mailboxes.", _stored(quota2.c.bytes))
    quota_used_in_domain = _size(
        "Quota",
        "Sum of the mailboxes' quotas, of how much; unlimited ones count nothing.",
        _allotted,
        grid=True,
        beside="quota",
    )
    quota = Bytes(
        10240 * MIB, required=True, label="Quota at most", doc="How much quota all mailboxes together may be allotted.", per=MIB,
        bounds=(0, None), roles=ADMIN, group="Limits", width=110,
    )  # fmt: skip
    defquota = Bytes(
        3072 * MIB, required=True, label="Default quota", doc="Quota of a new mailbox.", per=MIB, bounds=(0, None), roles=ADMIN,
        group="Limits", width=110,
    )  # fmt: skip
    maxquota = Bytes(
        10240 * MIB, required=True, label="Mailbox quota at most", doc="How much quota one mailbox may have.", per=MIB,
        bounds=(0, None), roles=ADMIN, group="Limits", width=110,
    )  # fmt: skip
    max_new_mailbox_quota = _size(
        "Largest new quota", "The most quota a new mailbox could get; below 0 when over-committed.", _room
    )
    def_new_mailbox_quota = _size("Default new quota", "Quota a new mailbox gets unless told.", _default)
    relayhost = Relayhost(
        "0", label="Sender-dependent transport", doc="Host that the domain's mail is sent through.", choices=relayhosts_of,
        on_add=False, acl="domain_relayhost", missing="0", group="Mail",
    )  # fmt: skip
    rate_limit = RateLimit(
        "", label="Rate limit", doc="Most messages each sender may send per time frame, like 10/h; empty for no limit.",
        fetch=rate_limits.fetch, column=None, missing="", acl="ratelimit", sortable=False, filterable=False, group="Mail",
    )  # fmt: skip
    gal = Flag(
        True, label="Global address list", doc="SOGo shows the domain's mailboxes to each other.", group="Mail", width=80,
    )  # fmt: skip
    backupmx = Flag(
        False, label="Relay domain", doc="Mail is passed on to another server.", roles=ADMIN, group="Relay", width=80,
    )  # fmt: skip
    relay_all_recipients = Flag(
        False, label="Relay all recipients", doc="Any recipient is passed on; a mailbox here is not needed.", roles=ADMIN,
        group="Relay", width=80,
    )  # fmt: skip
    relay_unknown_only = Flag(
        False, label="Relay unknown only", doc="Mailboxes here are delivered to, everything else is passed on.",
        roles=ADMIN, group="Relay", width=80,
    )  # fmt: skip
    quota_copies = Lines(
        (), label="Quota warnings to", doc="Addresses that get a copy of the mailboxes' quota warnings.",
        fetch=fetch_addresses, column=None, missing=(), on_add=False, sortable=False, filterable=False,
        group="Quota warnings",
    )  # fmt: skip
    quota_copies_active = Flag(
        False, label="Copy quota warnings", doc="Copies are sent.", fetch=fetch_active, column=None,
        missing=False, on_add=False, sortable=False, filterable=False, group="Quota warnings",
    )  # fmt: skip
    tags = Tags(
        (), label="Tags", doc="Words to find and group domains by.", sql=_tags, search=True, length=255, group="Domain",
        width=140,
    )  # fmt: skip
    alias_domains = _figure("Alias domains", "Other names of the domain.", _alias_domains)
    domain_admins = Lines(
        (), label="Domain administrators", doc="Accounts that look after the domain.", fetch=_admins, missing=(),
        on_add=False, on_edit=False, sortable=False, filterable=False, sees=ADMIN,
    )  # fmt: skip
    created = Moment(label="Created", doc="When the domain was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the domain was last changed.", on_add=False, on_edit=False)
    template = Choice(
        None, label="Template", doc="Where values come from that are not given; the first template when none is chosen.",
        choices=_templates, column=None, on_edit=False, sees=(), csv=False, group="Domain",
    )  # fmt: skip
    dkim_selector = Text(
        "dkim", label="DKIM selector", doc="Name of the DKIM key to be made; empty for none.", column=None, on_edit=False,
        sees=(), csv=False, length=63, group="DKIM",
    )  # fmt: skip
    key_size = Choice(
        2048, label="DKIM key size", doc="Bits of the DKIM key.", choices={size: str(size) for size in SIZES}, column=None,
        on_edit=False, sees=(), csv=False, group="DKIM",
    )  # fmt: skip
    restart_sogo = Flag(
        False, label="Restart SOGo", doc="SOGo knows a new domain only after a restart.", column=None, on_edit=False,
        sees=(), csv=False, group="Domain",
    )  # fmt: skip
