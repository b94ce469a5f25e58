"""Which rows are selected: keys by hand, or all that match less a few."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import param

from opslib.query import Query, Selection


class Picked(param.Parameterized):
    """Selection that survives paging; `keys` are the excluded ones when `all_matching`."""

    keys = param.List(default=[], doc="Picked keys, or excluded ones.")
    all_matching = param.Boolean(default=False, doc="Whether every row that matches is meant.")

    def pick(self, keys: Iterable[Any], on: bool) -> None:
        """Add rows to the selection or take them out."""
        now = dict.fromkeys(self.keys)
        for key in keys:
            if on != self.all_matching:
                now[key] = None
            else:
                now.pop(key, None)
        self.keys = list(now)

    def everything(self) -> None:
        """Select all rows that match."""
        self.param.update(keys=[], all_matching=True)

    def clear(self) -> None:
        self.param.update(keys=[], all_matching=False)

    def count(self, total: int) -> int:
        """How many rows are selected when `total` match."""
        return max(total - len(self.keys), 0) if self.all_matching else len(self.keys)

    def selection(self, query: Query) -> Selection:
        """What verbs take."""
        if not self.all_matching:
            return Selection.of(*self.keys)
        return Selection.matching(query.copy(page=1), self.keys)
