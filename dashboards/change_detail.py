"""One change in a drawer: who, when, what, every cell before and after, and the button that takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from dashboards.background import aside, edge, start
from dashboards.place import join
from dashboards.preview import After, Review
from opslib import resources
from opslib.resources.changes import DETAILED, Changes

if TYPE_CHECKING:
    import pandas as pd

    from opslib.ops import Ops

STATES = {"done": "Done", "undone": "Taken back", "undo": "Takes another change back"}
FIXED = "<style>.ops-words table { table-layout: fixed; }</style>"
PHONE = "@media (max-width:600px)"


class ChangeDetail(pn.viewable.Viewer):
    """The drawer at the right of the activity page."""

    def __init__(self, ops: Ops, review: Review, after: After, **given: Any) -> None:
        super().__init__(**given)
        self.ops, self.review, self.after = ops, review, after
        self.key = 0
        self.facts = words.pane()
        self.body = words.pane()
        self.undo = pmui.Button(label="Undo …", icon="undo", variant="contained", on_click=lambda _: self._undo())
        close = pmui.Button(label="Close", variant="text", on_click=lambda _: self.close())
        self.dialog = pmui.Dialog(
            self.facts,
            pn.FlexBox(self.undo, close, margin=(8, 4)),
            self.body,
            title="",
            title_variant="h6",
            width_option="md",
            show_close_button=True,
            sx={"& .MuiDialog-paper": {PHONE: {"margin": 0, "width": "100%", "maxWidth": "100%", "maxHeight": "100%"}}},
        )

    @property
    def rows(self) -> Changes:
        return self.ops.resource("changes")  # type: ignore[return-value]

    def close(self) -> None:
        self.dialog.open = False

    async def show(self, key: int) -> None:
        """Read a change and open the drawer.

        Raises
        ------
        Denied
            When there is no such change, or not for this actor.
        """
        self.key = key
        facts, cells = await aside(lambda: (self.rows.get(key), self.rows.detail(key)))
        self.facts.object = words.wrap(_facts(key, facts))
        self.body.object = words.wrap(FIXED + _cells(cells, _labels(facts["resource"])))
        self.undo.visible = facts["undone_by"] is None and self.rows.may("undo")
        self.dialog.title = facts["label"]
        self.dialog.open = True

    def _undo(self) -> None:
        @edge
        async def plan() -> None:
            self.close()
            await self.review.show(lambda: self.rows.run("undo", self.key), self.after)

        start(plan)

    def __panel__(self) -> pmui.Dialog:
        return self.dialog


def _facts(key: int, facts: dict[str, Any]) -> str:
    shown = [
        ("Who", f"{facts['actor']} ({facts['role']}, {facts['via']})"),
        ("When", f"{facts['at']:%Y-%m-%d %H:%M:%S} UTC"),
        ("Items", f"{facts['count']:,}"),
        ("State", STATES.get(facts["state"], facts["state"]) + _other(facts)),
        ("Why", facts["note"] or ""),
    ]
    rows = [[words.tag("b", words.text(name)), words.text(value)] for name, value in shown if value]
    link = f'<p><a style="color: inherit" href="{words.text(join("activity", f"id=is:{key}"))}">Link to change {key}</a></p>'
    return "<table>" + "".join(words.tag("tr", *(words.tag("td", c) for c in row)) for row in rows) + "</table>" + link


def _other(facts: dict[str, Any]) -> str:
    if facts["undone_by"] is not None:
        return f" by change {facts['undone_by']}"
    return f" (change {facts['undoes']})" if facts["undoes"] is not None else ""


def _labels(resource: str) -> dict[tuple[str, str], str]:
    """(table, column) -> label, for the resource's own table."""
    kind = resources.ALL.get(resource)
    return {(kind.table.name, f.path): f.label for f in kind.record.fields().values() if f.path} if kind else {}


def _cells(cells: pd.DataFrame, labels: dict[tuple[str, str], str]) -> str:
    if cells.empty:
        return words.tag("p", "No rows of the database were changed.", cls="muted")
    parts = [words.tag("h4", "Before and after")]
    for subject, mine in cells.head(DETAILED).groupby("subject", sort=False):
        rows = [_cell(cell, labels) for cell in mine.itertuples()]
        parts.append(
            words.tag("p", words.tag("b", words.text(subject))) + words.table(["Field", "Before", "After"], rows)
        )
    if len(cells) > DETAILED:
        parts.append(words.tag("p", f"and {len(cells) - DETAILED:,} more cells", cls="muted"))
    return "".join(parts)


def _cell(cell: Any, labels: dict[tuple[str, str], str]) -> list[str]:
    old = words.tag("del", words.text(cell.before)) if isinstance(cell.before, str) and cell.before else ""
    new = words.tag("ins", words.text(cell.after)) if isinstance(cell.after, str) and cell.after else ""
    name = labels.get((cell.table, cell.field), f"{cell.table}.{cell.field}")
    return [words.text(name), old, new]
