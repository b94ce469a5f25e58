from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opslib.connecting import open_site
from opslib.errors import ServerError
from opslib.host.base import Host, HostAbsent
from opslib.host.command import Commands
from opslib.host.local import LocalHost
from opslib.host.mailstore import MailStore
from opslib.settings import Settings, SettingsError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def local(tmp_path: Path, cache: tuple[str, int] | None = None) -> LocalHost:
    store = MailStore(tmp_path / "vmail", tmp_path / "index", lambda: NOON)
    store.path.mkdir(exist_ok=True)
    return LocalHost(store, {"CONFIG_FILE": str(tmp_path / "dovecot.conf")}, cache)


@contextmanager
def memcached(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A cache that takes one command and answers."""
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(64))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join()


def test_it_is_no_made_up_host(tmp_path: Path) -> None:
    host: Host = local(tmp_path)
    assert (host.name, host.demo) == ("local", False)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("shell", {}),
        ("maildir_cleanup", {"path": "../etc"}),
        ("restart", {"service": "sshd-mailcow"}),
        ("flush_auth_cache", {"user": "-A"}),
    ],
)
def test_what_is_not_allowed_is_refused(tmp_path: Path, verb: str, arguments: dict[str, str]) -> None:
    answer = local(tmp_path).do(verb, **arguments)
    assert not answer.ok and answer.message


def test_maildirs_are_really_moved(tmp_path: Path) -> None:
    host = local(tmp_path)
    (tmp_path / "vmail" / "example.org" / "ann").mkdir(parents=True)
    assert host.do("maildir_move", old="example.org/ann", new="example.org/lee").ok
    assert host.do("maildir_cleanup", path="example.org/lee").ok
    assert not (tmp_path / "vmail" / "example.org" / "lee").exists()


def test_a_store_that_breaks_is_told_in_words(tmp_path: Path) -> None:
    host = local(tmp_path)
    (tmp_path / "vmail" / "example.org").mkdir()
    with pytest.raises(ServerError, match="maildir_cleanup: File name too long"):
        host.do("maildir_cleanup", path=f"example.org/{'x' * 300}")


def test_the_cache_is_emptied(tmp_path: Path) -> None:
    with memcached(b"OK\r\n") as (port, heard):
        assert local(tmp_path, ("127.0.0.1", port)).do("flush_memcached").ok
    assert heard == [b"flush_all\r\n"]


def test_a_cache_that_refuses_or_is_down_is_told(tmp_path: Path) -> None:
    with memcached(b"ERROR\r\n") as (port, _), pytest.raises(ServerError, match="answered ERROR"):
        local(tmp_path, ("127.0.0.1", port)).do("flush_memcached")
    with pytest.raises(ServerError, match="cannot be reached"):
        local(tmp_path, ("127.0.0.1", port)).do("flush_memcached")


def test_what_is_not_on_this_machine_waits(tmp_path: Path) -> None:
    host = local(tmp_path)
    for verb, arguments, words in (
        ("flush_memcached", {}, "MAILOPS_MEMCACHED"),
        ("sogo_rename", {"old": "a@example.org", "new": "b@example.org"}, "SOGo is not installed"),
        ("restart", {"service": "sogo-mailcow"}, "no systemd"),
    ):
        with pytest.raises(HostAbsent, match=words):
            host.do(verb, **arguments)


# -- commands -------------------------------------------------------------------------------------------------------
def test_arguments_reach_a_command_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILOPS_DATABASE_URL", "mysql://user:secret@host/db")
    assert Commands().check("printf", "%s", "$(id) ; 'x'") == "$(id) ; 'x'"
    assert "secret" not in Commands({"A": "b"}).check("sh", "-c", "env")


def test_a_command_that_hangs_fails_or_is_missing_is_told() -> None:
    with pytest.raises(ServerError, match=r"did not end within 0\.1 seconds"):
        Commands(timeout=0.1).check("sleep", "30")
    with pytest.raises(ServerError, match="ended with 3: oh"):
        Commands().check("sh", "-c", "echo oh >&2; exit 3")
    with pytest.raises(HostAbsent, match="no-such-tool is not installed"):
        Commands().run("no-such-tool")


# -- settings -------------------------------------------------------------------------------------------------------
def test_the_settings_choose_it(tmp_path: Path) -> None:
    given = {"MAILOPS_DATA_DIR": str(tmp_path), "MAILOPS_HOST": "local", "MAILOPS_MEMCACHED": "[::1]:11211"}
    found = Settings.load(given)
    assert (found.mail_store, found.mail_index) == (Path("/var/vmail"), Path("/var/vmail_index"))
    assert (found.memcached, found.postfix_config) == (("::1", 11211), None)
    assert open_site(found).host.name == "local"


def test_a_cache_without_a_port_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:11211"):
        Settings.load({"MAILOPS_MEMCACHED": "localhost"})
