"""Look-ups of Postfix that no delivery of the other tests goes through, asked as Postfix asks (mailflow.md 13.1)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from opslib.ops import Ops
from opslib.schema import metadata
from opslib.stores.database import write
from tests.stack import maps
from tests.stack.conftest import DOMAIN, carry_out
from tests.stack.place import ADDRESS, free_ports
from tests.stack.post import Login, Post, eventually
from tests.stack.processes import start
from tests.stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.mail]

Person = Callable[..., Login]
Ask = Callable[[str, str], str]
FAR = "friend@outside.test"


@pytest.fixture
def ask(stack: Stack) -> Ask:
    """`ask(map, key)`: the answer, empty for none."""

    def look_up(name: str, key: str) -> str:
        argv = ["postmap", "-q", key, maps.use(stack.place, name)]
        done = subprocess.run(argv, env={**os.environ, **stack.place.environment}, capture_output=True, text=True)
        assert not done.stderr, done.stderr
        return done.stdout.strip()

    return look_up


@pytest.fixture
def far(stack: Stack) -> Iterator[str]:
    """A mail server elsewhere, without TLS, as Postfix names a next hop."""
    port = free_ports()["smtp"]
    argv = ["/usr/sbin/smtp-sink", "-u", "nobody", f"{ADDRESS}:{port}", "10"]
    sink = start("smtp-sink", argv, stack.place.at("log", "sink.log")).wait_for(port)
    yield f"[{ADDRESS}]:{port}"
    sink.stop()


def put(ops: Ops, table: str, **values: Any) -> int:
    """Insert a row; gives its number."""
    with write(ops.site.engine) as connection:
        key = connection.execute(metadata.tables[table].insert().values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def sent(stack: Stack, post: Post, login: Login, to: str, words: str) -> bool:
    """Whether a message from the login to that address is logged with these words."""
    assert post.send(to, login.user, login=login)[0].code == 250
    log = stack.place.at("log", "postfix.log")
    return eventually(lambda: any(f"to=<{to}>" in line and words in line for line in log.read_text().splitlines()))


def test_a_key_that_quotes_breaks_nothing(ask: Ask) -> None:
    for name in maps.QUERIES:
        assert ask(name, "o'neil\\\"; -- @x'y.test") in ("", "smtp:"), name


def test_a_relayed_domain_takes_known_or_all_recipients(ops: Ops, ask: Ask) -> None:
    carry_out(ops, ops.domains.add({"domain": "relay.test", "backupmx": True}))
    assert ask("relay_domains", "relay.test") == "relay.test"
    assert ask("virtual_mailbox_domains", "relay.test") == ""
    carry_out(ops, ops.aliases.add({"address": "known@relay.test", "goto": ("known@far.test",)}))
    assert [ask("relay_recipient_maps", f"{name}@relay.test") for name in ("known", "other")] == ["known@far.test", ""]
    carry_out(ops, ops.domains.edit("relay.test", {"relay_all_recipients": True}))
    assert ask("relay_recipient_maps", "other@relay.test") == "other@relay.test"
    assert ask("relay_unknown", "known@relay.test") == ""
    carry_out(ops, ops.domains.edit("relay.test", {"relay_unknown_only": True}))
    assert ask("relay_unknown", "known@relay.test").startswith("lmtp:inet:")
    assert ask("relay_unknown", "other@relay.test") == ""


def test_mail_leaves_through_the_transport_of_the_domain_or_the_mailbox(
    stack: Stack, ops: Ops, post: Post, person: Person, ask: Ask, far: str
) -> None:
    carry_out(ops, ops.domains.add({"domain": "via.test"}))
    ann, bob = person("ann", domain="via.test"), person("bob", domain="via.test")
    assert ask("sender_transport", ann.user) == "smtp:"
    own = put(ops, "relayhosts", hostname=far, username="", password="")
    other = put(ops, "relayhosts", hostname="[192.0.2.1]:25", username="u", password="p")
    carry_out(ops, ops.domains.edit("via.test", {"relayhost": str(other)}))
    assert ask("sender_transport", ann.user) == ask("sender_transport", "any@via.test") == "smtp:[192.0.2.1]:25"
    carry_out(ops, ops.mailboxes.edit(ann.user, {"relayhost": str(own)}))
    assert (ask("sender_transport", ann.user), ask("sender_transport", bob.user)) == (
        f"smtp:{far}",
        "smtp:[192.0.2.1]:25",
    )
    assert ask("sasl_relayhost", ann.user) == "u:p", "the domain's login goes before the mailbox's"
    assert sent(stack, post, ann, FAR, f"relay={ADDRESS}[{ADDRESS}]:{far.rpartition(':')[2]}")


def test_mail_that_must_leave_by_tls_stays_when_the_other_side_has_none(
    stack: Stack, ops: Ops, post: Post, person: Person, far: str
) -> None:
    ann = person("ann")
    own = put(ops, "relayhosts", hostname=far, username="", password="")
    carry_out(ops, ops.mailboxes.edit(ann.user, {"relayhost": str(own)}))
    assert sent(stack, post, ann, FAR, "status=sent")
    carry_out(ops, ops.mailboxes.edit(ann.user, {"tls_enforce_out": True}))
    another = FAR.replace("friend", "other")  # Postfix remembers for half a minute where it sent the last one
    assert sent(stack, post, ann, another, "TLS is required")


def test_a_destination_has_its_own_transport(
    stack: Stack, ops: Ops, post: Post, person: Person, ask: Ask, far: str
) -> None:
    put(ops, "transports", destination="partner.test", nexthop=far, username="u", password="p")
    put(ops, "transports", destination=r".*\.mx\.test", nexthop="[192.0.2.9]", is_mx_based=1)
    put(ops, "transports", destination="off.partner.test", nexthop=far, active=0)
    assert ask("transport_maps", "partner.test") == f"smtp_via_transport_maps:{far}"
    assert ask("transport_maps", "off.partner.test") == ""
    assert ask("sasl_transport", far) == "u:p"
    assert ask("mx_transports", "a.mx.test") == "FILTER smtp_via_transport_maps:[192.0.2.9]"
    assert sent(stack, post, person("ann"), "x@partner.test", f":{far.rpartition(':')[2]}")


def test_recipients_are_rewritten_and_policies_found(ops: Ops, post: Post, person: Person, ask: Ask) -> None:
    ann = person("ann")
    put(ops, "recipient_maps", old_dest=f"typo@{DOMAIN}", new_dest=ann.user, active=1)
    put(ops, "tls_policy_override", dest="strict.test", policy="secure", parameters="match=.strict.test")
    _, word = post.send(f"typo@{DOMAIN}")
    assert ask("tls_policy", "strict.test") == "secure match=.strict.test"
    assert post.arrives(ann, word)
