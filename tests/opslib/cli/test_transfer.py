"""`mailops export` and `mailops import` on the embedded site of a new data directory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from opslib import passwords
from opslib.cli import app

HASH = passwords.make("correct horse 1", "SSHA256")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found = tmp_path / "data"
    assert mailops(found, "demo", "--size", "tiny").exit_code == 0
    return found


def mailops(home: Path, *words: str) -> Result:
    return CliRunner(env={"MAILOPS_DATA_DIR": str(home), "COLUMNS": "200"}).invoke(app, words)


def domain(home: Path) -> str:
    return mailops(home, "export", "domains", "--columns", "domain").stdout.split()[1]


def test_an_export_imported_again_changes_nothing(home, tmp_path):
    path = tmp_path / "boxes.csv"
    assert mailops(home, "export", "mailboxes", "--with-hashes", "--output", str(path)).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and "{BLF" in path.read_text()
    done = mailops(home, "import", "mailboxes", str(path), "--update", "--yes")
    assert done.exit_code == 0 and "30 unchanged, 0 not taken" in done.stdout and "Nothing to do." in done.stdout


def test_an_export_to_the_screen_keeps_its_line_ends_and_secrets(home):
    text = mailops(home, "export", "mailboxes").stdout_bytes
    assert text.startswith(b"username,domain,") and text.count(b"\r\n") == 31 and b"{BLF" not in text


def test_a_file_is_shown_and_only_then_imported(home, tmp_path):
    path, left, made = tmp_path / "in.csv", tmp_path / "left.csv", tmp_path / "made.csv"
    path.write_text(f"who;MB\nnew@{domain(home)};1\nnew@nowhere.org;1\n")
    words = ["import", "mailboxes", str(path), "--map", "who=username", "--map", "MB=quota", "--passwords", "generate"]
    shown = mailops(home, *words, "--dry-run", "--rejects", str(left))
    assert (
        shown.exit_code == 0
        and "Cells are parted by: semicolon." in shown.stdout
        and "nothing was written" in shown.stdout
    )
    assert "line 3  new@nowhere.org  Domain: nowhere.org is not a domain of this server." in shown.stdout
    assert "nowhere.org" in left.read_text() and not made.exists()
    done = mailops(home, *words, "--yes", "--rejects", str(left), "--results", str(made))
    assert done.exit_code == 3 and "1 added, 0 changed, 0 unchanged, 1 not taken." in done.stdout
    assert made.read_text().startswith("username,password") and stat.S_IMODE(made.stat().st_mode) == 0o600
    assert made.read_text().split(",")[-1].strip() not in done.stdout


def test_what_is_wrong_is_said_with_exit_code_2(home, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(f"email,password\nann@example.org,{HASH}\n")
    for more in (["--delimiter", "ab"], ["--template", "Nobody"], ["--map", "x"], ["--passwords", "lose"]):
        assert mailops(home, "import", "mailboxes", str(path), *more).exit_code == 2
    assert mailops(home, "import", "mailboxes", str(tmp_path / "nowhere.csv")).exit_code == 2
