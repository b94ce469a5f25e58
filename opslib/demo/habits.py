"""What people do with their mailboxes: sign in, make app passwords and temporary addresses, send as others."""

from __future__ import annotations

from datetime import timedelta

from opslib.demo import names
from opslib.demo.world import Place, World

PROTOCOLS = ("imap", "smtp", "pop3", "sieve", "eas", "dav")
SERVICES = {"imap": 10, "smtp": 8, "pop3": 1, "sieve": 0.5, "SOGO": 3, "SSO": 3, "DAV": 1, "EAS": 1, "NONE": 1}
APPS = ("Phone", "Tablet", "Desktop mail", "Scanner, 2nd floor", "Backup <nightly>", "Téléphone", "スマホ", "⌚ Watch")
SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")


def live(world: World) -> None:
    """Rows of every mailbox, domain by domain."""
    for place in world.settled:
        for username in place.mailboxes:
            apps = _app_passwords(world, place, username)
            _logins(world, username, apps)
            _temporary(world, place, username)
            _sender_acl(world, place, username)
            _pushover(world, username)


def _app_passwords(world: World, place: Place, username: str) -> list[int]:
    made = []
    for name in world.rng.sample(APPS, world.rng.choices((0, 1, 2), (92, 6, 2))[0]):
        number = len(world.rows["app_passwd"]) + 1
        access = {f"{protocol}_access": int(world.chance(0.7)) for protocol in PROTOCOLS}
        world.add(
            "app_passwd", id=number, name=name, mailbox=username, domain=place.name, active=int(world.chance(0.95)),
            password=world.rng.choice(world.passwords), **access, **world.dates(900),
        )  # fmt: skip
        made.append(number)
    return made


def _logins(world: World, username: str, apps: list[int]) -> None:
    """A sixth never signs in; the others come from one to six pairs of service and address."""
    rng = world.rng
    services = list(SERVICES)
    if world.chance(0.16):
        return
    last = min(rng.lognormvariate(1.2, 1.6), 900)
    seen = {}
    for _ in range(rng.randint(1, 6)):
        service = rng.choices(services, list(SERVICES.values()))[0]
        seen[service, _address(world)] = last + rng.expovariate(0.2)
    for (service, address), days in seen.items():
        by_app = bool(apps) and service in ("imap", "smtp", "EAS", "DAV") and world.chance(0.5)
        moment = (world.now - timedelta(days=days)).replace(microsecond=0)
        app = rng.choice(apps) if by_app else 0
        world.add("sasl_log", service=service, app_password=app, username=username, real_rip=address, datetime=moment)


def _address(world: World) -> str:
    """An address of the documentation ranges (RFC 5737, RFC 3849)."""
    if world.chance(0.3):
        return f"2001:db8:{world.rng.randrange(1 << 16):x}::{world.rng.randrange(1, 1 << 16):x}"
    return f"{world.rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{world.rng.randrange(1, 255)}"


def _temporary(world: World, place: Place, username: str) -> None:
    rng = world.rng
    for _ in range(rng.choices((0, 1, 3), (92, 6, 2))[0]):
        words = ".".join("".join(rng.choices(SYLLABLES, k=4)) for _ in range(2))
        address = f"{words}@{rng.choice(place.names)}"
        if world.claim(address):
            permanent = int(world.chance(0.1))
            hours = rng.choice((-48, 6, 24, 168, 8760))
            world.add(
                "spamalias", address=address, goto=username, description=world.comment(0.4) or "", permanent=permanent,
                validity=0 if permanent else world.epoch + hours * 3600, **world.dates(300),
            )  # fmt: skip


def _sender_acl(world: World, place: Place, username: str) -> None:
    if world.chance(0.04):
        colleague = world.rng.choice(place.mailboxes)
        entries = [f"@{place.name}", "*", *([colleague] if colleague != username else [])]
        entry = world.rng.choices(entries, (4, 1, 15)[: len(entries)])[0]
        world.add("sender_acl", logged_in_as=username, send_as=entry, external=0)
    if world.chance(0.02):
        entry = world.rng.choice((world.foreign(), f"@{world.rng.choice(names.FOREIGN)}"))
        world.add("sender_acl", logged_in_as=username, send_as=entry, external=1)


def _pushover(world: World, username: str) -> None:
    if world.chance(0.01):
        secrets = {name: f"{world.rng.getrandbits(120):030x}" for name in ("key", "token")}
        settings = {"evaluate_x_prio": "0", "only_x_prio": "1", "sound": "pianobar"}
        world.add(
            "pushover", username=username, attributes=settings, title="Mail", text="{SUBJECT}", active=0, **secrets
        )
