"""What the console remembers for a person."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from opslib import views
from opslib.schema.console import ops_view
from opslib.site import Site


@pytest.fixture
def site(engine: sa.Engine) -> Site:
    return Site(engine, keyvalue=None, host=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [{"columns": ["a", "ü"], "size": 50}, [], "dark", 7, None])
def test_remembered_values_come_back(site: Site, value: Any) -> None:
    views.remember(site, "ann", "grid:mailboxes", "before")
    views.remember(site, "ann", "grid:mailboxes", value)
    assert views.recall(site, "ann", "grid:mailboxes", "nothing") == value
    assert views.recall(site, "bob", "grid:mailboxes", "nothing") == "nothing"


def test_forgetting(site: Site) -> None:
    views.remember(site, "ann", "theme", "dark")
    views.forget(site, "ann", "theme")
    assert views.recall(site, "ann", "theme") is None


def test_damaged_and_too_long_values(site: Site) -> None:
    with site.engine.begin() as connection:
        connection.execute(ops_view.insert().values(username="ann", name="theme", value="{"))
    assert views.recall(site, "ann", "theme", "light") == "light"
    with pytest.raises(ValueError, match="at most"):
        views.remember(site, "ann", "theme", "x" * 20_001)
