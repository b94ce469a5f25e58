from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib.errors import Denied, UserError
from opslib.ops import Ops
from opslib.query import Query
from opslib.resources import templates
from opslib.schema.addresses import USER_BITS
from tests.opslib.resources.support import (
    MIB,
    add_domain,
    add_row,
    domain_admin,
    keys_of,
    mailbox_user,
    make_ops,
    rows,
    snapshot,
)

KINDS = ("domain_templates", "mailbox_templates")


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    return make_ops(engine)


def default_of(ops: Ops, kind: str) -> int:
    frame = ops.resource(kind).frame(Query.where(template="Default"))
    return int(frame["id"].iloc[0])


def attributes(engine: sa.Engine, name: str) -> Any:
    return rows(engine, "templates", template=name)[0]["attributes"]


# -- reading --------------------------------------------------------------------------------------------------------
def test_the_built_in_defaults(ops: Ops) -> None:
    (domain,) = ops.domain_templates.frame().to_dict("records")
    assert domain["max_num_aliases_for_domain"] == 400
    assert domain["max_num_mboxes_for_domain"] == 10
    assert domain["def_quota_for_mbox"] == 3072 * MIB
    assert (domain["rate_limit"], domain["tags"], domain["dkim_selector"], domain["key_size"]) == ("", (), "dkim", 2048)
    assert (domain["active"], domain["backupmx"]) == (True, False)
    (mailbox,) = ops.mailbox_templates.frame().to_dict("records")
    assert mailbox["acl"] == tuple(bit for bit, on in USER_BITS.items() if on and bit != "pw_reset")
    assert (mailbox["tagged_mail_handler"], mailbox["active"], mailbox["quota"]) == ("none", 1, 0)


def test_queries_look_into_the_attributes(ops: Ops) -> None:
    ops.commit(ops.domain_templates.add({"template": "Small", "max_num_mboxes_for_domain": 2, "gal": 0}))
    found = ops.domain_templates
    assert list(found.frame(Query.where(max_num_mboxes_for_domain=2))["template"]) == ["Small"]
    assert list(found.frame(Query.where(gal=0))["template"]) == ["Small"]
    assert list(found.frame(Query(sort=["-template"]))["template"]) == ["Small", "Default"]
    assert list(found.frame(Query(search="sma"))["template"]) == ["Small"]


# -- writing --------------------------------------------------------------------------------------------------------
def test_a_domain_template_is_stored_as_the_contract_wants(ops: Ops, engine: sa.Engine) -> None:
    before = snapshot(engine)
    values = {
        "template": "Rich",
        "def_quota_for_mbox": "1 GiB",
        "rate_limit": "10/h",
        "tags": "b, a",
        "key_size": "4096",
    }
    change = ops.commit(ops.domain_templates.add({**values, "relay_unknown_only": 1})).change_id
    assert attributes(engine, "Rich") == {
        "max_num_aliases_for_domain": 400, "max_num_mboxes_for_domain": 10, "def_quota_for_mbox": 1024 * MIB,
        "max_quota_for_mbox": 10240 * MIB, "max_quota_for_domain": 10240 * MIB, "gal": 1, "backupmx": 1,
        "relay_all_recipients": 1, "relay_unknown_only": 1, "active": 1, "rl_value": "10", "rl_frame": "h",
        "dkim_selector": "dkim", "key_size": 4096, "tags": ["a", "b"],
    }  # fmt: skip
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine) == before


def test_a_mailbox_template_is_stored_as_the_contract_wants(ops: Ops, engine: sa.Engine) -> None:
    values = {"template": "Rich", "quota": "5", "acl": ["pushover", "syncjobs"], "active": 2, "eas_access": 0}
    ops.commit(ops.mailbox_templates.add({**values, "rate_limit": ""}))
    found = attributes(engine, "Rich")
    assert found["quota"] == 5 * MIB
    assert (found["active"], found["eas_access"], found["smtp_access"], found["force_tfa"]) == (2, 0, 1, 0)
    assert (found["rl_value"], found["rl_frame"], found["tagged_mail_handler"]) == ("", "s", "none")
    assert {bit for bit in USER_BITS if found[f"acl_{bit}"]} == {"pushover", "syncjobs"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_merges_and_keeps_what_it_does_not_know(ops: Ops, engine: sa.Engine, kind: str) -> None:
    key = add_row(
        engine, "templates", template="T", type=kind.partition("_")[0], attributes={"foreign": [1], "tags": ["x"]}
    )
    before = snapshot(engine)
    change = ops.commit(ops.resource(kind).edit(key, {"rate_limit": "5/d"})).change_id
    assert attributes(engine, "T") == {"foreign": [1], "tags": ["x"], "rl_value": "5", "rl_frame": "d"}
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine) == before


