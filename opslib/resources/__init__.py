"""Every resource by name, in menu order."""

from __future__ import annotations

from opslib.resource import Resource
from opslib.resources import alias_targets, rules, sogo  # noqa: F401 - guards and derivations register themselves
from opslib.resources.alias_domains import AliasDomains
from opslib.resources.aliases import Aliases
from opslib.resources.api_keys import ApiKeys
from opslib.resources.app_passwords import AppPasswords
from opslib.resources.calendar_resources import Resources
from opslib.resources.changes import Changes
from opslib.resources.contract_keys import ContractKeys
from opslib.resources.domain_templates import DomainTemplates
from opslib.resources.domains import Domains
from opslib.resources.effects import Effects
from opslib.resources.footers import Footers
from opslib.resources.mailbox_templates import MailboxTemplates
from opslib.resources.mailboxes import Mailboxes
from opslib.resources.mta_sts import MtaStsPolicies
from opslib.resources.policies import Policies
from opslib.resources.temporary_aliases import TemporaryAliases

KINDS: tuple[type[Resource], ...] = (
    Domains,
    AliasDomains,
    Mailboxes,
    Aliases,
    TemporaryAliases,
    Resources,
    AppPasswords,
    Policies,
    Footers,
    MtaStsPolicies,
    DomainTemplates,
    MailboxTemplates,
    ApiKeys,
    ContractKeys,
    Changes,
    Effects,
)

ALL: dict[str, type[Resource]] = {kind.name: kind for kind in KINDS}
