from __future__ import annotations

import pytest

from opslib import docs, messages
from opslib.resource import Resource
from opslib.resources import KINDS


@pytest.mark.parametrize("name", sorted(docs.pages()))
def test_the_reference_is_as_the_declarations_say(name: str) -> None:
    assert (docs.DOCS / name).read_text(encoding="utf-8") == docs.pages()[name], "run: make docs"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_everything_an_operator_meets_is_explained(kind: type[Resource]) -> None:
    assert kind.doc
    assert {name for name, declared in kind.record.fields().items() if not declared.doc} == set()
    assert {verb.name for verb in docs.verbs_of(kind) if not verb.doc} == set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_outcome_has_words(kind: type[Resource]) -> None:
    assert {kind.added_key, kind.modified_key, kind.removed_key} <= messages.TEXTS.keys()
