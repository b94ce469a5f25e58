"""The recorded answers of the original: the same requests on the same data must give the same answers.

Compared is everything: keys, types, encodings, values, messages, what `log` echoes. Moments are compared by their form.
Where we answer otherwise on purpose it says so here, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from opslib.api import create_app
from opslib.schema import domain_admins, pushover, quota2
from opslib.stores.database import write
from tests.opslib.api.support import Client, captures, contract_key
from tests.opslib.resources.support import add_row, make_site

STORY = (
    ("rl-mbox", None, "edit_success"),
    ("domain", None, "get_one"),
    ("mailbox", None, "add_third_0"),
    ("", "fewer mailboxes", ""),
    ("mailbox", "add_third_0", "get_one"),
    ("", "use of mailboxes", ""),
    ("rl-mbox", "edit_success", None),
    ("mailbox", "get_one", "tag_delete"),
    ("alias", None, None),
    ("alias-domain", None, None),
    ("template", None, None),
    ("passwordpolicy", None, None),
    ("cors", None, None),
    ("quota_notification", None, None),
    ("", "one more alias", ""),
    ("search", None, None),
    ("domain", "get_one", "delete_success"),
    ("mailbox", "tag_delete", None),
    ("domain", "delete_success", None),
    ("_generic", None, None),
)

MOMENTS = re.compile(r"\.(created|modified|passwd_update|validity)$")
NAMED = re.compile(r"(\.id|\.msg\[[12]\]|\.address|\.log\[3\]\.\w+\[\d+\])$")
WORDS = re.compile(r"log\[3\]\.private_comment$")  # what a rename writes is our own sentence
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

OURS: dict[str, str] = {
    # OURS in access.md 10, and the list of addresses.md 21
    "_generic no_key": "nobody is told so: 401 instead of an empty 200",
    "_generic readonly_key_get": "recorded on an empty site",
    "_generic cors_preflight": "a preflight from an origin that is not allowed gets no permission, and no error",
    "domain footer_edit": "mbox_exclude of the published document is read: alice does not exist yet",
    "domain mta_sts_edit": "an edit without a version keeps it",
    "domain mta_sts_mx_as_array_gives_blank_200": "a list is a list field",
    "domain mta_sts_fail_max_age": "the array before it gave second.example a policy",
    "domain delete_unknown": "deleting what is not there is no success",
    "domain delete_fail_aliases": "recorded while e1 and e2 were there",
    "mailbox edit_sender_acl_bad": "what is refused is not half done",
    "mailbox edit_spam_score_bad": "a key instead of free text",
    "alias add_fail_goto_invalid": "the target is named as it was sent",
    "alias add_fail_self": "an alias to itself is told",
    "alias edit_fail_unknown": "the number is named instead of null",
    "alias edit_fail_goto": "an edit that fails is no success too",
    "alias time_limited_edit": "the mailbox is named",
    "template mailbox_edit": "an edit keeps what is not given",
    "template domain_delete_default_says_success_but_keeps_it": "it says that it keeps it",
    "search mailbox_empty": "recorded on an empty site",
    "search mailbox": "recordsTotal is the total, and counts no mailbox twice",
    "search mailbox_tag": "recordsTotal is the total",
    "search mailbox_no_hit": "recordsTotal is the total",
    "passwordpolicy get_html": "words of our own",
    "passwordpolicy get_html_after": "words of our own",
    "alias-domain add_success": "the size of a key is a number here too",
    "alias-domain add_fail_invalid": "no white space in a name, but two names",
}
ELSEWHERE = {
    "mailbox edit_pushover": "no resource yet",
    "mailbox active_user_sieve": "no resource yet",
    "quota_notification edit_success": "no resource yet",
}


class Replay:
    """Sends recorded requests; names and numbers that are made at random are put in place."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        site = make_site(engine)
        site.hostname = "mail.example.org"
        number = add_row(engine, "relayhosts", hostname="smtp.example.net", username="", password="", active=1)
        self.names: dict[str, str] = {}
        self.relay = str(number)
        add_row(engine, "admin", username="dadmin", password="{CRYPT}*", superadmin=0, active=1)
        add_row(engine, "da_acl", username="dadmin")
        add_row(engine, "domain_admins", username="dadmin", domain="example.org", active=1)
        app = create_app(site)
        self.good = Client(app, contract_key(site))
        self.others = {"none": Client(app), "read-only key": Client(app, contract_key(site, "ro"))}
        self.others["key AAAAAA-AAAAAA"] = Client(app, "AAAAAA-AAAAAA")

    def send(self, name: str, asked: dict[str, Any]) -> tuple[int, Any]:
        client = self.others.get(asked.get("auth", ""), self.good)
        headers, given = dict(asked.get("headers", {})), {}
        if "json" in asked:
            given["json"] = self.put(asked["json"]) if name in ("alias", "template") else self.body(asked["json"])
        if "raw_body" in asked:
            given["content"] = asked["raw_body"]
            headers["Content-Type"] = asked["content_type"]
        path = asked["path"]
        if name in ("alias", "template"):
            path = "/".join(self.names.get(part, part) for part in path.split("/"))
        answer = client.ask(asked["method"], path, headers=headers, **given)
        return answer.status_code, answer.json() if answer.content else ""

    def body(self, value: Any) -> Any:
        """`relayhost` is a number of ours."""
        if isinstance(value, dict) and isinstance(value.get("attr"), dict) and "relayhost" in value["attr"]:
            return {**value, "attr": {**value["attr"], "relayhost": self.relay}}
        return value

    def put(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.names.get(part, part) if isinstance(part, str) else part for part in value]
        return {**value, "items": self.put(value["items"])} if isinstance(value, dict) and "items" in value else value

    def learn(self, want: Any, got: Any) -> None:
        """Numbers and random addresses of ours in place of the recorded ones."""
        for recorded, ours in zip(want, got, strict=False) if isinstance(want, list) and isinstance(got, list) else ():
            if isinstance(recorded.get("msg"), list) and recorded["msg"][0] == "alias_added":
                self.names[recorded["msg"][2]] = ours["msg"][2]
            if "validity" in recorded:
                self.names[recorded["address"]] = ours["address"]
        if (
            isinstance(want, list)
            and want
            and isinstance(got, list)
            and want[0].get("msg", [""])[0] == "template_added"
        ):
            self._learn_templates()

    def _learn_templates(self) -> None:
        for kind, recorded in (("domain", {"Small": "3"}), ("mailbox", {"Tiny": "4"})):
            rows = self.good.get(f"{kind}/template/all")
            self.names.update({recorded[r["template"]]: str(r["id"]) for r in rows if r["template"] in recorded})

    def instead(self, place: str, recorded: str) -> tuple[str, ...]:
        """What may stand in the place of a recorded number or random address."""
        if place.endswith("relayhost"):
            return (self.relay,)
        return (self.names.get(recorded, ""),) if NAMED.search(place) else ()

    # -- what happened between the recorded requests -----------------------------------------------------------------
    def meanwhile(self, what: str) -> None:
        if what == "fewer mailboxes":
            self.good.post("edit/domain", {"items": ["third.example"], "attr": {"mailboxes": "2"}})
            return
        if what == "one more alias":
            self.good.post("add/alias", {"address": "more@example.org", "goto": "alice@example.org", "active": "1"})
            return
        with write(self.engine) as connection:
            alice = quota2.c.username == "alice@example.org"
            connection.execute(quota2.update().where(alice).values(bytes=123456789, messages=4321))
            for service, moment in (("imap", "2026-01-02 03:04:05"), ("SSO", "2026-01-03 03:04:05")):
                add = {"service": service, "app_password": 0, "username": "alice@example.org", "real_rip": "192.0.2.1"}
                connection.execute(
                    sa.text(
                        "INSERT INTO sasl_log (service, app_password, username, real_rip, datetime)"
                        " VALUES (:service, :app_password, :username, :real_rip, :moment)"
                    ),
                    {**add, "moment": moment},
                )
            connection.execute(pushover.insert().values(username="alice@example.org", key="k", token="t", active=1))
            connection.execute(domain_admins.insert().values(username="dadmin", domain="second.example", active=1))
        self.good.post("edit/rl-domain", {"items": ["example.org"], "attr": {"rl_value": "100", "rl_frame": "d"}})
        self.good.post("edit/mailbox", {"items": ["alice@example.org"], "attr": {"sender_acl": ["default"]}})