@pytest.mark.parametrize("kind", KINDS)
def test_default_is_protected_but_can_be_filled(ops: Ops, kind: str) -> None:
    resource, key = ops.resource(kind), default_of(ops, kind)
    assert keys_of(resource.edit(key, {"template": "Other"})) == {"template_default"}
    assert keys_of(resource.delete(key)) == {"template_default"}
    assert not resource.edit(key, {"tags": "x"}).refused
    result = ops.commit(resource.edit(key, {"tags": "x"}))
    assert result.count == 1
    ops.commit(ops.undo(result.change_id or 0))


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_needed_and_unique_within_their_kind(ops: Ops, engine: sa.Engine, kind: str) -> None:
    resource = ops.resource(kind)
    assert (
        keys_of(resource.add_many([{}])) == keys_of(resource.add_many([{"template": " "}])) == {"template_name_invalid"}
    )
    assert keys_of(resource.add_many([{"template": "default"}])) == {"template_exists"}
    assert keys_of(resource.add_many([{"template": "A"}, {"template": "a"}])) == {"template_exists"}
    ops.commit(resource.add({"template": "A"}))
    key = add_row(engine, "templates", template="B", type=kind.partition("_")[0], attributes={})
    assert keys_of(resource.edit(key, {"template": "a"})) == {"template_exists"}
    assert not resource.edit(key, {"template": "b"}).refused
    plan = resource.add({"template": "Late"})
    add_row(engine, "templates", template="Late", type=kind.partition("_")[0], attributes={})
    with pytest.raises(UserError):
        ops.commit(plan)
    other = next(name for name in KINDS if name != kind)
    assert not ops.resource(other).add_many([{"template": "A"}]).refused


@pytest.mark.parametrize("kind", KINDS)
def test_every_chosen_template_is_deleted_and_undo_restores_them(ops: Ops, engine: sa.Engine, kind: str) -> None:
    keys = [
        add_row(engine, "templates", template=name, type=kind.partition("_")[0], attributes={"a": 1}) for name in "XYZ"
    ]
    before = snapshot(engine, ())
    change = ops.commit(ops.resource(kind).delete(keys)).change_id
    assert {row["template"] for row in rows(engine, "templates")} == {"Default"}
    ops.commit(ops.undo(change or 0))
    assert snapshot(engine, ()) == before


def test_the_other_kind_is_out_of_reach(ops: Ops) -> None:
    mailbox, domain = default_of(ops, "mailbox_templates"), default_of(ops, "domain_templates")
    assert keys_of(ops.domain_templates.edit(mailbox, {"tags": "x"})) == {"access_denied"}
    assert keys_of(ops.mailbox_templates.delete(domain)) == {"access_denied"}
    with pytest.raises(Denied):
        ops.domain_templates.get(mailbox)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"def_quota_for_mbox": "20 GiB"}, ("mailbox_defquota_exceeds_mailbox_maxquota", "def_quota_for_mbox")),
        ({"max_quota_for_mbox": "20 GiB"}, ("mailbox_quota_exceeds_domain_quota", "max_quota_for_mbox")),
        ({"def_quota_for_mbox": 0}, ("defquota_empty", "def_quota_for_mbox")),
        ({"rate_limit": "x"}, ("rl_timeframe", "rate_limit")),
        ({"dkim_selector": "a b"}, ("dkim_domain_or_sel_invalid", "dkim_selector")),
        ({"key_size": 1}, ("value_not_choice", "key_size")),
    ],
)
def test_domain_templates_keep_to_the_rules_of_domains(
    ops: Ops, values: dict[str, Any], found: tuple[str, str]
) -> None:
    plan = ops.domain_templates.add_many([{"template": "T", **values}])
    assert found in {(outcome.key, outcome.field) for outcome in plan.refused}


def test_mailbox_templates_know_their_words(ops: Ops) -> None:
    for name in ("quarantine_category", "quarantine_notification", "tagged_mail_handler", "active"):
        plan = ops.mailbox_templates.add_many([{"template": "T", name: "nonsense"}])
        assert {(o.key, o.field) for o in plan.refused} == {("value_not_choice", name)}


def test_a_template_fills_a_new_domain(ops: Ops, engine: sa.Engine) -> None:
    ops.commit(ops.domain_templates.add({"template": "T", "rate_limit": "2/m", "tags": "t", "dkim_selector": ""}))
    key = next(key for key, name in templates.choices(ops, "domain").items() if name == "T")
    ops.commit(ops.domains.add({"domain": "new.org", "template": key}))
    assert ops.site.keyvalue.hgetall("RL_VALUE") == {"new.org": "2 / 1m"}
    assert [row["tag_name"] for row in rows(engine, "tags_domain")] == ["t"]


# -- rights ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_others_read_or_not_and_never_write(ops: Ops, engine: sa.Engine, kind: str) -> None:
    add_domain(engine, "one.org")
    key = default_of(ops, kind)
    keeper = ops.acting_as(domain_admin(engine, "keeper", "one.org", bits=USER_BITS))
    user = ops.acting_as(mailbox_user("ann@one.org", *USER_BITS))
    assert keeper.resource(kind).count() == 1
    assert user.resource(kind).count() == 0
    for actor in (keeper, user):
        for denied in (
            lambda a=actor: a.resource(kind).add({"template": "T"}),
            lambda a=actor: a.resource(kind).edit(key, {"tags": "x"}),
            lambda a=actor: a.resource(kind).delete(key),
        ):
            with pytest.raises(Denied):
                denied()
