from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opslib.errors import ServerError
from opslib.host.base import HostAbsent
from opslib.host.mailstore import NOTHING, MailStore

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())
ANN, LEE = "example.org/ann", "example.org/ann.lee"


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    """A store with a mailbox, an index, and something outside that must stay as it is."""
    found = MailStore(tmp_path / "vmail", tmp_path / "index", lambda: NOON)
    mail(found, ANN, "Maildir/new/one")
    (found.indexes / "ann@example.org").mkdir(parents=True)
    (tmp_path / "outside" / "new").mkdir(parents=True)
    (tmp_path / "outside" / "new" / "secret").write_text("secret")
    return found


def mail(store: MailStore, maildir: str, name: str, text: str = "x") -> Path:
    path = store.path / maildir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def tree(path: Path) -> dict[str, str]:
    """Everything below a directory: files with their text, links with their target."""
    return {
        str(found.relative_to(path)): str(found.readlink()) if found.is_symlink() else found.read_text()
        for found in path.rglob("*")
        if found.is_symlink() or found.is_file()
    }


# -- cleaning up ----------------------------------------------------------------------------------------------------
def test_mail_and_index_of_a_mailbox_go_to_the_garbage(store: MailStore) -> None:
    name = store.cleanup(ANN)
    assert name == f"{EPOCH}_exampleorgann"
    assert tree(store.path) == {f"_garbage/{name}/Maildir/new/one": "x"}
    assert (store.path / "_garbage" / f"{name}_index").is_dir()
    assert not (store.indexes / "ann@example.org").exists()


def test_cleaning_up_twice_is_fine(store: MailStore) -> None:
    store.cleanup(ANN)
    before = tree(store.path)
    assert store.cleanup(ANN) == NOTHING
    assert store.cleanup("nowhere.test/ann") == store.cleanup("nowhere.test") == NOTHING
    assert tree(store.path) == before


def test_names_that_meet_in_the_garbage_are_kept_apart(store: MailStore) -> None:
    mail(store, "example.org/a.nn", "Maildir/new/other", "y")
    names = {store.cleanup(ANN), store.cleanup("example.org/a.nn")}
    assert names == {f"{EPOCH}_exampleorgann", f"{EPOCH}_exampleorgann_2"}
    assert sorted(tree(store.path).values()) == ["x", "y"]


def test_a_whole_domain_goes(store: MailStore) -> None:
    assert store.cleanup("example.org") == f"{EPOCH}_exampleorg"
    assert not (store.path / "example.org").exists()


def test_a_store_that_is_not_mounted_is_no_empty_store(store: MailStore, tmp_path: Path) -> None:
    absent = MailStore(tmp_path / "nowhere", tmp_path, lambda: NOON)
    for ask in (lambda: absent.cleanup(ANN), lambda: absent.move(ANN, LEE)):
        with pytest.raises(HostAbsent, match="nowhere"):
            ask()