def told(name: str, first: str | None, last: str | None) -> list[str]:
    """Names of the captures from `first` on, before `last`."""
    every = list(captures(name))
    return every[every.index(first) if first else 0 : every.index(last) if last else None]


def differences(want: Any, got: Any, place: str, replay: Replay) -> Iterator[str]:
    """Where two answers differ."""
    if isinstance(want, dict) and isinstance(got, dict):
        for name in dict.fromkeys([*want, *got]):
            if name not in got or name not in want:
                if (name, place[-11:]) != ("recovery_email", ".attributes"):  # null after an edit of the original
                    yield f"{place}.{name} is only in one of them"
            else:
                yield from differences(want[name], got[name], f"{place}.{name}", replay)
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            yield f"{place} has {len(got)} entries instead of {len(want)}: {got!r:.300}"
        for number, pair in enumerate(zip(want, got, strict=False)):
            yield from differences(*pair, f"{place}[{number}]", replay)
    elif WORDS.search(place) and "renamed" in str(want):
        yield from () if isinstance(got, str) else [f"{place}: {got!r} is no text"]
    elif MOMENTS.search(place):
        both = [v for v in (want, got) if v is not None]
        if not all(type(v) is type(both[0]) and (isinstance(v, int) or STAMP.fullmatch(v)) for v in both):
            yield f"{place}: {want!r} is {got!r}"
    elif type(want) is not type(got) or (want != got and str(got) not in replay.instead(place, str(want))):
        yield f"{place}: {want!r} is {got!r}"


def ordered(value: Any) -> Any:
    """Lists of objects in one order: the original sorts by whatever key comes first."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "log" not in value[0]:
        keys = ("address", "alias_domain", "domain_name", "username", "mailbox", "id")
        key = next((key for key in keys if key in value[0]), None)
        return sorted(value, key=lambda row: row[key]) if key else value
    return value


def test_recorded_story(engine: sa.Engine) -> None:
    replay, found = Replay(engine), []
    for name, first, last in STORY:
        if not name:
            replay.meanwhile(str(first))
            continue
        for capture in told(name, first, last):
            recorded = captures(name)[capture]
            if f"{name} {capture}" in ELSEWHERE:
                continue
            status, got = replay.send(name, recorded["request"])
            want = recorded.get("response", recorded.get("response_text"))
            replay.learn(want, got)
            if f"{name} {capture}" in OURS:
                assert status < 500
                continue
            bad = [*differences(ordered(want), ordered(got), "", replay)]
            bad += [f"status {status} instead of {recorded['status']}"] if status != recorded["status"] else []
            found += [f"{name} {capture}{text}" for text in bad[:5]]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["_generic", "domain", "mailbox", "alias", "template", "search"])
def test_exceptions_are_recorded(name: str) -> None:
    known = {f"{name} {capture}" for capture in captures(name)}
    assert {entry for entry in {**OURS, **ELSEWHERE} if entry.startswith(f"{name} ")} <= known
