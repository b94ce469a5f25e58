"""Aliases of every kind, each proven by a delivery or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opslib.ops import Ops
from tests.stack.conftest import ALIAS_DOMAIN, DOMAIN, OTHER, PASSWORD, carry_out
from tests.stack.post import Login, Post, eventually
from tests.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.mail]

Person = Callable[..., Login]


def add(ops: Ops, address: str, *goto: str, **given: Any) -> str:
    """An alias; gives its address."""
    carry_out(ops, ops.aliases.add({"address": address, "goto": goto, **given}))
    return address


def test_an_alias_reaches_all_its_targets(ops: Ops, post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    _, word = post.send(add(ops, f"team@{DOMAIN}", ann.user, bob.user))
    assert post.arrives(ann, word) and post.arrives(bob, word)


def test_an_alias_may_lead_to_another_in_a_foreign_domain(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    inner = add(ops, f"inner@{OTHER}", ann.user)
    _, word = post.send(add(ops, f"outer@{DOMAIN}", inner))
    assert post.arrives(ann, word)


def test_an_alias_that_is_off_or_gone_refuses(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    address = add(ops, f"once@{DOMAIN}", ann.user)
    key = ops.aliases.frame().query("address == @address").index
    assert post.send(address)[0].code == 250
    carry_out(ops, ops.aliases.edit(list(key), {"active": False}))
    assert post.refuses(address)
    carry_out(ops, ops.aliases.edit(list(key), {"active": True}))
    assert post.send(address)[0].code == 250
    carry_out(ops, ops.aliases.delete(list(key)))
    assert post.refuses(address)


def test_a_mailbox_is_taken_out_of_the_aliases_of_others_when_it_goes(ops: Ops, post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    address = add(ops, f"both@{DOMAIN}", ann.user, bob.user)
    carry_out(ops, ops.mailboxes.delete(ann.user))
    said, word = post.send(address)
    assert said.code == 250
    assert post.arrives(bob, word)


def test_a_catch_all_takes_unknown_addresses_only(ops: Ops, post: Post) -> None:
    name = "catch.test"
    carry_out(ops, ops.domains.add({"domain": name}))
    for local in ("ann", "rest"):
        carry_out(ops, ops.mailboxes.add({"local_part": local, "domain": name, "password": PASSWORD, "quota": "1 GiB"}))
    ann, rest = Login(f"ann@{name}", PASSWORD), Login(f"rest@{name}", PASSWORD)
    assert post.refuses(f"anything@{name}")
    add(ops, f"@{name}", rest.user)
    _, known = post.send(ann.user)
    _, unknown = post.send(f"anything@{name}")
    assert post.arrives(rest, unknown) and post.arrives(ann, known)
    assert post.count(rest, known) == 0


def test_discarded_mail_is_taken_and_reaches_nobody(stack: Stack, ops: Ops, post: Post) -> None:
    said, _ = post.send(add(ops, f"noreply@{DOMAIN}", special="null@localhost"))
    assert said.code == 250
    line = f"to=<null@localhost>, orig_to=<noreply@{DOMAIN}>, relay=none"
    log = stack.place.at("log", "postfix.log")
    assert eventually(lambda: any(line in entry and "status=sent" in entry for entry in log.read_text().splitlines()))


def test_an_alias_domain_stands_for_its_target(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    twin = ann.user.replace(DOMAIN, ALIAS_DOMAIN)
    _, word = post.send(twin)
    assert post.arrives(ann, word)
    assert post.refuses(f"nobody@{ALIAS_DOMAIN}")
    carry_out(ops, ops.mailboxes.edit(ann.user, {"active": 0}))
    assert post.refuses(twin)


def test_an_alias_of_its_own_in_an_alias_domain_works(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    _, word = post.send(add(ops, f"shop@{ALIAS_DOMAIN}", ann.user))
    assert post.arrives(ann, word)


def test_an_alias_domain_that_is_off_takes_no_mail(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    carry_out(ops, ops.alias_domains.add({"alias_domain": "pause.test", "target_domain": DOMAIN}))
    address = ann.user.replace(DOMAIN, "pause.test")
    assert post.send(address)[0].code == 250
    carry_out(ops, ops.alias_domains.edit("pause.test", {"active": False}))
    assert post.send(address)[0].code >= 400


def test_a_temporary_alias_works_until_it_is_deleted(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    carry_out(ops, ops.temporary_aliases.add({"goto": ann.user, "hours": 1}))
    found = ops.temporary_aliases.frame().query("goto == @ann.user")
    (address,) = found.index
    _, word = post.send(address)
    assert post.arrives(ann, word)
    carry_out(ops, ops.temporary_aliases.delete(address))
    assert post.refuses(address)


def test_a_temporary_alias_ends_with_its_time_unless_it_is_permanent(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    carry_out(ops, ops.temporary_aliases.add({"goto": ann.user, "hours": 1}))
    (address,) = ops.temporary_aliases.frame().query("goto == @ann.user").index
    with ops.site.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE spamalias SET validity = UNIX_TIMESTAMP() - 1 WHERE address = %s", (address,)
        )
    assert post.refuses(address)
    with ops.site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE spamalias SET permanent = 1 WHERE address = %s", (address,))
    assert post.send(address)[0].code == 250


def test_mail_for_a_room_is_taken_and_reaches_nobody(stack: Stack, ops: Ops, post: Post) -> None:
    carry_out(ops, ops.resource("resources").add({"domain": DOMAIN, "description": "Blue Room", "kind": "location"}))
    said, _ = post.send(f"blueroom@{DOMAIN}")
    assert said.code == 250
    log = stack.place.at("log", "postfix.log")
    assert eventually(lambda: f"to=<null@localhost>, orig_to=<blueroom@{DOMAIN}>" in log.read_text())
    assert not post.may_sign_in("imap", Login(f"blueroom@{DOMAIN}", "RESOURCE"))
