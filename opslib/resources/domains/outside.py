"""What a domain or alias domain has outside the database: its place in the map of domains, limits, DKIM key, SOGo."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from opslib import dkim
from opslib.plan import Plan
from opslib.resources import hashes, quota_copies, rate_limits
from opslib.site import Site

if TYPE_CHECKING:
    from opslib.resource import Draft

MAP = "DOMAIN_MAP"
SOGO = "sogo-mailcow"


def enter_map(site: Site, plan: Plan, names: Collection[str]) -> None:
    """Let Rspamd know the names as local (addresses.md 4.3)."""
    stored = site.keyvalue.hmget(MAP, list(names))
    hashes.move(plan, MAP, {name: (old, "1") for name, old in zip(names, stored, strict=True)}, "Map of domains")


def leave(site: Site, plan: Plan, names: Collection[str]) -> None:
    """Take the names out of every hash; DKIM keys stay, so that a domain that comes back uses its own again (7.4)."""
    for key, what in ((MAP, "Map of domains"), (rate_limits.KEY, "Rate limit"), (quota_copies.KEY, "Quota warnings")):
        stored = site.keyvalue.hmget(key, list(names))
        hashes.move(plan, key, {name: (old, None) for name, old in zip(names, stored, strict=True)}, what)


def check_selector(draft: Draft) -> None:
    """Judge the name of the DKIM key to be made; empty is no key."""
    selector = draft.values.get("dkim_selector")
    if selector and not dkim.is_selector(selector):
        draft.fail("dkim_domain_or_sel_invalid", selector, field="dkim_selector")


def make_keys(site: Site, plan: Plan, drafts: Sequence[Draft]) -> None:
    """Plan a DKIM key for each draft with a selector; a key that is there is used again."""
    wanted = {str(draft.key): draft.values for draft in drafts if draft.values.get("dkim_selector")}
    stored = site.keyvalue.hmget(dkim.SELECTORS, list(wanted)) if wanted else []
    for (name, values), selector in zip(wanted.items(), stored, strict=True):
        if selector is not None:
            plan.warn("domain_add_dkim_available", name)
        else:
            plan.effects.append(dkim.creation(name, values["dkim_selector"], values["key_size"]))


def restart_sogo(site: Site, plan: Plan, names: Sequence[str]) -> None:
    """Restart SOGo once for all the names: the list of domains is read when it starts (addresses.md 4.4)."""
    if site.sogo and names:
        label = f"Restart SOGo so that it knows {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
        plan.effect("host", "restart", label, service=SOGO)
