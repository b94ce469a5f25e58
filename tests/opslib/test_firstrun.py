"""What a site gets before it is served."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from opslib.connecting import open_site
from opslib.errors import ServerError
from opslib.firstrun import prepare
from opslib.schema import admin, domain
from opslib.settings import Settings
from opslib.stores.database import read, write


def count(engine: sa.Engine, table: sa.Table) -> int:
    with read(engine) as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def test_embedded_site_twice(tmp_path: Path) -> None:
    settings, said = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path)}), list[str]()
    site = open_site(settings)
    prepare(site, settings, said.append)
    assert sum("once" in line for line in said) == 1
    domains = count(site.engine, domain)
    assert domains > 10
    said.clear()
    prepare(site, settings, said.append)
    assert said == []
    assert count(site.engine, domain) == domains
    site.engine.dispose()


def test_without_the_demo_host_nothing_is_made_up(tmp_path: Path) -> None:
    settings = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path), "MAILOPS_HOST": "absent"})
    site = open_site(settings)
    prepare(site, settings, lambda _: None)
    assert count(site.engine, domain) == 0
    assert count(site.engine, admin) == 1
    site.engine.dispose()


def test_a_real_server_gets_no_account(tmp_path: Path, engine: sa.Engine) -> None:
    conf = tmp_path / "mailcow.conf"
    conf.write_text("MAILCOW_HOSTNAME=mx.example.org\nDBNAME=d\nDBUSER=u\nDBPASS=p\n")
    settings = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path), "MAILOPS_MAILCOW_CONF": str(conf)})
    site = open_site(settings)
    site.engine = engine
    prepare(site, settings, lambda _: None)
    assert count(engine, admin) == count(engine, domain) == 0


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    settings = Settings.load({"MAILOPS_DATA_DIR": str(tmp_path)})
    site = open_site(settings)
    with write(site.engine) as connection:
        connection.exec_driver_sql("CREATE TABLE somebodys (id INTEGER)")
    with pytest.raises(ServerError, match="not empty"):
        prepare(site, settings, lambda _: None)
    assert sa.inspect(site.engine).get_table_names() == ["somebodys"]
    site.engine.dispose()
