"""Aliases of every sort: single, shared, external, special, catch-all, internal, in alias domains, of aliases."""

from __future__ import annotations

from opslib import names as naming
from opslib.demo import names
from opslib.demo.world import Place, World

SORTS = {"single": 66, "shared": 16, "external": 9, "mixed": 3, "nested": 2, "special": 4}


def spread(world: World) -> None:
    """All aliases but the self rows; a fifth of the domains has a catch-all."""
    homes = world.settled
    weights = [len(home.mailboxes) for home in homes]
    for home in homes[: world.some(0.2, len(homes))]:
        _alias(world, home, f"@{home.name}", world.rng.choice(home.mailboxes))
    made: dict[str, list[str]] = {}
    sorts = list(SORTS)
    while len(world.rows["alias"]) < world.size.aliases:
        home = world.rng.choices(homes, weights)[0]
        sort = world.rng.choices(sorts, list(SORTS.values()))[0]
        address = _address(world, home)
        earlier = made.setdefault(home.name, [])
        _alias(world, home, address, _targets(world, home, sort, earlier), sort)
        earlier.append(address)


def _address(world: World, home: Place) -> str:
    rng = world.rng
    domain = rng.choice(home.alias_domains) if home.alias_domains and world.chance(0.1) else home.name
    base = rng.choice((*names.ROLES, *names.DEPARTMENTS)) if world.chance(0.5) else _personal(world)
    base = base.title() if world.chance(0.01) else base
    local, number = base, 1
    while not world.claim(f"{local}@{domain}"):
        number += 1
        local = f"{base}-{number}"
    return f"{local}@{domain}"


def _personal(world: World) -> str:
    given, family = (names.ascii_fold(name) for name in names.person(world.rng))
    return world.rng.choice(
        (f"{family}.{given}", f"{given[0]}{family}", f"{family}", f"{given}-{family}", f"{given}+{family}")
    )


def _targets(world: World, home: Place, sort: str, earlier: list[str]) -> str:
    rng, people = world.rng, home.mailboxes
    if sort == "special":
        return rng.choices(naming.SPECIAL_TARGETS, (6, 3, 1))[0]
    if sort == "external":
        return world.foreign()
    if sort == "nested" and earlier:
        return rng.choice(earlier)
    if sort in ("shared", "mixed"):
        most = min(len(people), 40 if world.chance(0.05) else 8)
        found = rng.sample(people, rng.randint(min(2, most), most))
        return ",".join([*found, world.foreign()] if sort == "mixed" else found)
    return rng.choice(people)


def _alias(world: World, home: Place, address: str, goto: str, sort: str = "catch-all") -> None:
    home.aliases += 1
    world.add(
        "alias", address=address, goto=goto, domain=address.rpartition("@")[2], active=int(world.chance(0.95)),
        internal=int(sort == "shared" and world.chance(0.3)), sender_allowed=int(world.chance(0.9)),
        sogo_visible=int(world.chance(0.9)), private_comment=world.comment(0.15), public_comment=world.comment(0.2),
        **world.dates(),
    )  # fmt: skip
