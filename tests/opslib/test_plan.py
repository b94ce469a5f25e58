from __future__ import annotations

import json

import pytest

from opslib.errors import Problem, UserError
from opslib.fields import Secret, Text
from opslib.plan import Blast, Derive, Effect, Guard, Plan, Purge, RowWrite


def plan(label: str = "Edit", subject: str = "ann") -> Plan:
    made = Plan("people", "edit", label)
    made.write("mailbox", {"username": subject}, {"quota": 1, "name": "x"}, {"quota": 2, "name": "x"}, subject)
    made.derive("sogo", subject)
    made.derive("sogo", subject)
    made.guard("room", subject)
    made.lock("domain", "example.org")
    made.effect("host", "restart", "Restart SOGo", service="sogo-mailcow")
    made.warn("sogo_restart_needed")
    made.blast.append(Blast(2, "aliases"))
    made.succeed("object_modified", subject, subject=subject)
    made.change(subject, "quota", 1, 2)
    made.domains.add(f"{subject}.example")
    return made


def test_writes_keep_what_differs() -> None:
    assert plan().writes == [RowWrite("mailbox", {"username": "ann"}, {"quota": 1}, {"quota": 2}, "ann")]
    assert plan().derived == [Derive("sogo", ("ann",))]


def test_reversed_writes() -> None:
    renamed = RowWrite("mailbox", {"username": "a"}, {"username": "a", "quota": 1}, {"username": "b", "quota": 2})
    back = renamed.reversed
    assert (back.key, back.before, back.after) == ({"username": "b"}, renamed.after, renamed.before)
    assert back.reversed == renamed
    insert = RowWrite("mailbox", {"username": "a"}, None, {"username": "a"})
    assert insert.reversed.after is None and insert.reversed.reversed == insert


def test_joined_plans_are_one() -> None:
    first, second = plan(), plan("Other", "bob")
    first.generated["ann"], second.generated["bob"] = "1", "2"
    joined = first.join(second, plan(subject="cid"))
    assert joined is first and joined.label == "Edit"
    assert [write.subject for write in joined.writes if isinstance(write, RowWrite)] == ["ann", "bob", "cid"]
    assert joined.locks == [Guard("domain", ("example.org",))]
    assert joined.warnings == [Problem("sogo_restart_needed")]
    assert joined.count == 3 and len(joined.derived) == 3 and len(joined.effects) == 3
    assert joined.domains == {"ann.example", "bob.example", "cid.example"}
    assert joined.generated == {"ann": "1", "bob": "2"}


@pytest.mark.parametrize("undo", [None, Effect("keyvalue", "hset", {"key": "K", "fields": {"a": "1"}}, "Put back")])
def test_effects_survive_json(undo: Effect | None) -> None:
    effect = Effect("keyvalue", "hdel", {"key": "K", "fields": ["a"]}, "Take out", undo, "a")
    assert Effect.from_dict(json.loads(json.dumps(effect.to_dict()))) == effect


def test_refused_items() -> None:
    made = plan()
    made.refuse("bob", Problem("access_denied"), Problem("value_not_flag", ("x",), "tls"))
    assert made.count == 1 and len(made.refused) == 2
    with pytest.raises(UserError) as refusal:
        made.require()
    assert [problem.field for problem in refusal.value.problems] == [None, "tls"]
    assert plan().require().refused == []


def test_words() -> None:
    made = plan()
    assert list(made.sentences())[:2] == ["Edit", "2 aliases"]
    assert "Restart SOGo" in repr(made)
    assert made.preview().to_dict("records") == [{"subject": "ann", "field": "quota", "before": 1, "after": 2}]


def test_hostile_text_is_escaped_in_notebooks() -> None:
    made = Plan("people", "edit", "<script>alert(1)</script>")
    made.change("<img src=x>", "name", "<b>", "<i>")
    shown = made._repr_html_()
    assert not any(tag in shown for tag in ("<script>", "<img", "<b>", "<i>"))


def test_secrets_stay_out_of_words() -> None:
    made = Plan("people", "edit", "Edit")
    made.change("ann", "password", "old-hash", "hunter2", Secret(label="Password"))
    made.change("ann", "full_name", "a", "b", Text(label="Name"))
    made.generated["ann"] = "s3cret"
    assert not any(word in made._repr_html_() + repr(made) for word in ("hunter2", "old-hash", "s3cret"))


def test_empty_plans() -> None:
    made = Plan("people", "edit", "Edit")
    made.purge("mailbox", "username", [])
    assert made.empty
    made.purge("mailbox", "username", ["a"])
    assert made.writes == [Purge("mailbox", "username", ("a",))] and not made.empty
