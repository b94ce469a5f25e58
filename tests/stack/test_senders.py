"""Who may send as whom (addresses.md 4.1, 10): each right proven by a submission that is taken and one that is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opslib.ops import Ops
from tests.stack.conftest import ALIAS_DOMAIN, DOMAIN, OTHER, carry_out
from tests.stack.post import Login, Post

pytestmark = [pytest.mark.stack, pytest.mark.mail]

Person = Callable[..., Login]


def may_send_as(post: Post, login: Login, sender: str) -> bool:
    """Whether a submission with that sender, to oneself, is taken; a refusal must say whose sender it is not."""
    said, _ = post.send(login.user, sender, login=login)
    assert said.code in (250, 553), said
    return said.code == 250


def test_mail_from_outside_needs_no_right(post: Post, person: Person) -> None:
    assert post.send(person("ann").user, f"anybody@{OTHER}")[0].code == 250


def test_everybody_sends_as_oneself_only(post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    assert may_send_as(post, ann, ann.user)
    assert not may_send_as(post, ann, bob.user)
    assert not may_send_as(post, ann, f"nobody@{DOMAIN}")
    assert not may_send_as(post, ann, "boss@outside.test")


def test_the_name_in_the_alias_domain_is_ones_own(post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    assert may_send_as(post, ann, ann.user.replace(DOMAIN, ALIAS_DOMAIN))
    assert not may_send_as(post, ann, bob.user.replace(DOMAIN, ALIAS_DOMAIN))


def test_targets_send_as_their_alias_where_it_allows_it(ops: Ops, post: Post, person: Person) -> None:
    ann, bob, eve = person("ann"), person("bob"), person("eve")
    address = f"desk@{OTHER}"
    carry_out(ops, ops.aliases.add({"address": address, "goto": (ann.user, bob.user)}))
    assert [may_send_as(post, one, address) for one in (ann, bob, eve)] == [True, True, False]
    key = list(ops.aliases.frame().query("address == @address").index)
    carry_out(ops, ops.aliases.edit(key, {"sender_allowed": False}))
    assert not may_send_as(post, ann, address)
    carry_out(ops, ops.mailboxes.edit(ann.user, {"sender_acl": (address,)}))
    assert [may_send_as(post, one, address) for one in (ann, bob)] == [True, False]


def test_a_right_to_an_address_or_a_domain_is_given_and_taken(ops: Ops, post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    for entry, senders in (
        (bob.user, [bob.user]),
        (f"@{DOMAIN}", [bob.user, f"anybody@{DOMAIN}", bob.user.replace(DOMAIN, ALIAS_DOMAIN)]),
        ("*", [bob.user, "boss@outside.test"]),
    ):
        carry_out(ops, ops.mailboxes.edit(ann.user, {"sender_acl": (entry,)}))
        assert [may_send_as(post, ann, sender) for sender in senders] == [True] * len(senders), entry
    carry_out(ops, ops.mailboxes.edit(ann.user, {"sender_acl": ()}))
    assert not may_send_as(post, ann, bob.user)


def test_a_sender_of_another_server_needs_an_external_right(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    carry_out(ops, ops.mailboxes.edit(ann.user, {"extended_sender_acl": ("boss@outside.test", "@elsewhere.test")}))
    senders = ("boss@outside.test", "other@outside.test", "anybody@elsewhere.test")
    assert [may_send_as(post, ann, sender) for sender in senders] == [True, False, True]


def test_a_renamed_mailbox_sends_under_its_new_name_and_the_kept_one(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    local = f"{ann.user.partition('@')[0]}.lee"
    carry_out(ops, ops.mailboxes.run("rename", ann.user, {"new_local_part": local, "keep_alias": True}))
    lee = Login(f"{local}@{DOMAIN}", ann.password)
    assert may_send_as(post, lee, lee.user) and may_send_as(post, lee, ann.user)


def test_submission_needs_a_sign_in(post: Post, person: Person) -> None:
    ann = person("ann")
    assert post.send("someone@outside.test", ann.user)[0].code in (454, 554), "no open relay"
    assert not post.may_sign_in("smtp", Login(ann.user, "wrong"))
