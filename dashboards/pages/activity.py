"""Activity: the journal, every change before and after, and the way back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import panel as pn
import panel_material_ui as pmui

from dashboards.background import edge, start
from dashboards.change_detail import ChangeDetail
from dashboards.resource_page import ResourcePage, quick
from opslib.query import Condition

if TYPE_CHECKING:
    from opslib.ops import Ops


class Page(ResourcePage):
    """The page of all changes."""

    resource = "changes"
    columns = ("label", "actor", "at", "count", "resource", "state")
    quick = (quick("Undone", "state=is:undone"), quick("Undos", "state=is:undo"))
    hint = "Nothing was changed yet. Every commit is noted here, with the way back."

    def __init__(self, ops: Ops, location: Any = None, **given: Any) -> None:
        super().__init__(ops, location, **given)
        self.detail = ChangeDetail(ops, self.review, self._changed)
        self.since = self._day("From", "ge")
        self.until = self._day("Until", "le")
        self._show_days()
        self.grid.param.watch(lambda _: self._show_days(), "query")

    def open_row(self, key: Any) -> None:
        """Show one change."""
        start(edge(lambda: self.detail.show(int(key))))

    def open(self) -> None:
        super().open()
        asked = [c for c in self.grid.query.conditions if (c.field, c.op) == ("id", "is")]
        if asked and asked[0].value.isdecimal():
            self.open_row(asked[0].value)

    # -- days ----------------------------------------------------------------------------------------------------
    def _day(self, label: str, op: str) -> pmui.DatePicker:
        picker = pmui.DatePicker(label=label, clearable=True, width=170, size="small", margin=(4, 6))
        picker.param.watch(lambda event: self._asked_day(op, event.new), "value")
        return picker

    def _asked_day(self, op: str, day: date | None) -> None:
        others = [c for c in self.grid.query.conditions if (c.field, c.op) != ("at", op)]
        edge_of_day = day + timedelta(days=1) if day and op == "le" else day
        wanted = [*others, Condition("at", op, edge_of_day.isoformat())] if edge_of_day else others
        if wanted != list(self.grid.query.conditions):
            self.grid.ask(conditions=wanted)

    def _show_days(self) -> None:
        for picker, op in ((self.since, "ge"), (self.until, "le")):
            text = next((c.value for c in self.grid.query.conditions if (c.field, c.op) == ("at", op)), "")
            picker.value = _day_of(text, op)

    def __panel__(self) -> pn.Column:
        column = super().__panel__()
        column.insert(1, pn.FlexBox(self.since, self.until, margin=(0, 6), sizing_mode="stretch_width"))
        column.append(self.detail)
        return column


def _day_of(text: str, op: str) -> date | None:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day - timedelta(days=1) if op == "le" and len(text) == 10 else day
