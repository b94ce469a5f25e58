"""One deterministic generator: the same size, seed and moment give the same world (secrets aside)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from random import Random

from opslib.demo import accounts, aliases, domains, habits, mailboxes
from opslib.demo.world import SIZES, World


def generate(
    size: str,
    seed: int,
    now: datetime,
    epoch: int,
    passwords: Sequence[str],
    keys: Sequence[tuple[str, str]],
    taken: Collection[str] = (),
) -> World:
    """Rows and key-value fields of a made-up site.

    now: the server's wall clock · epoch: the same in Unix seconds · passwords: stored hashes to share ·
    keys: DKIM keys to share, (base64 public key, PEM private key) · taken: domains there are already.
    """
    world = World(SIZES[size], Random(f"{seed} {size}"), now, epoch, tuple(passwords))
    domains.found(world, taken)
    mailboxes.settle(world)
    aliases.spread(world)
    habits.live(world)
    domains.finish(world, keys)
    accounts.administrators(world)
    accounts.templates(world)
    return world
