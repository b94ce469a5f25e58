"""Domain administrators and templates."""

from __future__ import annotations

from opslib.demo.world import GIB, Row, World
from opslib.schema.access import ADMIN_BITS
from opslib.schema.create import DOMAIN_TEMPLATE, MAILBOX_TEMPLATE

ADMINISTRATORS = ("demo-harbour", "demo-region", "demo-helpdesk")

TEMPLATES: dict[str, dict[str, Row]] = {
    "domain": {
        "School": {"max_num_mboxes_for_domain": 500, "max_quota_for_domain": 2048 * GIB, "tags": ["customer"]},
        "Trial": {"max_num_mboxes_for_domain": 3, "rl_value": "50", "rl_frame": "h", "tags": ["trial"]},
    },
    "mailbox": {
        "Pupil": {"quota": 1 * GIB, "pop3_access": 0, "eas_access": 0, "tags": ["external"]},
        "Executive": {"quota": 20 * GIB, "tls_enforce_in": 1, "tls_enforce_out": 1, "tags": ["vip"]},
    },
}
"""Name -> what differs from the built-in Default, by type."""


def administrators(world: World) -> None:
    """Three accounts: one domain and the usual rights, many domains and every right, some domains and few rights."""
    everywhere = [place.name for place in world.places]
    many, some = world.some(0.4, len(everywhere)), world.some(0.1, len(everywhere))
    shares = (everywhere[:1], everywhere[:many], everywhere[-some:])
    usual = {bit for bit, default in ADMIN_BITS.items() if default}
    rights = (usual, set(ADMIN_BITS), {"quarantine", "spam_policy"})
    for username, domains, bits in zip(ADMINISTRATORS, shares, rights, strict=True):
        attributes = {"force_tfa": "0", "force_pw_update": "0"}
        account = {"username": username, "password": world.passwords[0], "attributes": attributes}
        world.add("admin", superadmin=0, active=1, **account, **world.dates())
        world.add("da_acl", username=username, **{bit: int(bit in bits) for bit in ADMIN_BITS})
        for name in domains:
            world.add("domain_admins", username=username, domain=name, active=1, created=world.past(900))


def templates(world: World) -> None:
    """Two templates of each type beside the built-in Default (addresses.md 14)."""
    for kind, default in (("domain", DOMAIN_TEMPLATE), ("mailbox", MAILBOX_TEMPLATE)):
        for name, changes in TEMPLATES[kind].items():
            world.add("templates", template=name, type=kind, attributes={**default, **changes}, **world.dates())
