"""`mailops demo` and `mailops verify` on the embedded site of a new data directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from opslib.cli import app
from opslib.stores.database import engine_for, write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data"


def mailops(home: Path, *words: str) -> Result:
    return CliRunner(env={"MAILOPS_DATA_DIR": str(home)}).invoke(app, words)


def spoil(home: Path, statement: str) -> None:
    engine = engine_for(f"sqlite:///{home / 'site.sqlite'}")
    with write(engine) as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_demo_fills_an_empty_site_that_verifies(home):
    done = mailops(home, "demo", "--size", "tiny")
    assert done.exit_code == 0 and "3 domains, 30 mailboxes, 40 aliases" in done.stdout
    clean = mailops(home, "verify")
    assert clean.exit_code == 0 and clean.stdout.startswith("0 findings")


def test_demo_says_in_json_what_it_loaded(home):
    report = json.loads(mailops(home, "demo", "--size", "tiny", "--json").stdout)
    assert report["rows"]["domain"] == 3 and report["fields"]["DOMAIN_MAP"] >= 4


def test_demo_refuses_a_second_time_unless_forced(home):
    mailops(home, "demo", "--size", "tiny")
    assert mailops(home, "demo", "--size", "tiny").exit_code == 2
    assert mailops(home, "demo", "--size", "tiny", "--force").exit_code == 0


def test_demo_refuses_an_unknown_size_in_words(home):
    refused = mailops(home, "demo", "--size", "huge")
    assert refused.exit_code == 2 and "tiny, small, large" in refused.stderr


def test_verify_exits_with_1_and_shows_what_is_broken(home):
    mailops(home, "demo", "--size", "tiny")
    spoil(home, "DELETE FROM quota2 WHERE username = (SELECT min(username) FROM quota2)")
    found = mailops(home, "verify")
    assert found.exit_code == 1
    assert "ERROR  quota2_missing in quota2: Insert" in found.stdout and "1 findings" in found.stdout


def test_verify_gives_findings_as_json(home):
    mailops(home, "demo", "--size", "tiny")
    spoil(home, "INSERT INTO tags_domain (tag_name, domain) SELECT 'a', domain FROM domain LIMIT 1")
    spoil(
        home,
        "UPDATE alias SET active = 5 WHERE address = (SELECT min(username) FROM mailbox WHERE active = 1 AND kind = '')",
    )
    done = mailops(home, "verify", "--json")
    assert done.exit_code == 1
    assert "self_row_active" in {finding["invariant"] for finding in json.loads(done.stdout)}


def test_keys_with_control_characters_do_not_reach_the_terminal(home):
    mailops(home, "demo", "--size", "tiny")
    spoil(home, "INSERT INTO quota2 (username) VALUES ('x' || char(27) || '[31m@y.example')")
    found = mailops(home, "verify")
    assert found.exit_code == 1 and "\x1b" not in found.stdout
