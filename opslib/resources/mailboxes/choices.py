"""What a field of a mailbox can be set to: words for stored values, and choices that are rows elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from opslib import names
from opslib.schema import domain, identity_provider, relayhosts, templates
from opslib.scopes import by_domain
from opslib.stores.database import read

if TYPE_CHECKING:
    from opslib.ops import Ops
    from opslib.resource import Draft, Resource

ACTIVE = {1: "active", 2: "receives only", 0: "off"}
NOTIFICATION = {"never": "never", "hourly": "hourly", "daily": "daily", "weekly": "weekly"}
CATEGORY = {"reject": "rejected", "add_header": "junk folder", "all": "both"}
TAGGED = {"none": "nothing", "subject": "tag in the subject", "subfolder": "subfolder"}
LOCAL = "mailcow"  # the password is checked against the mailbox's own hash
AUTHSOURCES = {LOCAL: "local password", "keycloak": "Keycloak", "generic-oidc": "OIDC", "ldap": "LDAP"}
PROTOCOLS = ("imap", "pop3", "smtp", "sieve", "eas", "dav")
BITS = {
    "spam_alias": "temporary aliases",
    "tls_policy": "TLS policy",
    "spam_score": "spam score",
    "spam_policy": "allow and deny lists",
    "delimiter_action": "tagged mail",
    "syncjobs": "sync jobs",
    "eas_reset": "reset ActiveSync",
    "sogo_profile_reset": "reset SOGo profile",
    "pushover": "Pushover",
    "quarantine": "quarantine",
    "quarantine_attachments": "quarantined attachments",
    "quarantine_notification": "notification interval",
    "quarantine_category": "notification category",
    "app_passwds": "app passwords",
    "pw_reset": "recovery address",
}
NEW_BITS = tuple(bit for bit in BITS if bit not in {"syncjobs", "sogo_profile_reset", "pw_reset"})


def domains(ops: Ops) -> dict[Any, str]:
    """Domains in reach, in Unicode for people."""
    scope = by_domain(ops.actor, domain.c.domain, with_alias_domains=False)
    query = sa.select(domain.c.domain).order_by(domain.c.domain)
    with read(ops.site.engine) as connection:
        found = connection.scalars(query if scope is None else query.where(scope))
        return {name: names.domain_unicode(name) for name in found}


def transports(ops: Ops) -> dict[Any, str]:
    """Sender-dependent transports by id as text.  Who may not choose learns of none but the domain's."""
    own = {"0": "as the domain says"}
    if not ops.actor.may("mailbox_relayhost"):
        return own
    with read(ops.site.engine) as connection:
        rows = connection.execute(sa.select(relayhosts.c.id, relayhosts.c.hostname, relayhosts.c.active))
        return {**own, **{str(key): name if active else f"{name} (off)" for key, name, active in rows}}


def mailbox_templates(ops: Ops) -> dict[Any, str]:
    """Mailbox templates by id as text; the first one holds where none is chosen."""
    query = sa.select(templates.c.id, templates.c.template).where(templates.c.type == "mailbox")
    with read(ops.site.engine) as connection:
        return {str(key): name for key, name in connection.execute(query.order_by(templates.c.id))}


def authsources(ops: Ops) -> dict[Any, str]:
    """Where passwords can be checked: here, and at the identity provider that is configured."""
    query = sa.select(identity_provider.c.value).where(identity_provider.c.key == "authsource")
    with read(ops.site.engine) as connection:
        configured = connection.scalar(query)
    return {name: label for name, label in AUTHSOURCES.items() if name in {LOCAL, configured}}


def check(resource: Resource, drafts: Sequence[Draft]) -> None:
    """Refuse chosen rows that are not there, or not for this actor; each list is read once for all drafts."""
    for name, key in (("relayhost", "relayhost_invalid"), ("template", "template_missing"), ("authsource", "")):
        chosen = [
            draft
            for draft in drafts
            if draft.values.get(name) not in {None, "", "0", LOCAL} and not any(p.field == name for p in draft.problems)
        ]
        known = resource.choices(name) if chosen else {}
        for draft in chosen:
            if draft.values[name] in known:
                continue
            if key:
                draft.fail(key, draft.values[name], field=name)
            else:
                draft.fail("value_not_choice", draft.values[name], ", ".join(known.values()), field=name)
