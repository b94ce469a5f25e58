"""Stores that answer, that refuse, and that hang."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from dashboards import health
from dashboards.health import Health
from opslib.host.absent import AbsentHost
from opslib.site import Site
from opslib.stores.database import engine_for
from opslib.stores.keyvalue import EmbeddedStore


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    return Site(engine, EmbeddedStore(engine), AbsentHost())


@pytest.fixture
def found(site: Site) -> Iterator[Health]:
    made = Health(site)
    yield made
    made.threads.shutdown()
    made.front.shutdown()


def test_both_up(found: Health) -> None:
    assert found.stores() == {"database": True, "keyvalue": True}
    assert health.words(found.stores()) == []
    assert not found.down


def test_database_refuses(found: Health, site: Site) -> None:
    found.site = Site(engine_for("mysql+pymysql://nobody@127.0.0.1:1/none"), site.keyvalue, site.host)
    assert found.stores() == {"database": False, "keyvalue": True}
    assert found.down
    assert len(health.words(found.stores())) == 1


def test_a_store_that_hangs_is_down_and_is_not_asked_twice(found: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    go, asked = threading.Event(), []

    def hangs(site: Site) -> None:
        asked.append(site)
        go.wait(20)

    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setitem(health._ASK, "keyvalue", hangs)
    for _ in range(3):
        assert found.stores(fresh=True) == {"database": True, "keyvalue": False}
    assert len(asked) == 1
    go.set()
    monkeypatch.setattr(health, "PATIENCE", 5.0)
    assert found.stores(fresh=True)["keyvalue"]


def test_asked_once_in_a_while(found: Health) -> None:
    now = [0.0]
    found.clock = lambda: now[0]
    found.stores()
    found.up["database"] = False
    assert found.stores()["database"] is False
    now[0] += health.KEPT
    assert found.stores()["database"] is True
