"""News of commits: one query a second, however many ask."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dashboards.feed import Feed


def test_one_query_a_second(warehouse: Any) -> None:
    asked: list[str] = []
    sa.event.listen(warehouse.site.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    now = [0.0]
    news = Feed(warehouse.site, clock=lambda: now[0])
    assert [news.newest("parcels") for _ in range(50)] == [0] * 50
    assert sum("ops_change" in text for text in asked) == 1


def test_a_commit_is_heard_once_a_second_has_passed(warehouse: Any) -> None:
    now = [0.0]
    news = Feed(warehouse.site, clock=lambda: now[0])
    news.newest()
    done = warehouse.commit(warehouse.parcels.edit([1], {"weight": 500}))
    assert news.newest("parcels") == 0
    now[0] = 1.0
    assert news.newest("parcels") == news.newest() == done.change_id
    assert news.newest("mailboxes") == 0
