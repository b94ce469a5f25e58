"""Rspamd between the daemons: what it marks, refuses and learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from opslib.ops import Ops
from tests.stack.conftest import DOMAIN, carry_out
from tests.stack.post import Login, Post, eventually
from tests.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.mail]

Person = Callable[..., Login]


@pytest.fixture(scope="module", autouse=True)
def _filter(stack: Stack) -> Iterator[None]:
    stack.filter()
    yield
    stack.daemons.pop("rspamd").stop()


def test_clean_mail_arrives_marked_mail_too_the_rest_is_refused(post: Post, person: Person) -> None:
    ann = person("ann")
    _, clean = post.send(ann.user, through="filtered")
    _, spam = post.send(ann.user, through="filtered", mark="spam")
    refused, _ = post.send(ann.user, through="filtered", mark="reject")
    assert post.arrives(ann, clean) and post.arrives(ann, spam)
    assert refused.code == 554
    with post.imap(ann) as session:
        session.select("INBOX")
        marked = session.search(None, "HEADER", "X-Spam", "Yes")[1][0].split()
        assert marked == session.search(None, "SUBJECT", spam)[1][0].split() != []


@pytest.mark.parametrize("kind", ["spam", "ham"])
def test_mail_to_a_learning_address_teaches_the_filter(stack: Stack, ops: Ops, post: Post, kind: str) -> None:
    address = f"report-{kind}@{DOMAIN}"
    carry_out(ops, ops.aliases.add({"address": address, "special": f"{kind}@localhost"}))
    said, _ = post.send(address, through="filtered", size=500)
    assert said.code == 250
    log, taught = stack.place.at("log", "postfix.log"), f"orig_to=<{address}>, relay=learn_{kind}"
    assert eventually(lambda: any(taught in line and "success = true" in line for line in log.read_text().splitlines()))