def test_the_store_itself_may_be_reached_through_a_link(store: MailStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(store.path)
    MailStore(tmp_path / "link", store.indexes, lambda: NOON).cleanup(ANN)
    assert not (store.path / ANN).exists()


# -- moving ---------------------------------------------------------------------------------------------------------
def test_mail_and_index_follow_a_new_name(store: MailStore) -> None:
    (store.indexes / "ann.lee@example.org").mkdir()
    assert store.move(ANN, LEE) == "ann.lee"
    assert tree(store.path) == {f"{LEE}/Maildir/new/one": "x"}
    assert [path.name for path in store.indexes.iterdir()] == ["ann.lee@example.org"]
    assert store.move(ANN, LEE) == NOTHING


def test_mail_that_came_early_is_taken_over(store: MailStore) -> None:
    mail(store, LEE, "Maildir/new/two", "y")
    mail(store, LEE, "Maildir/.Work/cur/three", "z")
    mail(store, LEE, "Maildir/new/one", "another of that name")
    assert "taken over: 2" in store.move(ANN, LEE)
    kept = {name: text for name, text in tree(store.path).items() if not name.startswith("_garbage")}
    assert kept == {
        f"{LEE}/Maildir/new/one": "x",
        f"{LEE}/Maildir/new/two": "y",
        f"{LEE}/Maildir/.Work/cur/three": "z",
    }
    assert list(tree(store.path / "_garbage").values()) == ["another of that name"]


@pytest.mark.parametrize(
    ("old", "new"),
    [(ANN, "example.net/ann"), (ANN, ANN), ("example.org", "example.org/x"), (ANN, "example.org")],
)
def test_a_mailbox_moves_within_its_domain_only(store: MailStore, old: str, new: str) -> None:
    with pytest.raises(ServerError, match="within its domain"):
        store.move(old, new)


# -- attacks --------------------------------------------------------------------------------------------------------
HOSTILE = ["..", "../outside", "example.org/..", "example.org/.", "/etc", "", ".", "_garbage", "_garbage/x", "sieve",
           "sieve/ann", "a/b/c", "example.org/ann/Maildir", "example.org/a\0b", "exam ple.org/ann"]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_what_is_no_maildir_is_refused(store: MailStore, tmp_path: Path, path: str) -> None:
    before = tree(tmp_path)
    for ask in (store.cleanup, lambda given: store.move(given, LEE), lambda given: store.move(ANN, given)):
        with pytest.raises(ServerError):
            ask(path)
    assert tree(tmp_path) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["..", ".", "/", "_garbage", "outside", "vmail", "a", "example.org", "\0"]), max_size=6)
)
def test_no_path_reaches_what_lies_outside(store: MailStore, tmp_path: Path, parts: list[str]) -> None:
    before = tree(tmp_path / "outside")
    for path in ("/".join(parts), "".join(parts)):
        try:
            store.cleanup(path)
        except ServerError:
            continue
    assert tree(tmp_path / "outside") == before
    assert (tmp_path / "vmail").is_dir()


@pytest.mark.parametrize("linked", ["example.test", "example.test/ann"])
def test_links_are_not_followed(store: MailStore, tmp_path: Path, linked: str) -> None:
    link = store.path / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "outside", target_is_directory=True)
    before = tree(tmp_path)
    for ask in (
        lambda: store.cleanup("example.test/ann"),
        lambda: store.move("example.test/ann", "example.test/lee"),
        lambda: store.move("example.test/new", "example.test/ann"),
    ):
        try:
            ask()
        except ServerError as refused:
            assert "no directory" in str(refused)
    assert tree(tmp_path) == before


def test_a_linked_garbage_is_refused(store: MailStore, tmp_path: Path) -> None:
    (store.path / "_garbage").symlink_to(tmp_path / "outside")
    with pytest.raises(ServerError, match="no directory"):
        store.cleanup(ANN)
    assert (store.path / ANN).exists()


def test_links_inside_a_maildir_lead_no_mail_astray(store: MailStore, tmp_path: Path) -> None:
    mail(store, LEE, "Maildir/.Trap/new/caught")
    (store.path / ANN / "Maildir" / ".Trap").symlink_to(tmp_path / "outside")
    (store.path / LEE / "Maildir" / ".Spy").symlink_to(tmp_path / "outside")
    with pytest.raises(ServerError, match="no directory"):
        store.move(ANN, LEE)
    assert tree(tmp_path / "outside") == {"new/secret": "secret"}
    assert (store.path / LEE / "Maildir" / ".Trap" / "new" / "caught").exists()


def test_an_index_that_is_a_link_is_left_alone(store: MailStore, tmp_path: Path) -> None:
    (store.indexes / "ann@example.org").rmdir()
    (store.indexes / "ann@example.org").symlink_to(tmp_path / "outside")
    with pytest.raises(ServerError, match="no directory"):
        store.cleanup(ANN)
    assert tree(tmp_path / "outside") == {"new/secret": "secret"}
