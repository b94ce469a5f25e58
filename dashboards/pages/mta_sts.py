"""MTA-STS policies: domains that ask for encrypted delivery."""

from __future__ import annotations

from dashboards.resource_page import ResourcePage, quick


class Page(ResourcePage):
    """The page of all MTA-STS policies."""

    resource = "mta_sts"
    quick = (quick("Enforced", "mode=is:enforce"),)
    hint = "There are no MTA-STS policies yet."
