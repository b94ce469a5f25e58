"""From settings to a site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import opslib
from opslib.actor import Actor
from opslib.connecting import open_site
from opslib.schema.create import initialise
from opslib.settings import Settings
from opslib.stores.keyvalue import EmbeddedStore, RedisStore


def settings(tmp_path: Path, **given: str) -> Settings:
    return Settings.load({"MAILOPS_DATA_DIR": str(tmp_path), **given})


def test_embedded(tmp_path: Path) -> None:
    site = open_site(settings(tmp_path))
    assert isinstance(site.keyvalue, EmbeddedStore)
    assert site.host.demo
    assert site.name == "Embedded site"


def test_demo_host_only_where_it_is_asked_for(tmp_path: Path) -> None:
    real = settings(
        tmp_path, MAILOPS_DATABASE_URL="mysql+pymysql://u:p@127.0.0.1:1/d", MAILOPS_REDIS_URL="redis://h:1/0"
    )
    site = open_site(real)
    assert isinstance(site.keyvalue, RedisStore)
    assert not site.host.demo
    site.keyvalue.close()


@pytest.mark.parametrize(
    ("named", "scheme"),
    [("SSHA512", "SSHA512"), ("BLF-CRYPT", "BLF-CRYPT"), ("ssha", "BLF-CRYPT"), ("ARGON2ID", "BLF-CRYPT")],
)
def test_scheme_as_the_mail_server_reads_it(tmp_path: Path, named: str, scheme: str) -> None:
    conf = tmp_path / "mailcow.conf"
    conf.write_text(f"MAILCOW_HOSTNAME=mx.example.org\nDBNAME=d\nDBUSER=u\nDBPASS=p\nMAILCOW_PASS_SCHEME={named}\n")
    site = open_site(settings(tmp_path, MAILOPS_MAILCOW_CONF=str(conf)))
    assert site.password_scheme == scheme
    assert site.hostname == "mx.example.org"


def test_connect(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.sqlite"
    ops = opslib.connect(url, settings=settings(tmp_path))
    initialise(ops.site.engine)
    assert (ops.actor.role, ops.actor.via) == ("admin", "notebook")
    assert ops.mailboxes.count() == 0
    assert not (tmp_path / "site.sqlite").exists()
    dora = opslib.connect(url, Actor("dora", "domainadmin"), settings(tmp_path))
    assert dora.mailboxes.count() == 0
    for found in (ops, dora):
        found.site.engine.dispose()


def test_importing_is_cheap() -> None:
    code = "import opslib, sys; print('pandas' in sys.modules, 'sqlalchemy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        opslib.nonsense  # noqa: B018
