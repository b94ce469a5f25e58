"""The life of a mailbox, from the console to the daemons: what is typed here is what Postfix and Dovecot do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from opslib.ops import Ops
from opslib.schema import tfa
from opslib.stores.database import write
from tests.stack.conftest import DOMAIN, PASSWORD, carry_out
from tests.stack.post import Login, Post, eventually
from tests.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.mail]

Person = Callable[..., Login]
PROTOCOLS = ("imap", "pop3", "smtp", "sieve")


def test_a_new_mailbox_receives_mail_and_its_password_reads_it(post: Post, person: Person) -> None:
    ann = person("ann")
    said, word = post.send(ann.user)
    assert said.code == 250
    assert post.arrives(ann, word)
    assert not post.may_sign_in("imap", replace(ann, password="wrong"))


def test_mail_for_a_tagged_address_arrives(post: Post, person: Person) -> None:
    ann = person("ann")
    _, word = post.send(ann.user.replace("@", "+shop@"))
    assert post.arrives(ann, word)


def test_mail_for_nobody_is_refused(post: Post, ops: Ops) -> None:
    assert post.refuses(f"nobody@{DOMAIN}")


def test_every_sign_in_is_noted(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    assert ops.mailboxes.get(ann.user)["last_login"] is None
    assert post.may_sign_in("pop3", ann)
    assert ops.mailboxes.get(ann.user)["last_login"] is not None


def test_a_new_password_counts_at_once_and_the_old_one_no_more(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    later = replace(ann, password="Another-Horse-8")
    for name in PROTOCOLS:
        assert post.may_sign_in(name, ann) and not post.may_sign_in(name, later)
    carry_out(ops, ops.mailboxes.edit(ann.user, {"password": later.password}))
    for name in PROTOCOLS:
        assert post.may_sign_in(name, later) and not post.may_sign_in(name, ann)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_that_is_switched_off_lets_nobody_in(ops: Ops, post: Post, person: Person, protocol: str) -> None:
    ann = person("ann")
    assert post.may_sign_in(protocol, ann)
    carry_out(ops, ops.mailboxes.edit(ann.user, {f"{protocol}_access": False}))
    assert {name: post.may_sign_in(name, ann) for name in PROTOCOLS} == {name: name != protocol for name in PROTOCOLS}
    carry_out(ops, ops.mailboxes.edit(ann.user, {f"{protocol}_access": True}))
    assert post.may_sign_in(protocol, ann)


def test_a_mailbox_that_only_receives_keeps_its_mail_coming_but_lets_nobody_in(
    ops: Ops, post: Post, person: Person
) -> None:
    ann = person("ann")
    assert post.may_sign_in("imap", ann)
    carry_out(ops, ops.mailboxes.edit(ann.user, {"active": 2}))
    assert [name for name in PROTOCOLS if post.may_sign_in(name, ann)] == []
    said, word = post.send(ann.user)
    assert said.code == 250
    carry_out(ops, ops.mailboxes.edit(ann.user, {"active": 1}))
    assert post.arrives(ann, word)


def test_a_mailbox_that_is_off_refuses_mail_and_sign_in(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)
    carry_out(ops, ops.mailboxes.edit(ann.user, {"active": 0}))
    assert post.refuses(ann.user)
    assert [name for name in PROTOCOLS if post.may_sign_in(name, ann)] == []
    carry_out(ops, ops.mailboxes.edit(ann.user, {"active": 1}))
    assert post.count(ann, word) == 1


def test_a_smaller_quota_counts_for_the_next_mail(ops: Ops, post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob", quota="10 MiB")
    _, fits = post.send(bob.user, ann.user, login=ann, size=2 << 20)
    assert post.arrives(bob, fits)
    assert eventually(lambda: ops.mailboxes.get(bob.user)["quota_used"] > 2 << 20)
    carry_out(ops, ops.mailboxes.edit(bob.user, {"quota": "3 MiB"}))
    _, bounced = post.send(bob.user, ann.user, login=ann, size=2 << 20)
    assert post.arrives(ann, bounced), "the sender is told"
    assert post.arrives(ann, "Quota")
    assert post.count(bob, bounced) == 0


def test_a_renamed_mailbox_keeps_mail_and_password(stack: Stack, ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)
    local = f"{ann.user.partition('@')[0]}.lee"
    carry_out(ops, ops.mailboxes.run("rename", ann.user, {"new_local_part": local, "keep_alias": True}))
    lee = Login(f"{local}@{DOMAIN}", PASSWORD)
    assert post.count(lee, word) == 1
    assert not post.may_sign_in("imap", ann)
    for address in (lee.user, ann.user):
        _, later = post.send(address)
        assert post.arrives(lee, later)
    assert not stack.place.at("vmail", DOMAIN, ann.user.partition("@")[0]).exists()


def test_a_renamed_mailbox_leaves_no_address_behind_unless_asked(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    local = f"{ann.user.partition('@')[0]}.lee"
    carry_out(ops, ops.mailboxes.run("rename", ann.user, {"new_local_part": local, "keep_alias": False}))
    assert post.refuses(ann.user)


def test_a_deleted_mailbox_is_gone_and_its_mail_lies_in_the_garbage(
    stack: Stack, ops: Ops, post: Post, person: Person
) -> None:
    ann = person("ann")
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)
    carry_out(ops, ops.mailboxes.delete(ann.user))
    local, store = ann.user.partition("@")[0], stack.place.at("vmail")
    assert post.refuses(ann.user)
    assert not post.may_sign_in("imap", ann)
    assert not store.joinpath(DOMAIN, local).exists()
    assert not stack.place.at("vmail_index", ann.user).exists()
    mails = store.joinpath("_garbage").glob(f"*_{DOMAIN.replace('.', '')}{local}/**/new/*")
    assert [word in mail.read_text() for mail in mails] == [True]


def test_a_deletion_that_is_undone_takes_mail_again_and_lets_in_with_a_new_password(
    ops: Ops, post: Post, person: Person
) -> None:
    ann = person("ann")
    done = ops.commit(ops.mailboxes.delete(ann.user))
    assert done.change_id is not None
    assert not post.may_sign_in("imap", ann)
    carry_out(ops, ops.undo(done.change_id))
    carry_out(ops, ops.mailboxes.edit(ann.user, {"password": PASSWORD}))
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)


def test_plain_sessions_are_refused_where_tls_is_asked_for(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    carry_out(ops, ops.mailboxes.edit(ann.user, {"tls_enforce_in": True}))
    assert post.send(ann.user)[0].code == 450
    said, word = post.send(ann.user, tls=True)
    assert said.code == 250
    assert post.arrives(ann, word)


def test_a_domain_that_is_off_refuses_mail_and_sign_in(ops: Ops, post: Post) -> None:
    name = "off.test"
    carry_out(ops, ops.domains.add({"domain": name}))
    carry_out(ops, ops.mailboxes.add({"local_part": "ann", "domain": name, "password": PASSWORD, "quota": "1 GiB"}))
    ann = Login(f"ann@{name}", PASSWORD)
    assert post.may_sign_in("imap", ann)
    carry_out(ops, ops.domains.edit(name, {"active": False}))
    assert post.send(ann.user)[0].code >= 400
    assert not post.may_sign_in("imap", ann)


def test_an_app_password_opens_its_protocols_only(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    given = {"mailbox": ann.user, "app_name": "phone", "password": "Phone-Horse-9", "protocols": ("imap_access",)}
    carry_out(ops, ops.app_passwords.add(given))
    phone = replace(ann, password="Phone-Horse-9")
    assert {name: post.may_sign_in(name, phone) for name in PROTOCOLS} == {name: name == "imap" for name in PROTOCOLS}
    carry_out(ops, ops.mailboxes.edit(ann.user, {"imap_access": False}))
    assert post.may_sign_in("imap", phone), "the mailbox's own switch is for its own password"
    carry_out(ops, ops.app_passwords.delete(ops.app_passwords.frame().query("mailbox == @ann.user")))
    assert not post.may_sign_in("imap", phone)


def test_a_second_factor_leaves_app_passwords_only(ops: Ops, post: Post, person: Person) -> None:
    ann = person("ann")
    given = {"mailbox": ann.user, "app_name": "phone", "password": "Phone-Horse-9", "protocols": ("imap_access",)}
    carry_out(ops, ops.app_passwords.add(given))
    with write(ops.site.engine) as connection:
        values = {"key_id": "totp", "username": ann.user, "authmech": "totp", "active": 1}
        connection.execute(tfa.insert().values(values))
    assert not post.may_sign_in("imap", ann)
    assert post.may_sign_in("imap", replace(ann, password="Phone-Horse-9"))
