from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from opslib.host import host_for
from opslib.host.absent import AbsentHost
from opslib.host.base import VERBS, Answer, Host
from opslib.host.demo import DemoHost
from opslib.schema.keyvalue import TABLES
from opslib.schema.metadata import metadata
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import EmbeddedStore
from tests.opslib.host.test_base import GOOD

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    engine = engine_for(f"sqlite:///{tmp_path}/site.sqlite")
    metadata.create_all(engine, tables=TABLES)
    yield EmbeddedStore(engine)
    engine.dispose()


@pytest.fixture
def host(store: EmbeddedStore) -> DemoHost:
    return DemoHost(store, lambda: NOON)


def test_it_says_that_it_is_made_up(host: Host) -> None:
    assert host.demo
    assert "made up" in host.label


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_succeeds_twice_and_is_logged(host: DemoHost, verb: str) -> None:
    for _ in range(2):
        assert host.do(verb, **GOOD[verb]).ok
    newest = host.log()[0]
    assert (newest["verb"], newest["time"]) == (verb, EPOCH)
    assert GOOD[verb].items() <= newest.items()


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [("shell", {}), ("maildir_cleanup", {"path": "../etc"}), ("restart", {"service": "other-mailcow"})],
)
def test_what_is_not_allowed_fails_and_changes_nothing(host: DemoHost, verb: str, arguments: dict[str, str]) -> None:
    answer = host.do(verb, **arguments)
    assert not answer.ok
    assert answer.message
    assert host.log() == []


def test_restarts_are_counted_for_every_process(host: DemoHost, store: EmbeddedStore) -> None:
    before = {service.name: service for service in host.services()}
    assert before["sogo-mailcow"].since == NOON.replace(hour=0)
    assert {service.state for service in before.values()} == {"running"}
    later = DemoHost(store, lambda: NOON + timedelta(hours=1))
    host.do("restart", service="sogo-mailcow")
    later.do("restart", service="sogo-mailcow")
    after = {service.name: service for service in host.services()}
    assert (after["sogo-mailcow"].restarts, after["sogo-mailcow"].since) == (2, NOON + timedelta(hours=1))
    assert after["dovecot-mailcow"] == before["dovecot-mailcow"]


def test_a_deleted_mailbox_goes_to_the_garbage(host: DemoHost) -> None:
    host.make_maildirs({"example.org/ann": 5, "example.org/anna": 6})
    assert host.do("maildir_cleanup", path="example.org/ann") == Answer(
        True, "command completed successfully", f"{EPOCH}_exampleorgann"
    )
    assert host.maildirs() == {"example.org/anna": 6}
    assert host.garbage() == {f"{EPOCH}_exampleorgann": "example.org/ann"}


def test_a_deleted_domain_goes_with_all_its_mail(host: DemoHost) -> None:
    host.make_maildirs({"example.org/ann": 5, "example.org/bob": 6, "example.org.uk/eve": 7})
    host.do("maildir_cleanup", path="example.org")
    assert host.maildirs() == {"example.org.uk/eve": 7}


def test_a_renamed_mailbox_keeps_its_mail(host: DemoHost) -> None:
    host.make_maildirs({"example.org/ann": 5})
    for _ in range(2):
        assert host.do("maildir_move", old="example.org/ann", new="example.org/lee").ok
    assert host.maildirs() == {"example.org/lee": 5}


def test_hosts_by_kind(store: EmbeddedStore) -> None:
    assert isinstance(host_for("demo", store, lambda: NOON), DemoHost)
    assert isinstance(host_for("absent", store, lambda: NOON), AbsentHost)
