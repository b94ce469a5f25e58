"""Domain templates: what a new domain begins with."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage


class Page(ResourcePage):
    """The page of all domain templates."""

    resource = "domain_templates"
    columns = (
        "template",
        "max_num_mboxes_for_domain",
        "max_num_aliases_for_domain",
        "def_quota_for_mbox",
        "max_quota_for_mbox",
        "max_quota_for_domain",
        "rate_limit",
        "active",
    )
    hint = "There are no domain templates."
