"""What changes ask of the host, really done on this machine's daemons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from opslib.host.absent import AbsentHost
from opslib.ops import Ops
from opslib.schema.console import ops_outbox
from opslib.site import Site
from opslib.stores.database import write
from tests.stack.conftest import DOMAIN, carry_out
from tests.stack.post import Login, Post, eventually
from tests.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.mail]

Person = Callable[..., Login]


def test_what_waited_for_a_host_is_done_once_there_is_one(
    stack: Stack, site: Site, ops: Ops, post: Post, person: Person
) -> None:
    ann, host = person("ann"), site.host
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)
    site.host = AbsentHost()
    try:
        waiting = ops.commit(ops.mailboxes.delete(ann.user)).waiting
    finally:
        site.host = host
    assert waiting and all(one.absent for one in waiting)
    maildir = stack.place.at("vmail", DOMAIN, ann.user.partition("@")[0])
    assert maildir.exists()
    _make_due(site)
    assert ops.run_effects() == []
    assert not maildir.exists()
    assert not post.may_sign_in("imap", ann)


def test_a_password_that_was_cached_ends_with_its_effect(site: Site, ops: Ops, post: Post, person: Person) -> None:
    ann, host = person("ann"), site.host
    assert post.may_sign_in("imap", ann)
    site.host = AbsentHost()
    try:
        ops.commit(ops.mailboxes.edit(ann.user, {"password": "Another-Horse-8"}))
    finally:
        site.host = host
    assert post.may_sign_in("imap", ann), "Dovecot's cache is at work"
    _make_due(site)
    assert ops.run_effects() == []
    assert not post.may_sign_in("imap", ann)


def _make_due(site: Site) -> None:
    with write(site.engine) as connection:
        connection.execute(ops_outbox.update().values(due=site.now() - timedelta(seconds=1)))


def test_mail_that_came_before_the_maildir_was_moved_is_kept(site: Site, ops: Ops, post: Post, person: Person) -> None:
    ann, host = person("ann"), site.host
    _, before = post.send(ann.user)
    assert post.arrives(ann, before)
    local = f"{ann.user.partition('@')[0]}.lee"
    site.host = AbsentHost()
    try:
        ops.commit(ops.mailboxes.run("rename", ann.user, {"new_local_part": local, "keep_alias": True}))
    finally:
        site.host = host
    lee = Login(f"{local}@{DOMAIN}", ann.password)
    assert site.host.do("flush_auth_cache").ok
    _, meanwhile = post.send(lee.user)
    assert post.arrives(lee, meanwhile)
    assert "early mail taken over: 1" in site.host.do("maildir_move", old=_maildir(ann), new=_maildir(lee)).detail
    assert [post.count(lee, word) for word in (before, meanwhile)] == [1, 1]


def _maildir(login: Login) -> str:
    return "/".join(reversed(login.user.split("@")))


def test_shared_folders_follow_a_rename_of_either_side(ops: Ops, post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)
    with post.imap(ann) as session:
        assert session.setacl("INBOX", bob.user, "lrws")[0] == "OK"
    assert post.count(bob, word, f"Shared/{ann.user}") == 1
    carry_out(ops, ops.mailboxes.run("rename", bob.user, {"new_local_part": "rob", "keep_alias": False}))
    rob = Login(f"rob@{DOMAIN}", bob.password)
    assert post.count(rob, word, f"Shared/{ann.user}") == 1
    carry_out(ops, ops.mailboxes.run("rename", ann.user, {"new_local_part": "annabel", "keep_alias": False}))
    assert post.count(rob, word, f"Shared/annabel@{DOMAIN}") == 1
    with post.imap(Login(f"annabel@{DOMAIN}", ann.password)) as session:
        (listed,) = session.getacl("INBOX")[1]
    assert rob.user.encode() in listed and bob.user.encode() not in listed


def test_daemons_read_their_configuration_again(stack: Stack, site: Site, post: Post, person: Person) -> None:
    ann = person("ann")
    for name, word in (("postfix", "reload -- version"), ("dovecot", "SIGHUP received")):
        log = stack.place.at("log", f"{name}.log")
        before = log.read_text().count(word)
        assert site.host.do("restart", service=f"{name}-mailcow").ok
        assert eventually(lambda log=log, word=word, before=before: log.read_text().count(word) > before), name
    _, word = post.send(ann.user)
    assert post.arrives(ann, word)


def test_the_services_that_run_are_seen(site: Site) -> None:
    found = {service.name: service.state for service in site.host.services()}
    assert {"postfix-mailcow": "running", "dovecot-mailcow": "running"}.items() <= found.items()


def test_cached_sign_ins_are_forgotten_of_one_user_or_of_all(site: Site, post: Post, person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    assert site.host.do("flush_auth_cache").ok
    for protocol in ("imap", "pop3"):
        assert post.may_sign_in(protocol, ann) and post.may_sign_in(protocol, bob)
    mine = site.host.do("flush_auth_cache", user=ann.user).detail
    assert site.host.do("flush_auth_cache").detail == mine == "3 cache entries flushed"  # two passwords, one user
