"""`mailops serve`, `init` and `password`, up to the point where the server would start."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from opslib import signin
from opslib.cli import app, serve
from opslib.connecting import open_site
from opslib.settings import Settings

RUN = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory that the settings name."""
    for name in [name for name in os.environ if name.startswith("MAILOPS_") and not name.startswith("MAILOPS_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MAILOPS_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been executed: [command, environment]."""
    found: list[Any] = []

    def instead(path: str, command: list[str], environment: dict[str, str]) -> None:
        found.extend([command, environment])

    monkeypatch.setattr(os, "execve", instead)
    return found


def password_in(output: str) -> str:
    found = re.search(r"only this once: (\S+)", output)
    assert found, output
    return found[1]


def test_from_nothing_to_a_demo_site(home: Path, started: list[Any]) -> None:
    result = RUN.invoke(app, ["serve", "--port", "5555"])
    assert result.exit_code == 0, result.output
    password = password_in(result.output)
    assert "http://127.0.0.1:5555" in result.output
    site = open_site(Settings.load())
    assert signin.authenticate(site, "admin", password, "192.0.2.1").pending == ""
    site.engine.dispose()
    again = RUN.invoke(app, ["serve"])
    assert again.exit_code == 0
    assert "once" not in again.output
    assert "made-up" not in again.output


def test_no_secret_on_the_command_line(home: Path, started: list[Any]) -> None:
    RUN.invoke(app, ["serve"])
    command, environment = started[:2]
    keys = [environment[name] for name in ("PANEL_COOKIE_SECRET", "BOKEH_SECRET_KEY")]
    assert len(set(keys)) == 2
    assert all(len(key) == 64 for key in keys)
    assert environment["BOKEH_SIGN_SESSIONS"] == "true"
    assert not any(key in word for key in keys for word in command)
    assert (home / "secret.key").stat().st_mode & 0o077 == 0


def test_the_gate_is_always_there(home: Path, started: list[Any]) -> None:
    RUN.invoke(app, ["serve"])
    command = started[0]
    for word in ("--auth-module", "--plugins", "--setup", "--enable-xsrf-cookies", "--include-headers"):
        assert word in command
    for path in command:
        if path.startswith("/") and path.endswith(".py"):
            assert Path(path).exists()
    assert not {"--admin", "--liveness", "--autoreload", "--rest-session-info", "--use-xheaders"} & set(command)


def test_readme_names_the_same_flags() -> None:
    root = Path(__file__).parents[3]
    line = re.search(r"panel serve dashboards/app.py.*?```", (root / "README.md").read_text(), re.DOTALL)
    assert line
    words = line[0].replace("\\\n", " ").split()
    needed = serve.FLAGS[: serve.FLAGS.index("--num-threads")]
    assert set(needed) <= set(words)
    assert {"--auth-module", "--setup"} <= set(words)


def test_hosts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load()
    assert serve.hosts(settings, "0.0.0.0", 5006) == ["127.0.0.1:5006", "localhost:5006"]  # noqa: S104
    assert serve.hosts(settings, "::1", 5006)[0] == "[::1]:5006"
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "ops.example.org, mx.example.org:443")
    assert serve.hosts(settings, "127.0.0.1", 5006) == ["ops.example.org", "mx.example.org:443"]


def test_wrong_settings_in_words(home: Path, monkeypatch: pytest.MonkeyPatch, started: list[Any]) -> None:
    monkeypatch.setenv("MAILOPS_PORT", "many")
    result = RUN.invoke(app, ["serve"])
    assert result.exit_code == 2
    assert "MAILOPS_PORT" in result.output
    assert started == []


def test_database_down_in_words(home: Path, monkeypatch: pytest.MonkeyPatch, started: list[Any]) -> None:
    monkeypatch.setenv("MAILOPS_DATABASE_URL", "mysql+pymysql://nobody:hidden@127.0.0.1:1/none")
    result = RUN.invoke(app, ["serve"])
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
    assert "hidden" not in result.output
    assert started == []


def test_init_adds_an_admin(home: Path) -> None:
    result = RUN.invoke(app, ["init", "--admin", "ann"])
    assert result.exit_code == 0, result.output
    assert result.output.count("only this once") == 2
    assert RUN.invoke(app, ["init", "--admin", "ann"]).exit_code == 2


def test_password(home: Path) -> None:
    RUN.invoke(app, ["init"])
    assert RUN.invoke(app, ["password", "admin"], input="New-horse-77\nNew-horse-77\n").exit_code == 0
    site = open_site(Settings.load())
    assert signin.authenticate(site, "admin", "New-horse-77", "192.0.2.1").name == "admin"
    site.engine.dispose()
    assert RUN.invoke(app, ["password", "nobody"], input="New-horse-77\nNew-horse-77\n").exit_code == 2
    assert RUN.invoke(app, ["password", "admin"], input="x\nx\n").exit_code == 2


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", RUN.invoke(app, ["version"]).output)
