"""Templates for new domains (addresses.md 14)."""

from __future__ import annotations

from opslib import dkim
from opslib.dkim import SIZES
from opslib.fields import MIB, Bytes, Choice, Flag, Integer, Moment, Text
from opslib.record import Record
from opslib.resource import Draft
from opslib.resources import tags as tagging
from opslib.resources.domains import limits
from opslib.resources.templates import TemplateRate, Templates, TemplateTags, attribute, number
from opslib.schema import templates

QUOTAS = ("def_quota_for_mbox", "max_quota_for_mbox", "max_quota_for_domain")
MOST = 2**31 - 1


def _count(name: str, default: int, label: str, doc: str) -> Integer:
    return Integer(
        default, label=label, doc=doc, sql=number(name), column=None, missing=default, bounds=(0, MOST), grid=True,
        group="Limits", width=100,
    )  # fmt: skip


def _size(name: str, default: int, label: str, doc: str) -> Bytes:
    return Bytes(
        default, label=label, doc=doc, sql=number(name), column=None, missing=0, bounds=(0, None), grid=True,
        group="Limits", width=110,
    )  # fmt: skip


def _flag(name: str, default: bool, label: str, doc: str) -> Flag:
    return Flag(
        default,
        label=label,
        doc=doc,
        sql=number(name),
        column=None,
        missing=False,
        grid=True,
        group="Mail",
        width=80,
    )


class DomainTemplate(Record):
    """Values for new domains; sizes in bytes."""

    id = Integer(label="Id", doc="Number of the template.", on_add=False, on_edit=False, grid=True, width=60)
    template = Text(
        label="Name", doc="Name of the template.", grid=True, search=True, length=255, bulk=False, group="Template",
        width=180,
    )  # fmt: skip
    max_num_aliases_for_domain = _count(
        "max_num_aliases_for_domain", 400, "Aliases at most", "How many aliases a domain may have."
    )
    max_num_mboxes_for_domain = _count(
        "max_num_mboxes_for_domain", 10, "Mailboxes at most", "How many mailboxes a domain may have."
    )
    def_quota_for_mbox = _size("def_quota_for_mbox", 3072 * MIB, "Default quota", "Quota of a new mailbox.")
    max_quota_for_mbox = _size(
        "max_quota_for_mbox", 10240 * MIB, "Mailbox quota at most", "How much quota one mailbox may have."
    )
    max_quota_for_domain = _size(
        "max_quota_for_domain", 10240 * MIB, "Domain quota at most", "How much quota all mailboxes may be allotted."
    )
    gal = _flag("gal", True, "Global address list", "SOGo shows the domain's mailboxes to each other.")
    backupmx = _flag("backupmx", False, "Relay domain", "Mail is passed on to another server.")
    relay_all_recipients = _flag("relay_all_recipients", False, "Relay all recipients", "Any recipient is passed on.")
    relay_unknown_only = _flag(
        "relay_unknown_only", False, "Relay unknown only", "Mailboxes are delivered to, everything else is passed on."
    )
    active = _flag("active", True, "Active", "A new domain accepts mail.")
    rate_limit = TemplateRate(
        "", label="Rate limit", doc="Most messages each sender may send per time frame, like 10/h; empty for no limit.",
        sql=templates.c.attributes, column=None, missing="", sortable=False, filterable=False, grid=True, group="Mail",
    )  # fmt: skip
    dkim_selector = Text(
        "dkim", label="DKIM selector", doc="Name of the DKIM key to be made; empty for none.",
        sql=attribute("dkim_selector"), column=None, missing="", length=63, grid=True, group="DKIM",
    )  # fmt: skip
    key_size = Choice(
        2048, label="DKIM key size", doc="Bits of the DKIM key.", choices={size: str(size) for size in SIZES},
        sql=number("key_size"), column=None, missing=2048, grid=True, group="DKIM",
    )  # fmt: skip
    tags = TemplateTags(
        (), label="Tags", doc="Tags of a new domain.", sql=templates.c.attributes, column=None, missing=(), length=255,
        sortable=False, filterable=False, grid=True, group="Template",
    )  # fmt: skip
    created = Moment(label="Created", doc="When the template was added.", on_add=False, on_edit=False)
    modified = Moment(label="Changed", doc="When the template was last changed.", on_add=False, on_edit=False)


class DomainTemplates(Templates):
    """Values that a new domain gets when they are not given."""

    name = "domain_templates"
    label = "Domain templates"
    singular = "domain template"
    doc = "Values that a new domain gets when they are not given."
    record = DomainTemplate
    kind = "domain"

    def check_values(self, draft: Draft) -> None:
        if draft.changes(*QUOTAS) and all(draft.after(name) is not None for name in QUOTAS):
            default, largest, total = (draft.after(name) for name in QUOTAS)
            draft.problems += limits.quota_problems(default, largest, total, QUOTAS)
        if draft.changes(*limits.RELAYING):
            limits.imply_relaying(draft.values, {name: draft.before[name] for name in limits.RELAYING if draft.before})
        selector = draft.values.get("dkim_selector")
        if selector and not dkim.is_selector(selector):
            draft.fail("dkim_domain_or_sel_invalid", selector, field="dkim_selector")
        if "tags" in draft.values:
            draft.values["tags"] = tagging.unique(draft.values["tags"])
