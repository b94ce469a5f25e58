from __future__ import annotations

import re
from pathlib import Path

import pytest

import opslib
from opslib import messages
from opslib.errors import Conflict, Denied, Problem, ServerError, UserError
from opslib.host.base import HostAbsent

ROOT = Path(opslib.__file__).parent


@pytest.mark.parametrize("key", sorted(messages.TEXTS))
@pytest.mark.parametrize("count", [0, 1, 4])
def test_every_sentence_fills(key: str, count: int) -> None:
    """Hostile arguments stay text, missing ones are marked."""
    text = messages.text(key, ["{0.__class__} {1} %s <b>"] * count)
    assert text and "{1}" not in text.replace("{0.__class__} {1} %s <b>", "")
    assert (
        text[-1] in ".!?"
        or key in {"host_absent", "setting_invalid", "row_changed_by"}
        or "{" in messages.TEXTS[key][-8:]
    )


@pytest.mark.parametrize("key", sorted(messages.TEXTS))
def test_arguments_are_numbered_without_gaps(key: str) -> None:
    numbers = {int(found) for found in re.findall(r"\{(\d+)\}", messages.TEXTS[key])}
    assert numbers == set(range(len(numbers)))


def test_keys_that_are_raised_have_words() -> None:
    """Whatever the library says by key, people read as a sentence."""
    called = re.compile(r'(?:UserError|ServerError|Problem|Conflict|\.fail|\.warn|\.succeed)\(\s*"([a-z0-9_]+)"')
    used = {key for path in ROOT.rglob("*.py") for key in called.findall(path.read_text(encoding="utf-8"))}
    assert used - set(messages.TEXTS) == set()


def test_unknown_key_is_shown_not_lost() -> None:
    assert Problem("brand_new", ("a", 1)).text == "brand_new a 1"


@pytest.mark.parametrize("kind", [UserError, ServerError, Conflict])
def test_one_shape(kind: type[UserError]) -> None:
    error = kind("not_found", "x", field="name")
    assert error.problems == (Problem("not_found", ("x",), "name"),)
    assert (error.key, str(error)) == ("not_found", "x does not exist.")
    both = kind.of([Problem("not_found", ("x",)), Problem("nothing_selected")])
    assert isinstance(both, kind) and str(both) == "x does not exist. Nothing is selected."


def test_kinds_of_errors() -> None:
    assert issubclass(Denied, UserError) and issubclass(Conflict, UserError) and issubclass(UserError, ValueError)
    assert issubclass(HostAbsent, ServerError) and issubclass(ServerError, RuntimeError)
    assert not issubclass(ServerError, UserError)
    assert Denied().key == "access_denied" and Denied("acl_needed", "x").problems[0].args == ("x",)
    assert str(HostAbsent("no socket")) == "no socket"


def test_problem_keeps_its_first_field() -> None:
    assert Problem("not_found").at("a").at("b").field == "a"
