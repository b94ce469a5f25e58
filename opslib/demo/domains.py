"""Domains, alias domains, and what hangs on a domain: tags, footer, MTA-STS, limits, lists, keys."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence

from opslib import names as naming
from opslib.demo import names
from opslib.demo.world import MIB, Place, World

QUOTAS = (1024, 2048, 3072, 5120)
RELAYS = ("[smtp.relay.example.net]:587", "smarthost.example.com:465", "[192.0.2.25]:25")


def found(world: World, taken: Collection[str] = ()) -> None:
    """Choose the domains; the second and every 25th after it are relay domains once there are enough."""
    many = world.size.domains >= 10
    for position, name in enumerate(names.organisations(world.rng, world.size.domains, taken)):
        relay = many and position % 25 == 1
        share = world.rng.lognormvariate(0, 1.1)
        place = Place(name, relay, max(share, 2.5) if position == 0 else share)
        world.places.append(place)
        if not relay and (position == 0 or world.chance(0.2)):
            _alias_domains(world, place)


def _alias_domains(world: World, place: Place) -> None:
    label, _, rest = place.name.partition(".")
    for word in ("mail", "my")[: 1 + world.chance(0.15)]:
        name = f"{word}.{label}.{rest}"
        place.alias_domains.append(name)
        active = int(world.chance(0.95))
        world.add("alias_domain", alias_domain=name, target_domain=place.name, active=active, **world.dates())


def finish(world: World, keys: Sequence[tuple[str, str]]) -> None:
    """Rows of the domains, with limits that cover what was made; `keys` are (public base64, private PEM) for DKIM."""
    for number, hostname in enumerate(RELAYS, start=1):
        login = {"username": f"relay{number}", "password": f"{world.rng.getrandbits(64):016x}"}
        world.add("relayhosts", id=number, hostname=hostname, active=int(number < 3), **login)
    for position, place in enumerate(world.places):
        _domain(world, place, position)
        _surroundings(world, place)
        _outside(world, place, keys)


def _domain(world: World, place: Place, position: int) -> None:
    rng, count = world.rng, len(place.mailboxes)
    default = rng.choice(QUOTAS)
    largest = max(default, math.ceil(place.largest / MIB), 10_240)
    world.add(
        "domain",
        domain=place.name,
        description=world.comment(0.15) or naming.domain_unicode(place.name),
        aliases=max(50, math.ceil(place.aliases * rng.uniform(1.05, 2))),
        mailboxes=max(10, math.ceil(count * rng.uniform(1.02, 1.8))),
        defquota=default,
        maxquota=largest,
        quota=max(largest, math.ceil(place.allotted / MIB * rng.uniform(1.02, 1.6))),
        relayhost=str(rng.randint(1, len(RELAYS))) if world.chance(0.05) else "0",
        backupmx=int(place.relay),
        gal=int(world.chance(0.9)),
        relay_all_recipients=int(place.relay),
        relay_unknown_only=int(place.relay and count > 0),
        active=int(position == 0 or world.chance(0.96)),
        **world.dates(),
    )


def _surroundings(world: World, place: Place) -> None:
    rng = world.rng
    for tag in rng.sample(names.TAGS[:5], rng.choice((0, 0, 1, 1, 2))):
        world.add("tags_domain", tag_name=tag, domain=place.name)
    if world.chance(0.3):
        _footer(world, place)
    if world.chance(0.3):
        world.add(
            "mta_sts", domain=place.name, id=int(f"{world.past(900):%Y%m%d%H%M%S}"), version="stsv1",
            mode=rng.choice(("enforce", "testing", "none")), mx=f"mail.{place.name},*.mx.example.net",
            max_age=str(rng.choice((86400, 604800, 31536000))), active=int(world.chance(0.9)),
        )  # fmt: skip
    for option, host in zip(("whitelist_from", "blacklist_from"), rng.sample(names.FOREIGN, 2), strict=True):
        if world.chance(0.25):
            value = rng.choice((f"*@{host}", host, f"news@{host}", f"*.{host}"))
            world.add("filterconf", object=place.name, option=option, value=value, **world.dates(500))


def _footer(world: World, place: Place) -> None:
    plain, html = (text.replace("{0}", place.name) for text in world.rng.choice(names.FOOTERS))
    world.add(
        "domain_wide_footer", domain=place.name, html=html, plain=plain, skip_replies=int(world.chance(0.4)),
        mbox_exclude=place.mailboxes[: world.rng.randint(0, 2)],
        alias_domain_exclude=place.alias_domains[: world.rng.randint(0, 1)],
    )  # fmt: skip


def _outside(world: World, place: Place, keys: Sequence[tuple[str, str]]) -> None:
    rng = world.rng
    for name in place.names:
        world.hashes["DOMAIN_MAP"][name] = "1"
        if world.chance(0.15):
            world.hashes["RL_VALUE"][name] = f"{rng.choice((10, 100, 500))} / 1{rng.choice('mhd')}"
        if world.chance(0.8):
            public, private = rng.choice(keys)
            selector = rng.choice(("dkim", "dkim", "mail2025"))
            world.hashes["DKIM_PUB_KEYS"][name] = public
            world.hashes["DKIM_SELECTORS"][name] = selector
            world.hashes["DKIM_PRIV_KEYS"][f"{selector}.{name}"] = private
    if place.mailboxes and world.chance(0.1):
        copy = {"bcc_rcpts": [place.mailboxes[0], world.foreign()], "active": 1}
        world.hashes["QW_BCC"][place.name] = json.dumps(copy)
