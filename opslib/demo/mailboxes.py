"""Mailboxes, resources and what hangs on a mailbox."""

from __future__ import annotations

from opslib.demo import names
from opslib.demo.domains import RELAYS
from opslib.demo.world import GIB, Place, Row, World

QUOTAS = (1, 2, 3, 5, 5, 10, 20)  # GiB
PROTOCOLS = ("imap", "pop3", "smtp", "sieve", "eas", "dav")
KINDS = (("location", names.ROOMS), ("group", names.GROUPS), ("thing", names.THINGS))


def settle(world: World) -> None:
    """People move into the domains, larger ones and smaller ones; relay domains have few or none."""
    homes = [place for place in world.places if not place.relay]
    homes += [place for place in world.places if place.relay][::2]
    for home in homes:
        if home.relay:
            home.share = 0.05
    for home in homes[: world.size.mailboxes]:
        _mailbox(world, home)
    weights = [home.share for home in homes]
    for home in world.rng.choices(homes, weights, k=max(0, world.size.mailboxes - len(homes))):
        _mailbox(world, home)
    for number in range(world.some(0.02, world.size.mailboxes)):
        _resource(world, world.rng.choice(world.settled), number)


def _mailbox(world: World, place: Place) -> None:
    display, local = _person(world, place)
    username = f"{local}@{place.name}"
    for name in place.alias_domains:
        world.taken.add(f"{local}@{name}")
    quota = 0 if world.chance(0.01) else world.rng.choice(QUOTAS) * GIB
    external = world.size.mailboxes > 100 and world.chance(0.01)
    dates = world.dates()
    place.mailboxes.append(username)
    place.allotted += quota
    place.largest = max(place.largest, quota)
    world.add(
        "mailbox", username=username, password="" if external else world.rng.choice(world.passwords), name=display,
        quota=quota, local_part=local, domain=place.name, attributes=_attributes(world, dates, external),
        custom_attributes=_custom(world), kind="", multiple_bookings=-1, authsource="ldap" if external else "mailcow",
        active=world.rng.choices((1, 0, 2), (94, 3, 3))[0], **dates,
    )  # fmt: skip
    _usage(world, username, quota)
    _outside(world, username)


def _person(world: World, place: Place) -> tuple[str, str]:
    given, family = names.person(world.rng)
    first, last = names.ascii_fold(given), names.ascii_fold(family)
    shapes = [f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last[0]}", f"{first}_{last}"]
    base = world.rng.choices(shapes, (7, 2, 1, 0.5))[0]
    local, number = base, 1
    while not world.claim(f"{local}@{place.name}"):
        number += 1
        local = f"{base}{number}"
    return f"{given} {family}", local


def _attributes(world: World, dates: Row, external: bool) -> Row:
    chance = world.chance
    flags = {
        "force_pw_update": not external and chance(0.03),
        "force_tfa": chance(0.03),
        "tls_enforce_in": chance(0.1),
        "tls_enforce_out": chance(0.15),
        "sogo_access": chance(0.92),
        **{f"{protocol}_access": chance(0.95) for protocol in PROTOCOLS},
    }
    attributes = {name: str(int(flag)) for name, flag in flags.items()}
    attributes |= {
        "relayhost": str(world.rng.randint(1, len(RELAYS))) if chance(0.01) else "0",
        "passwd_update": f"{dates['modified'] or dates['created']:%Y-%m-%d %H:%M:%S}",
        "mailbox_format": "maildir:",
        "quarantine_notification": world.rng.choice(("never", "hourly", "hourly", "daily", "weekly")),
        "quarantine_category": world.rng.choice(("reject", "reject", "add_header", "all")),
        "attribute_hash": f"{world.rng.getrandbits(160):040x}" if external else "",
    }
    if chance(0.1):
        attributes["recovery_email"] = world.foreign()
    return attributes


def _custom(world: World) -> Row:
    if not world.chance(0.2):
        return {}
    return {"Department": world.rng.choice(names.DEPARTMENTS), "Phone": f"+1 555 01{world.rng.randrange(100):02}"}


def _usage(world: World, username: str, quota: int) -> None:
    """Shares of the quota in use are log-normal: most mailboxes are small, a few are nearly full."""
    share = 0.0 if world.chance(0.04) else min(world.rng.lognormvariate(-1.5, 0.95), 0.998)
    used = int(share * (quota or 8 * GIB))
    messages = used // int(world.rng.lognormvariate(11, 0.5)) + (used > 0)
    world.add("quota2", username=username, bytes=used, messages=messages)


def _outside(world: World, username: str) -> None:
    rng = world.rng
    for tag in rng.sample(names.TAGS, rng.choice((0, 0, 0, 1, 2))):
        world.add("tags_mailbox", tag_name=tag, username=username)
    if world.chance(0.03):
        world.hashes["RL_VALUE"][username] = f"{rng.choice((5, 20, 200))} / 1{rng.choice('smhd')}"
    if world.chance(0.1):
        world.hashes[rng.choice(("RCPT_WANTS_SUBJECT_TAG", "RCPT_WANTS_SUBFOLDER_TAG"))][username] = "1"
    if world.chance(0.04):
        for option, value in (("highspamlevel", rng.choice(("12", "15", "20.5"))), ("lowspamlevel", "6")):
            world.add("filterconf", object=username, option=option, value=value, **world.dates(400))
    if world.chance(0.03):
        option = rng.choice(("whitelist_from", "blacklist_from"))
        world.add("filterconf", object=username, option=option, value=world.foreign(), **world.dates(400))


def _resource(world: World, place: Place, number: int) -> None:
    kind, descriptions = KINDS[number % len(KINDS)]
    description = f"{world.rng.choice(descriptions)} {number + 1}"
    local = names.ascii_fold(description).replace("-", "")
    if not world.claim(f"{local}@{place.name}"):
        return
    world.taken.update(f"{local}@{name}" for name in place.alias_domains)
    world.add(
        "mailbox", username=f"{local}@{place.name}", password="RESOURCE", name=description, quota=0, local_part=local,
        domain=place.name, attributes=None, custom_attributes={}, kind=kind,
        multiple_bookings=world.rng.choice((-1, 0, 1, 3)), authsource="mailcow", active=1, **world.dates(),
    )  # fmt: skip
