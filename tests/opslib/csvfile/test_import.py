"""From a file into the site: verdicts, mending, chunks, cancel and resume, passwords, rights."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opslib import csvfile, passwords
from opslib.demo import load
from opslib.errors import Denied, ServerError, UserError
from opslib.ops import Ops
from opslib.resources import ALL
from opslib.stores.database import read
from tests.opslib.resources.support import (
    MIB,
    add_domain,
    add_mailbox,
    domain_admin,
    make_ops,
    make_site,
    rows,
    snapshot,
)

HASH = passwords.make("correct horse 1", "SSHA256")
HEAD = "username,full_name,quota,password\n"


@pytest.fixture
def ops(engine: sa.Engine) -> Ops:
    add_domain(engine, "example.org")
    return make_ops(engine)


def boxes(count: int, password: str = HASH) -> bytes:
    return (HEAD + "".join(f"box{n}@example.org,Box {n},10,{password}\n" for n in range(count))).encode()


def names(engine: sa.Engine) -> list[str]:
    return [row["username"] for row in rows(engine, "mailbox")]


def reasons(diff: csvfile.Diff) -> dict[int, list[tuple[str, str]]]:
    return {line: diff.reasons(line) for line in diff.lines("reject")}


# -- round trip -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [k for k in ALL.values() if {"add", "edit"} & set(k.can)], ids=lambda kind: kind.name)
def test_importing_an_unchanged_export_does_nothing(engine, kind):
    ops = make_ops(engine)
    load(ops.site, "tiny")
    resource = ops.resource(kind.name)
    text = "".join(csvfile.export(resource, hashes=True))
    before = snapshot(engine)
    for update in (False, True):
        diff = csvfile.dry_run(resource, text.encode(), update=update)
        assert diff.counts == {"add": 0, "change": 0, "unchanged": resource.count(), "reject": 0}, reasons(diff)
        assert csvfile.commit(diff).changes == []
    assert snapshot(engine) == before


def test_an_export_builds_the_same_mailboxes_on_an_empty_site(engine, tmp_path):
    ops = make_ops(engine)
    load(ops.site, "tiny")
    kept = {
        name: "".join(csvfile.export(ops.resource(name), hashes=True))
        for name in ("domains", "alias_domains", "mailboxes", "aliases")
    }
    ops.commit(ops.aliases.delete(ops.every()))
    ops.commit(ops.mailboxes.delete(ops.every()))
    for name in ("mailboxes", "aliases"):
        report = csvfile.commit(csvfile.dry_run(ops.resource(name), kept[name].encode()))
        assert report.rejects == {} and report.added > 0
        again = csvfile.dry_run(ops.resource(name), kept[name].encode(), update=True)
        assert again.counts["add"] == again.counts["reject"] == 0
        assert {cell[0] for line in again.lines("change") for cell in again.changes(line)} <= {"sender_acl"}
    assert not ops.verify() or all(finding.severity != "error" for finding in ops.verify())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20), min_size=1, max_size=5))
def test_any_text_survives_export_and_import(sqlite_ops, texts):
    ops = sqlite_ops
    ops.commit(ops.mailboxes.delete(ops.every()))
    made = io.StringIO()
    csv.writer(made).writerows(
        [
            ["username", "full_name", "password"],
            *([f"b{n}@example.org", csvfile.harmless(t), HASH] for n, t in enumerate(texts)),
        ]
    )
    csvfile.commit(
        csvfile.dry_run(ops.mailboxes, made.getvalue().encode(), encoding="utf-8", delimiter=",", header=True)
    )
    text = "".join(csvfile.export(ops.mailboxes))
    assert csvfile.dry_run(ops.mailboxes, text.encode(), update=True).counts["unchanged"] == ops.mailboxes.count()


@pytest.fixture
def sqlite_ops(tmp_path: Path, sqlite_template: Path) -> Any:
    import shutil

    from opslib.stores.database import engine_for

    shutil.copy(sqlite_template, tmp_path / "own.sqlite")
    engine = engine_for(f"sqlite:///{tmp_path / 'own.sqlite'}")
    add_domain(engine, "example.org")
    yield make_ops(engine)
    engine.dispose()


# -- export ---------------------------------------------------------------------------------------------------------
def test_export_is_rfc_4180_with_field_names_and_harmless_cells(engine, ops):
    add_mailbox(engine, "ann@example.org", name='=cmd|"x"!A1')
    text = "".join(csvfile.export(ops.mailboxes, "ann@example.org", ["username", "full_name"]))
    assert text == 'username,full_name\r\nann@example.org,"\'=cmd|""x""!A1"\r\n'


def test_export_of_a_query_and_a_selection(engine, ops):
    for n in range(3):
        add_mailbox(engine, f"box{n}@example.org")
    from opslib.query import Query, Selection

    only = lambda rows: "".join(csvfile.export(ops.mailboxes, rows, ["username"])).split()[1:]  # noqa: E731
    assert only(Query.where(username="box1@example.org")) == ["box1@example.org"]
    assert only(Selection.matching(Query(), ["box1@example.org"])) == ["box0@example.org", "box2@example.org"]


def test_hashes_are_for_administrators_and_only_when_asked_for(engine, ops, tmp_path):
    add_mailbox(engine, "ann@example.org", password=HASH)
    assert HASH not in "".join(csvfile.export(ops.mailboxes))
    written = csvfile.export_file(ops.mailboxes, tmp_path / "out.csv", hashes=True)
    assert HASH in written.read_text() and stat.S_IMODE(written.stat().st_mode) == 0o600
    other = Ops(ops.site, domain_admin(engine, "da", "example.org"))
    with pytest.raises(Denied):
        csvfile.export(other.mailboxes, hashes=True)


def test_an_unknown_column_is_told(ops):
    with pytest.raises(UserError, match="shoes"):
        csvfile.export(ops.mailboxes, names=["shoes"])


# -- verdicts -------------------------------------------------------------------------------------------------------
def test_verdicts_with_reasons_at_their_cells(engine, ops):
    add_mailbox(engine, "ann@example.org", quota=10 * MIB)
    add_mailbox(engine, "bob@example.org", quota=10 * MIB)
    text = (
        f"{HEAD}new@example.org,New,10,{HASH}\nann@example.org,ann,20,\nbob@example.org,bob,10,\n"
        f"bad@example.org,Bad,lots,{HASH}\nnew@EXAMPLE.org,Twice,10,{HASH}\nnobody@nowhere.org,No,10,{HASH}\nx,y,1,z\nshort\n"
    )
    diff = csvfile.dry_run(ops.mailboxes, text.encode(), update=True)
    assert list(diff.frame["verdict"]) == [
        "add",
        "change",
        "unchanged",
        "reject",
        "reject",
        "reject",
        "reject",
        "reject",
    ]
    assert diff.changes(3) == [("quota", "10", "20")]
    told = reasons(diff)
    assert told[5][0][0] == "quota" and told[6] == [("username", "Line 2 of the file is about the same.")]
    assert told[7] == [("domain", "nowhere.org is not a domain of this server.")]
    assert told[8][0][0] == "username" and told[9] == [("", "The row has 1 cells, there are 4 columns.")]
    assert diff.counts == {"add": 1, "change": 1, "unchanged": 1, "reject": 5}


def test_add_only_leaves_rows_that_exist(engine, ops):
    add_mailbox(engine, "ann@example.org", quota=10 * MIB)
    diff = csvfile.dry_run(ops.mailboxes, f"{HEAD}ann@example.org,ann,20,\n".encode())
    assert "exists already" in diff.reasons(2)[0][1]
    assert csvfile.commit(diff).added == 0
    assert rows(engine, "mailbox")[0]["quota"] == 10 * MIB


def test_an_empty_cell_keeps_or_clears(engine, ops):
    add_mailbox(engine, "ann@example.org", name="Ann")
    text = b"username,tags,full_name\nann@example.org,,\n"
    ops.commit(ops.mailboxes.edit("ann@example.org", {"tags": "a"}))
    assert csvfile.dry_run(ops.mailboxes, text, update=True).counts["unchanged"] == 1
    csvfile.commit(csvfile.dry_run(ops.mailboxes, b"username,tags\nann@example.org,\n", update=True, clear=True))
    assert rows(engine, "tags_mailbox") == []


def test_a_cell_is_mended_and_only_its_row_judged_again(engine, ops):
    diff = csvfile.dry_run(
        ops.mailboxes, f"{HEAD}ann@example.org,Ann,lots,{HASH}\nbob@example.org,B,1,{HASH}\n".encode()
    )
    assert diff.verdict(2).kind == "reject"
    assert diff.fix(2, "quota", "3 MiB").kind == "add"
    assert diff.fix(2, "username", "bob@example.org").kind == "reject"
    assert diff.fix(2, "username", "ann@example.org").kind == "add"
    assert csvfile.commit(diff).added == 2
    assert {row["username"]: row["quota"] for row in rows(engine, "mailbox")}["ann@example.org"] == 3 * MIB
    with pytest.raises(UserError):
        diff.fix(77, "quota", "1")


def test_headers_without_units_or_names_by_hand(engine, ops):
    text = f"ann@example.org;1;{HASH}\n".encode()
    chosen = {"column 1": "username", "column 2": "quota", "column 3": "password"}
    diff = csvfile.dry_run(ops.mailboxes, text, columns=chosen)
    assert not diff.guess.header and diff.counts["add"] == 1
    gib = csvfile.dry_run(ops.mailboxes, f"email,quota gb,pass\nann@example.org,1,{HASH}\n".encode())
    assert csvfile.commit(gib).added == 1 and rows(engine, "mailbox")[0]["quota"] == 1024 * MIB


def test_values_of_a_template(engine, ops):
    ops.commit(ops.mailbox_templates.add({"template": "Staff", "quota": "77", "tags": "staff"}))
    diff = csvfile.dry_run(ops.mailboxes, f"email,password\nann@example.org,{HASH}\n".encode(), use_template="Staff")
    csvfile.commit(diff)
    assert rows(engine, "mailbox")[0]["quota"] == 77 * MIB
    with pytest.raises(UserError, match="Staff"):
        csvfile.dry_run(ops.mailboxes, b"email\nx@example.org\n", use_template="Nobody")


def test_aliases_with_special_targets_and_several_addresses(engine, ops):
    text = b'alias,goto\n"a@example.org, b@example.org",x@elsewhere.org\nnull@example.org,null@localhost\n'
    diff = csvfile.dry_run(ops.aliases, text)
    assert diff.counts["add"] == 2, reasons(diff)
    csvfile.commit(diff)
    found = {row["address"]: row["goto"] for row in rows(engine, "alias")}
    assert found == {
        "a@example.org": "x@elsewhere.org",
        "b@example.org": "x@elsewhere.org",
        "null@example.org": "null@localhost",
    }


# -- carrying out ---------------------------------------------------------------------------------------------------
def test_one_import_is_several_changes_with_one_note(engine, ops):
    report = csvfile.commit(csvfile.dry_run(ops.mailboxes, boxes(7)), chunk=3)
    assert report.added == 7 and len(report.changes) == 3
    noted = rows(engine, "ops_change")
    assert {row["note"] for row in noted} == {f"import {report.number}: upload.csv"} and {r["verb"] for r in noted} == {
        "import"
    }
    assert rows(engine, "ops_import")[0]["state"] == "done" and rows(engine, "ops_import")[0]["done"] == 7
    ops.commit(ops.undo(report.changes[0]))
    assert len(names(engine)) == 4


def test_progress_cancel_and_resume(engine, ops):
    seen: list[str] = []
    stop = iter([False, False, True])
    diff = csvfile.dry_run(ops.mailboxes, boxes(7))
    report = csvfile.commit(diff, chunk=3, progress=lambda p: seen.append(p.text), cancelled=lambda: next(stop))
    assert report.cancelled and len(names(engine)) == 6
    assert seen == ["0 of 7 rows", "3 of 7 rows", "6 of 7 rows"]
    again = csvfile.dry_run(ops.mailboxes, boxes(7))
    assert again.counts == {"add": 1, "change": 0, "unchanged": 6, "reject": 0}
    finished = csvfile.commit(again, chunk=3)
    assert finished.number == report.number and len(names(engine)) == 7


def test_a_crash_between_chunks_is_gone_on_from(engine, ops):
    class Crashed(Exception):
        pass

    def crash(progress: csvfile.Progress) -> None:
        if progress.done >= 2:
            raise Crashed

    text = boxes(5, "clear horse 1")
    with pytest.raises(Crashed):
        csvfile.commit(csvfile.dry_run(ops.mailboxes, text, update=True), chunk=2, progress=crash)
    kept = rows(engine, "mailbox")
    again = csvfile.dry_run(ops.mailboxes, text, update=True)
    assert again.resumed and again.counts == {"add": 3, "change": 0, "unchanged": 2, "reject": 0}
    csvfile.commit(again)
    assert rows(engine, "mailbox")[:2] == kept and len(names(engine)) == 5


def test_two_processes_cannot_carry_out_one_import(engine, ops):
    first, second = (csvfile.dry_run(ops.mailboxes, boxes(4)) for _ in range(2))
    stop = iter([False, True])
    csvfile.commit(first, chunk=1, cancelled=lambda: next(stop))
    first, second = (csvfile.dry_run(ops.mailboxes, boxes(4)) for _ in range(2))
    csvfile.commit(first)
    with pytest.raises(UserError, match="another process"):
        csvfile.commit(second)


def test_a_row_that_stands_in_the_way_is_found_and_the_rest_goes_on(engine, ops):
    diff = csvfile.dry_run(ops.mailboxes, boxes(6))
    add_mailbox(engine, "box3@example.org")
    report = csvfile.commit(diff)
    assert report.added == 5 and list(report.rejects) == [3]


def test_rows_changed_meanwhile_are_left_out(engine, ops):
    add_mailbox(engine, "ann@example.org", quota=10 * MIB)
    diff = csvfile.dry_run(ops.mailboxes, b"username,quota\nann@example.org,20\n", update=True)
    ops.commit(ops.mailboxes.edit("ann@example.org", {"quota": "15"}))
    report = csvfile.commit(diff)
    assert report.changed == 0 and report.rejects[0][0].key == "row_changed"


def test_rejects_can_be_mended_and_imported_again(engine, ops, tmp_path):
    text = f"E-Mail;Quota;Shoes;Password\nann@example.org;=1+1;43;{HASH}\nbob@example.org;10;44;{HASH}\n"
    report = csvfile.commit(csvfile.dry_run(ops.mailboxes, text.encode()))
    path = report.write_rejects(tmp_path / "rejects.csv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and HASH not in path.read_text()
    with path.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (
        row["username"] == "ann@example.org"
        and row["quota"] == "'=1+1"
        and row["Shoes"] == "43"
        and "size" in row["reason"]
    )
    mended = path.read_text().replace("'=1+1,43,", f"20,43,{HASH}")
    assert csvfile.commit(csvfile.dry_run(ops.mailboxes, mended.encode())).added == 1
    assert names(engine) == ["ann@example.org", "bob@example.org"]


# -- passwords ------------------------------------------------------------------------------------------------------
def everything_told(diff: csvfile.Diff, report: csvfile.Report, engine: sa.Engine) -> str:
    told = [diff.frame.to_csv(), repr(diff), diff._repr_html_(), repr(report), "".join(report.rejects_text())]
    with read(engine) as connection:
        for table in ("ops_change", "ops_change_row", "ops_outbox", "ops_import"):
            told.append(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()))
    return "".join(told)


def test_clear_passwords_are_judged_hashed_and_told_nowhere(engine, ops):
    text = f"{HEAD}ann@example.org,Ann,10,Tr0mbone-secret\nbob@example.org,Bob,10,abc\n".encode()
    diff = csvfile.dry_run(ops.mailboxes, text)
    assert diff.reasons(3)[0][0] == "password"
    report = csvfile.commit(diff)
    (row,) = rows(engine, "mailbox")
    assert passwords.verify("Tr0mbone-secret", row["password"])
    assert "Tr0mbone" not in everything_told(diff, report, engine)


@pytest.mark.parametrize("scheme", sorted(passwords.PREHASHED))
def test_hashes_of_every_scheme_are_kept(engine, ops, scheme):
    stored = "{" + scheme + "}" + "c29tZXRoaW5nLWxvbmctZW5vdWdo"
    csvfile.commit(csvfile.dry_run(ops.mailboxes, f"{HEAD}ann@example.org,Ann,10,{stored}\n".encode()))
    assert rows(engine, "mailbox")[0]["password"] == stored


def test_hashes_are_for_administrators(engine, ops):
    other = Ops(ops.site, domain_admin(engine, "da", "example.org"))
    diff = csvfile.dry_run(other.mailboxes, boxes(1))
    assert diff.reasons(2)[0][0] == "password"


@pytest.mark.parametrize("given", ["", "*", "generate"])
def test_generated_passwords_are_handed_out_once(engine, ops, tmp_path, given):
    path = tmp_path / "passwords.csv"
    diff = csvfile.dry_run(ops.mailboxes, f"{HEAD}ann@example.org,Ann,10,{given}\n".encode(), passwords="generate")
    report = csvfile.commit(diff, results=path)
    with path.open(newline="") as stream:
        (handed,) = csv.DictReader(stream)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and handed["username"] == "ann@example.org"
    assert passwords.verify(handed["password"], rows(engine, "mailbox")[0]["password"])
    assert report.made == 1 and report.generated == {}
    assert handed["password"] not in everything_told(diff, report, engine)


def test_without_generate_a_new_mailbox_needs_a_password(ops):
    diff = csvfile.dry_run(ops.mailboxes, f"{HEAD}ann@example.org,Ann,10,\n".encode())
    assert diff.reasons(2) == [("password", "Password is needed.")]


class CutOff(Ops):
    """Ops whose database goes down when it is written to."""

    def commit(self, *given: Any, **more: Any) -> Any:
        raise ServerError("database_down", "gone")


def test_passwords_of_a_failed_commit_are_taken_back(engine, ops, tmp_path):
    path = tmp_path / "passwords.csv"
    diff = csvfile.dry_run(CutOff(ops.site, ops.actor).mailboxes, f"{HEAD}ann@example.org,Ann,10,*\n".encode())
    with pytest.raises(ServerError):
        csvfile.commit(diff, results=path)
    assert path.read_text().split() == ["username,password"]
    assert rows(engine, "ops_import")[0]["state"] == "failed"


def test_hashing_can_be_cancelled(engine, ops):
    seen: list[csvfile.Progress] = []
    stop = iter([False, *[True] * 50])
    diff = csvfile.dry_run(ops.mailboxes, boxes(30, "clear horse 1"))
    report = csvfile.commit(diff, progress=seen.append, cancelled=lambda: next(stop))
    assert report.cancelled and names(engine) == []


# -- rights ---------------------------------------------------------------------------------------------------------
def test_rows_of_a_foreign_domain_are_rejected_one_by_one(engine, ops):
    add_domain(engine, "other.org")
    add_mailbox(engine, "boss@other.org")
    other = Ops(ops.site, domain_admin(engine, "da", "example.org"))
    text = f"{HEAD}ann@example.org,Ann,10,Long-enough-1\nnew@other.org,N,10,Long-enough-1\nboss@other.org,B,10,Long-enough-1\n"
    diff = csvfile.dry_run(other.mailboxes, text.encode(), update=True)
    assert diff.lines("reject") == [3, 4] and {cell for r in reasons(diff).values() for cell in r} == {
        ("domain", "You have no access to this, or it does not exist.")
    }
    assert csvfile.commit(diff).added == 1
    assert names(engine) == ["ann@example.org", "boss@other.org"]


def test_who_may_not_add_is_told_per_row(engine, ops):
    other = Ops(ops.site, domain_admin(engine, "da", "example.org"))
    diff = csvfile.dry_run(other.domains, b"domain\nnew.org\nexample.org\n")
    assert [diff.verdict(line).kind for line in (2, 3)] == ["reject", "unchanged"]
    with pytest.raises(Denied):
        csvfile.dry_run(ops.changes, b"id\n1\n")


# -- hostile --------------------------------------------------------------------------------------------------------
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["ann@example.org", "box@example.org", "=1+1", "'=x", "-1", "10", "x" * 300, "", "*", "{PLAIN}x", "\0"]
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["username", "email", "quota", "password", "domain", "local_part", "tags", "acl", "?"]),
        max_size=6,
    ),
    st.lists(st.lists(CELLS, max_size=7), max_size=6),
    st.booleans(),
)
def test_no_file_is_a_traceback(sqlite_ops, header, body, update):
    text = io.StringIO()
    csv.writer(text, escapechar="\\").writerows([header, *body])
    data = text.getvalue().encode("utf-8", "surrogatepass")
    try:
        diff = csvfile.dry_run(sqlite_ops.mailboxes, data, update=update, clear=update, header=True)
    except UserError as error:
        assert str(error)
        return
    assert all(diff.verdict(line).problems for line in diff.lines("reject"))
    assert "".join(csvfile.rejects_text(diff, csvfile.rejected(diff))) and len(diff.frame) == len(diff.table.rows)
    list(diff.sentences())


def test_only_a_header_imports_nothing(ops):
    diff = csvfile.dry_run(ops.mailboxes, HEAD.encode())
    assert diff.frame.empty and csvfile.commit(diff).added == 0


def test_a_site_of_another_clock_still_reads_its_own_export(engine):
    from zoneinfo import ZoneInfo

    site = make_site(engine)
    site.zone = ZoneInfo("Europe/Berlin")
    ops = Ops(site, make_ops(engine).actor)
    load(site, "tiny")
    text = "".join(csvfile.export(ops.temporary_aliases))
    assert (
        csvfile.dry_run(ops.temporary_aliases, text.encode(), update=True).counts["unchanged"]
        == ops.temporary_aliases.count()
    )
