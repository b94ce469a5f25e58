"""The page of a resource: grid, form, verbs, staged edits, all derived from what the resource declares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import panel as pn
import panel_material_ui as pmui
import param
from panel.io.location import Location

from dashboards import feed, toasts, words
from dashboards.background import apart, aside, edge, start
from dashboards.bulk import BulkDialog, bulk_fields
from dashboards.form import FormDialog, add_sheet, edit_sheet, verb_sheet
from dashboards.grid import Grid
from dashboards.grid.bars import (
    ColumnChooser,
    Conditions,
    Notice,
    Pager,
    SearchBox,
    SelectionBar,
    StagedBar,
    button,
)
from dashboards.pages import PAGES
from dashboards.preview import Review
from dashboards.transfer import Transfer
from opslib import traces
from opslib.errors import Problem, ServerError
from opslib.plan import Plan
from opslib.query import Condition, Query, Selection
from opslib.verb import Verb

if TYPE_CHECKING:
    from opslib.ops import Ops

EXTENSIONS = ("tabulator", "modal", "filedropper")
POLL = 1000
PATIENCE = 3.0  # while a callback waits, the session's other callbacks do too


@dataclass(frozen=True, slots=True)
class Quick:
    """A filter one click away: a label and the conditions it sets."""

    label: str
    conditions: tuple[Condition, ...]


def quick(label: str, *conditions: str) -> Quick:
    """`quick("Inactive", "active=is:0")`."""
    return Quick(label, tuple(Query.from_url("&".join(conditions)).conditions))


class ResourcePage(pn.viewable.Viewer):
    """Base of pages about one resource.  Subclasses say `resource` and, where the default is not it, the rest."""

    resource: ClassVar[str]
    columns: ClassVar[Sequence[str]] = ()
    quick: ClassVar[Sequence[Quick]] = ()
    hint: ClassVar[str] = ""
    intro: ClassVar[str] = ""

    def __init__(self, ops: Ops, location: Any = None, **given: Any) -> None:
        super().__init__(**{"name": self.resource, **given})
        self.ops, self.location = ops, location
        self.rows = ops.resource(self.resource)
        spec = PAGES.get(self.resource)
        self.title = spec.title if spec else self.rows.label
        self.group = spec.group if spec else ""
        self.icon = spec.icon if spec else self.rows.icon
        self.review = Review(ops)
        self.form = FormDialog(self.review)
        self.bulk = BulkDialog(self.rows, self.review)
        self.grid = Grid(self.rows, self.columns, self.told, self._row_verbs(), query=self._asked())
        self.chooser = ColumnChooser(self.grid)
        self.transfer = Transfer(self.rows, self.grid, self._changed)
        self._polling: Any = None
        self._heard = 0
        self._moving = False
        self._busy = False
        if location is not None:
            self.grid.param.watch(lambda _: self._to_url(), "query")
            self._watcher = location.param.watch(lambda _: self._from_url(), "search")

    def _row_verbs(self) -> list[tuple[str, str]]:
        found = [("edit", "Edit" if self.rows.may("edit") else "Open")]
        return [*found, ("delete", "Delete")] if self.rows.may("delete") else found

    # -- URL -----------------------------------------------------------------------------------------------------
    def _asked(self) -> Query:
        return Query.from_url(self.location.search or "") if self.location is not None else Query()

    def _to_url(self) -> None:
        text = self.grid.query.to_url()
        if Query.from_url(self.location.search or "").to_url() != text:
            self._moving = True
            self.location.search = f"?{text}" if text else ""
            self._moving = False

    def _from_url(self) -> None:
        asked = self._asked()
        if not self._moving and asked.to_url() != self.grid.query.to_url():
            self.grid.query = asked
            self.grid.picked.clear()
            self.grid.reload()

    def _back(self, search: str) -> None:
        """The browser went back or forth: follow, without another entry in its history."""
        if isinstance(self.location, Location):
            with param.parameterized.discard_events(self.location):
                self.location.search = search
            self._from_url()

    # -- life ----------------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Read the first page and listen for news."""
        start(self._opened)
        if pn.state.curdoc is not None and self._polling is None:
            self._polling = pn.state.add_periodic_callback(self.poll, POLL)

    async def _opened(self) -> None:
        with suppress(ServerError):  # the grid tells it
            self._heard = await aside(feed.of(self.ops.site).newest)
        await self.grid.recall()

    def stop(self) -> None:
        """Listen no longer: the page left the screen."""
        if self._polling is not None:
            self._polling.stop()
            self._polling = None

    async def poll(self) -> None:
        """Read again when something was committed anywhere since the last look; send again what got lost."""
        self.grid.table.again()
        try:
            newest = await asyncio.wait_for(aside(feed.of(self.ops.site).newest), PATIENCE)
        except (ServerError, TimeoutError):
            return
        if newest > self._heard:
            self._heard = newest
            await apart(self.grid.load)

    # -- orders --------------------------------------------------------------------------------------------------
    def told(self, order: str, payload: Any) -> None:
        """What a click or key in the table means."""
        closed = not (self.form.is_open or self.review.is_open or self.bulk.is_open or self.chooser.dialog.open)
        if order in {"edit", "delete"} and closed:
            self.open_row(payload) if order == "edit" else self.delete(Selection.of(payload))
        elif order == "address":
            self._back(payload)
        elif order == "key:commit":
            self._commit_key()
        elif order == "key:escape":
            self._escape()
        elif closed and order == "key:new":
            self.add()
        elif closed and order == "key:edit":
            self._edit_key(payload)
        elif closed and order == "key:delete":
            self._delete_key(payload)

    def _commit_key(self) -> None:
        if self.review.is_open:
            self.review.commit()
        elif self.form.is_open:
            self.form.save()
        elif self.bulk.is_open:
            self.bulk.preview()
        elif self.grid.staged.rows:
            self.review_staged()

    def _escape(self) -> None:
        for dialog in (self.review, self.bulk, self.form):
            if dialog.is_open:
                dialog.close()
                return
        self.chooser.close()

    def _edit_key(self, key: Any) -> None:
        picked = self.grid.picked
        if key is None and len(picked.keys) == 1 and not picked.all_matching:
            key = picked.keys[0]
        if key is not None:
            self.open_row(key)

    def _delete_key(self, key: Any) -> None:
        if not self.rows.may("delete"):
            return
        if self.grid.selection_count:
            self.delete(self.grid.selection())
        elif key is not None:
            self.delete(Selection.of(key))

    def _start(self, work: Callable[[], Any]) -> None:
        """Run one order at a time: a second click while the first is being prepared does nothing."""

        @edge
        async def once() -> None:
            if self._busy:
                return
            self._busy = self.grid.busy = True
            try:
                await work()
            finally:
                self._busy = self.grid.busy = False

        start(once)

    def add(self) -> None:
        """Open the form for a new row."""
        if self.rows.may("add"):
            self._start(lambda: self.form.show(lambda: add_sheet(self.rows), self._changed))

    def open_row(self, key: Any) -> None:
        """Open the form of a row."""
        self._start(lambda: self.form.show(lambda: edit_sheet(self.rows, key), self._changed))

    def delete(self, selection: Selection) -> None:
        """Show what would go, then delete."""
        self._start(lambda: self.review.show(lambda: self.rows.delete(selection), self._gone))

    def change_many(self) -> None:
        """Open the dialog for one change to every selected row."""
        selection, count = self.grid.selection(), self.grid.selection_count
        self._start(lambda: self.bulk.show(selection, count, self._changed))

    def run(self, verb: Verb) -> None:
        """Run a special verb on the selection."""
        selection = self.grid.selection() if verb.on != "none" else Selection.of()
        if verb.on == "one" and self.grid.selection_count != 1:
            toasts.show("info", f"“{verb.label}” works on one row: select exactly one.")
        elif verb.asks is not None:
            self._start(lambda: self.form.show(lambda: verb_sheet(self.rows, verb, selection), self._changed))
        else:
            self._start(
                lambda: self.review.show(
                    lambda: self.rows.run(verb.name, selection, {}), self._changed, sure=verb.danger
                )
            )

    def review_staged(self) -> None:
        """Show the plan of the staged edits."""
        bad = self.grid.staged.problems
        if bad:
            key, name, edit = bad[0]
            label = self.rows.record.fields()[name].label
            toasts.show("warning", f"{label} of {key}: {edit.problem}")
            if len(bad) == self.grid.staged.count:
                return
        self._start(lambda: self.review.show(self._staged_plan, self._settled, self._renew))

    def _staged_plan(self) -> Plan:
        plan = self.rows.edit_rows(*self.grid.staged.changes())
        for key, name, edit in self.grid.staged.problems:
            if key not in self.grid.staged.changes()[0]:
                plan.refuse(str(key), Problem("still_invalid", (self.rows.record.fields()[name].label, edit.problem)))
        moved = [o.subject for o in plan.refused if o.key == "row_changed"]
        for subject, trace in traces.newest(self.ops.site, self.rows.name, moved).items():
            plan.warn("row_changed_by", subject, trace.sentence)
        return plan

    async def _renew(self) -> None:
        keys = list(self.grid.staged.rows)
        names = {name for _, name, _ in self.grid.staged}
        drafts = await aside(self.rows.current, keys, names)
        self.grid.staged.accept({key: draft.before for key, draft in drafts.items()})

    # -- after a commit ------------------------------------------------------------------------------------------
    async def _changed(self, done: Any) -> None:
        await self.grid.load()

    async def _gone(self, done: Any) -> None:
        self.grid.picked.clear()
        await self.grid.load()

    async def _settled(self, done: Any) -> None:
        """Forget the staged edits that were written; what was left out stays."""
        left = {outcome.subject for outcome in done.outcomes if outcome.status == "danger"}
        for key in [key for key in self.grid.staged.rows if str(key) not in left]:
            for name in [n for n, edit in list(self.grid.staged.rows.get(key, {}).items()) if not edit.problem]:
                self.grid.staged.drop(key, name)
        await self.grid.load()

    # -- drawing -------------------------------------------------------------------------------------------------
    def _acts(self) -> list[Any]:
        acts: list[Any] = []
        if self.rows.may("edit") and bulk_fields(self.rows):
            acts.append(button("Change …", self.change_many, icon="edit"))
        acts += [self._verb_button(verb) for verb in self.rows.verbs if verb.on != "none"]
        if self.rows.may("delete"):
            acts.append(button("Delete", lambda: self.delete(self.grid.selection()), icon="delete", color="error"))
        return acts

    def _verb_button(self, verb: Verb) -> pmui.Button:
        look: Mapping[str, Any] = {"color": "error"} if verb.danger else {}
        return button(verb.label, lambda: self.run(verb), description=verb.doc, icon=verb.icon or None, **look)

    def _quick(self, one: Quick) -> pmui.Button:
        mine = list(one.conditions)

        def on() -> bool:
            return all(condition in self.grid.query.conditions for condition in mine)

        def toggle() -> None:
            fields = {condition.field for condition in mine}
            others = [c for c in self.grid.query.conditions if c.field not in fields]
            self.grid.ask(conditions=others if on() else [*others, *mine])

        made = button(one.label, toggle, variant="text")
        self.grid.param.watch(lambda *_: made.param.update(variant="contained" if on() else "text"), ["query", "shown"])
        return made

    def _toolbar(self) -> pn.FlexBox:
        left = [SearchBox(self.grid), *(self._quick(one) for one in self.quick)]
        right = [self._verb_button(verb) for verb in self.rows.verbs if verb.on == "none"]
        right += [
            self.transfer.menu,
            pmui.IconButton(
                icon="view_column", description="Columns", size="small", on_click=lambda _: self.chooser.open()
            ),
            pmui.IconButton(
                icon="refresh", description="Read again", size="small", on_click=lambda _: self.grid.reload()
            ),
        ]
        if self.rows.may("add"):
            label = f"Add {self.rows.singular}"
            right.append(button(label, self.add, variant="contained", icon="add", css_classes=["ops-add"]))
        side = {"align_items": "center", "margin": 0, "sizing_mode": None}
        return pn.FlexBox(
            pn.FlexBox(*left, **side),
            pn.FlexBox(*right, **side),
            sizing_mode="stretch_width",
            align_items="center",
            justify_content="space-between",
            margin=(0, 6),
        )

    def __panel__(self) -> pn.Column:
        self.open()
        intro = [words.pane(words.tag("p", words.text(self.intro), cls="muted"))] if self.intro else []
        return pn.Column(
            *intro,
            self._toolbar(),
            Conditions(self.grid),
            SelectionBar(self.grid, self._acts()),
            StagedBar(self.grid, self.review_staged),
            Notice(self.grid, self.hint, self.add if self.rows.may("add") else None),
            self.grid,
            Pager(self.grid),
            self.chooser,
            self.transfer,
            self.form,
            self.bulk,
            self.review,
            sizing_mode="stretch_width",
            margin=0,
            min_width=0,
        )


__all__ = ["EXTENSIONS", "Quick", "ResourcePage", "quick"]
