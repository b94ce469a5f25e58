from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opslib import settings
from opslib.settings import Settings, SettingsError

README = Path(__file__).parents[2] / "README.md"
CONF = "MAILCOW_HOSTNAME=mx.example.net\nDBNAME=m\nDBUSER=m\nDBPASS=dbsecret\nREDISPASS=redissecret\nTZ=Europe/Berlin\n"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "mailcow.conf"
    path.write_text(CONF)
    return path


def test_nothing_set_is_the_embedded_demo_site(tmp_path: Path) -> None:
    found = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path)})
    assert found.database_url == f"sqlite:///{tmp_path}/site.sqlite"
    assert found.redis_url is None
    assert found.secret_key_file == tmp_path / "secret.key"
    assert (found.address, found.port, found.timezone.key) == ("127.0.0.1", 5006, "UTC")
    assert (found.embedded, found.host_kind, found.site_name) == (True, "demo", "Embedded site")


def test_data_directory_does_not_depend_on_where_a_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Settings.load({}).data_dir
    monkeypatch.chdir(tmp_path)
    assert Settings.load({}).data_dir == before
    assert before.is_absolute()


def test_a_mailcow_conf_gives_the_defaults(conf: Path) -> None:
    found = Settings.load({"MAILOPS_MAILCOW_CONF": str(conf)})
    assert found.database_url == "mysql+pymysql://m:dbsecret@127.0.0.1:13306/m?charset=utf8mb4"
    assert found.redis_url == "redis://:redissecret@127.0.0.1:7654/0"
    assert (found.timezone.key, found.site_name, found.server.hostname) == (
        "Europe/Berlin",
        "mx.example.net",
        "mx.example.net",
    )
    assert (found.embedded, found.host_kind) == (False, "absent")


def test_the_environment_wins(conf: Path) -> None:
    found = Settings.load(
        {
            "MAILOPS_MAILCOW_CONF": str(conf),
            "MAILOPS_DATABASE_URL": "sqlite:///other.sqlite",
            "MAILOPS_REDIS_URL": "redis://10.0.0.1/0",
            "MAILOPS_TIMEZONE": "Asia/Tokyo",
            "MAILOPS_SITE_NAME": "Other",
            "MAILOPS_HOST": "demo",
            "MAILOPS_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
        }
    )
    assert (found.database_url, found.redis_url) == ("sqlite:///other.sqlite", "redis://10.0.0.1/0")
    assert (found.timezone.key, found.site_name, found.host_kind) == ("Asia/Tokyo", "Other", "demo")
    assert [str(network) for network in found.trusted_proxies] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert not found.embedded


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MAILOPS_PORT", "0", "between 1 and 65535"),
        ("MAILOPS_PORT", "²", "between 1 and 65535"),
        ("MAILOPS_HOST", "docker!", "auto, demo, local, absent"),
        ("MAILOPS_TIMEZONE", "../etc/passwd", "Europe/Berlin"),
        ("MAILOPS_TRUSTED_PROXIES", "all", "10.0.0.0/8"),
        ("MAILOPS_DATABASE_URL", "secret", "mysql"),
        ("MAILOPS_DATABASE_URL", "mysql://u:p@host:secret/db", "mysql"),
        ("MAILOPS_DATABASE_URL", "postgresql://u:secret@host/db", "mysql"),
        ("MAILOPS_REDIS_URL", "http://:secret@host", "redis://"),
        ("MAILOPS_MAILCOW_CONF", "/nowhere/mailcow.conf", "cannot be read"),
        ("MAILOPS_PROT", "5006", "did you mean MAILOPS_PORT"),
        ("MAILOPS_XYZZY", "1", "no such setting"),
    ],
)
def test_errors_name_the_setting_and_what_to_do(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        Settings.load({name: value})
    assert caught.value.setting == name
    assert str(caught.value).startswith(f"{name}: ")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"), [("DBNAME=m\n", "no DBUSER"), ("x y", "line 1"), (CONF + "SQL_PORT=x", "SQL_PORT")]
)
def test_errors_of_the_file_name_the_line(conf: Path, text: str, words: str) -> None:
    conf.write_text(text)
    with pytest.raises(SettingsError, match=words):
        Settings.load({"MAILOPS_MAILCOW_CONF": str(conf)})


@given(
    st.sampled_from(list(settings.declarations())),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)
@example("data_dir", "~nobody-known")
def test_any_value_is_taken_or_refused_with_the_name(name: str, value: str) -> None:
    try:
        Settings.load({settings.variable(name): value})
    except SettingsError as error:
        assert error.setting == settings.variable(name)


def test_test_switches_are_not_settings() -> None:
    assert Settings.load({"MAILOPS_TEST_MARIADB": "x", "PATH": "y"}).port == 5006


def test_secrets_stay_out_of_repr(conf: Path) -> None:
    shown = repr(Settings.load({"MAILOPS_MAILCOW_CONF": str(conf)}))
    assert "dbsecret" not in shown
    assert "redissecret" not in shown


def test_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    one = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path / "new")})
    other = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path / "new")})
    assert len(one.secret_key()) == 32
    assert one.secret_key() == other.secret_key()
    assert stat.S_IMODE(one.secret_key_file.stat().st_mode) == 0o600
    assert list(one.data_dir.iterdir()) == [one.secret_key_file]


def test_a_useless_secret_key_is_refused(tmp_path: Path) -> None:
    found = Settings.load({"MAILOPS_SECRET_KEY_FILE": str(tmp_path / "short")})
    found.secret_key_file.write_bytes(b"x")
    with pytest.raises(SettingsError, match="too short"):
        found.secret_key()
    with pytest.raises(SettingsError, match="cannot be read or made"):
        Settings.load({"MAILOPS_SECRET_KEY_FILE": str(found.secret_key_file / "below")}).secret_key()


def test_readme_lists_every_setting() -> None:
    assert settings.table() in README.read_text(encoding="utf-8")
