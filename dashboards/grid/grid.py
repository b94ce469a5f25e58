"""The grid: a window into a resource, with order, filters, selection and staged edits.

Only the visible page is read, in a thread.  What the browser says is checked here against what was sent to it; rights
and values are checked by the resource.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import panel as pn
import param

from dashboards import toasts
from dashboards.background import aside, draw, edge, sentence, start
from dashboards.grid import columns
from dashboards.grid.picked import Picked
from dashboards.grid.staging import Staged
from dashboards.grid.table import Table
from opslib import views
from opslib.errors import ServerError, UserError
from opslib.query import Page, Query
from opslib.resource import Resource

SIZES = (10, 25, 50, 100, 200)
RECENT = 4  # pages kept to understand clicks on the one before
Tell = Callable[[str, Any], None]


def ignore(order: str, payload: Any) -> None:
    """The listener of a grid that nobody listens to."""


class Grid(pn.viewable.Viewer):
    """State and traffic of one table; `dashboards.grid.frame` draws what stands around it."""

    query = param.ClassSelector(class_=Query, doc="What is asked.")
    names = param.List(default=[], doc="Columns shown, in order.")
    shown = param.ClassSelector(class_=Page, default=None, doc="The page of rows on screen.")
    busy = param.Boolean(default=False, doc="Whether rows are being read.")
    trouble = param.String(default="", doc="Why the rows could not be read.")
    mendable = param.Boolean(default=False, doc="Whether clearing the filters mends the trouble.")

    def __init__(
        self,
        resource: Resource,
        names: Sequence[str] = (),
        tell: Tell = ignore,
        verbs: Sequence[tuple[str, str]] = (("edit", "Edit"), ("delete", "Delete")),
        **given: Any,
    ) -> None:
        given.setdefault("query", Query())
        super().__init__(**given)
        self.resource = resource
        self.preferred = [n for n in names if n in resource.fields] or columns.default_names(resource)
        self.names = list(self.preferred)
        self.tell = tell
        self.verbs = verbs
        self.staged = Staged(resource.record.fields())
        self.picked = Picked()
        self.table = Table(sizing_mode="stretch_width", margin=(0, 10))
        self.table.on_msg(lambda event: self.heard(event.data))
        self._ticket = 0
        self._frames: deque[pd.DataFrame] = deque(maxlen=RECENT)
        self._spec: list[dict[str, Any]] = []
        self.staged.param.watch(lambda _: self._mark(), "version")
        self.picked.param.watch(lambda *_: self._reflect(), ["keys", "all_matching"])
        self._columns_changed()

    def __panel__(self) -> Table:
        return self.table

    # -- reading -------------------------------------------------------------------------------------------------
    async def load(self) -> None:
        """Read the page of the query; the newest call wins."""
        self._ticket += 1
        ticket = self._ticket
        await draw(self._asking)
        try:
            page = await aside(
                self.resource.page, self.query, columns.read_names(self.resource.fields, list(self.names))
            )
        except Exception as error:  # noqa: BLE001 - the edge of the grid; `sentence` logs what was not foreseen
            found = {"trouble": sentence(error), "mendable": isinstance(error, UserError), "busy": False}
            await draw(lambda: self._newest(ticket, lambda: self.param.update(**found)))
        else:
            await draw(lambda: self._newest(ticket, lambda: self._show(page)))

    def _asking(self) -> None:
        self.busy = True
        self._reflect()

    def _newest(self, ticket: int, update: Callable[[], Any]) -> None:
        if ticket == self._ticket:
            update()

    def _show(self, page: Page) -> None:
        with param.parameterized.discard_events(self):
            self.query = page.query
        self.staged.compare(page.frame)
        self._frames.appendleft(page.frame)
        self.param.update(shown=page, trouble="", busy=False)
        self._draw()
        self._reflect()

    def reload(self) -> None:
        """Read the page again, in the background; what is on its way is out of date from now on."""
        self._ticket += 1
        start(self.load)

    def ask(self, **changes: Any) -> None:
        """Change the question and read; a change of what matches goes to the first page and drops "all that match"."""
        if "page" not in changes:
            changes["page"] = 1
        if {"search", "conditions"} & set(changes) and self.picked.all_matching:
            self.picked.clear()
        self.query = self.query.copy(**changes)
        self.reload()

    async def recall(self) -> None:
        """Take the columns and page size this person chose before, then read."""
        try:
            kept = await aside(views.recall, self.resource.site, self.resource.actor.name, self._view, {})
        except ServerError as error:
            self.param.update(trouble=str(error), mendable=False)
            return
        allowed = columns.selectable_names(self.resource)
        chosen = [name for name in kept.get("columns", []) if name in allowed] if isinstance(kept, Mapping) else []
        if chosen and chosen != self.names:
            self.names = chosen
            self._columns_changed()
        if isinstance(kept, Mapping) and kept.get("size") in SIZES and "size=" not in self.query.to_url():
            self.query = self.query.copy(page_size=kept["size"], page=self.query.page)
        await self.load()

    @property
    def _view(self) -> str:
        return f"grid:{self.resource.name}"

    async def remember(self) -> None:
        """Keep columns and page size for this person."""
        kept = {"columns": list(self.names), "size": self.query.page_size}
        await aside(views.remember, self.resource.site, self.resource.actor.name, self._view, kept)

    async def choose_columns(self, names: Sequence[str]) -> None:
        """Show these columns; remembered."""
        allowed = columns.selectable_names(self.resource)
        self.names = [name for name in names if name in allowed] or list(self.preferred)
        self._columns_changed()
        await self.load()
        await self.remember()

    # -- drawing -------------------------------------------------------------------------------------------------
    def _columns_changed(self) -> None:
        may_edit = self.resource.may("edit")
        self._spec = [columns.column(self.resource, name, may_edit) for name in self.names]
        main = next((column for column in self._spec if column["align"] == "left"), self._spec[0])
        main["main"] = True
        with param.parameterized.batch_call_watchers(self.table):
            self.table.send("rows", [])
            self.table.spec = json.dumps(
                {"columns": self._spec, "actions": [list(verb) for verb in self.verbs], "selectable": True}
            )

    def _draw(self) -> None:
        self.table.send("rows", [self._row(key, row) for key, row in self._inside()])
        self._mark()

    def _inside(self) -> list[tuple[Any, dict[str, Any]]]:
        frame = self.shown.frame
        series = {name: frame[name].tolist() for name in frame.columns}
        keys = frame.index.tolist()
        return [(key, {n: columns.inside(v[i]) for n, v in series.items()}) for i, key in enumerate(keys)]

    def _row(self, key: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.resource.fields
        cells = {name: columns.joined(fields, name, values) for name in self.names if name in values}
        texts = {name: columns.edit_text(fields[name], values[name]) for name in cells}
        edit = {name: text for name, text in texts.items() if text is not None}
        return {"key": key, "name": self._title(key, cells), "cells": cells, "edit": edit}

    @staticmethod
    def _title(key: Any, cells: Mapping[str, columns.Cell]) -> str:
        """What a screen reader calls the row: its key, or its first text where the key is only a number."""
        texts = (cell for cell in cells.values() if isinstance(cell, str) and cell and not cell.isdecimal())
        return key if isinstance(key, str) else next(texts, str(key))

    def _mark(self) -> None:
        if self.shown is not None:
            marks = {str(key): mine for key, mine in self.staged.marks(self.shown.frame).items()}
            self.table.send("marks", {**marks, "": self.staged.version})

    def _reflect(self) -> None:
        visible = self.shown.frame.index.tolist() if self.shown is not None else []
        state = {
            "sort": list(self.query.sort),
            "filters": self.filter_texts(),
            "picked": [key for key in visible if key in set(self.picked.keys)],
            "all": self.picked.all_matching,
        }
        self.table.send("state", state)

    def filter_texts(self) -> dict[str, str]:
        """Header filter texts that say the query's conditions."""
        fields = self.resource.fields
        found = {c.field: columns.filter_text(fields[c.field], c) for c in self.query.conditions if c.field in fields}
        return {name: text for name, text in found.items() if text is not None}

    # -- hearing -------------------------------------------------------------------------------------------------
    def heard(self, message: Any) -> None:
        """A message of the table.  It comes from the browser: anything unexpected is dropped."""
        if not isinstance(message, Mapping):
            return
        handler = getattr(self, f"_on_{message.get('type')}", None) if message.get("type") in HEARD else None
        if handler is not None:
            handler(message)

    def _frame(self, key: Any, name: str | None = None) -> pd.DataFrame | None:
        """The newest of the pages shown lately that holds a row: a click may be made on the one before."""
        if not isinstance(key, str | int):
            return None
        return next((f for f in self._frames if key in f.index and (name is None or name in f.columns)), None)

    def _key(self, message: Mapping[str, Any]) -> Any:
        """The row meant, when it is or was just on screen; else None."""
        key = message.get("key")
        return key if self._frame(key) is not None else None

    def _on_sort(self, message: Mapping[str, Any]) -> None:
        allowed = {column["name"] for column in self._spec if column["sortable"]}
        sort = [entry for entry in message.get("sort", []) if str(entry).lstrip("-") in allowed]
        self.ask(sort=sort)

    def _on_filter(self, message: Mapping[str, Any]) -> None:
        shown = {column["name"] for column in self._spec if column["filter"]}
        texts = {n: str(t) for n, t in message.get("filters", {}).items() if n in shown}
        fields = self.resource.fields
        kept = [
            c for c in self.query.conditions if c.field not in shown or columns.filter_text(fields[c.field], c) is None
        ]
        found = columns.conditions(fields, texts, [])
        if [*kept, *found] != list(self.query.conditions):
            self.ask(conditions=[*kept, *found])

    def _on_pick(self, message: Mapping[str, Any]) -> None:
        known = [key for key in message.get("keys", []) if self._frame(key) is not None]
        self.picked.pick(known, bool(message.get("on")))

    def _on_edit(self, message: Mapping[str, Any]) -> None:
        key, name, typed = message.get("key"), message.get("field"), message.get("value")
        editable = {column["name"] for column in self._spec if column["editable"]}
        frame = self._frame(key, name) if name in editable else None
        if frame is None or not isinstance(typed, str | bool):
            return
        edit = self.staged.stage(key, name, typed, columns.inside(frame.at[key, name]))
        if edit is not None and edit.problem:
            toasts.show("warning", f"{self.resource.fields[name].label} of {key}: {edit.problem}")

    def _on_open(self, message: Mapping[str, Any]) -> None:
        key = self._key(message)
        if key is not None:
            self.tell("edit", key)

    def _on_delete(self, message: Mapping[str, Any]) -> None:
        key = self._key(message)
        if key is not None:
            self.tell("delete", key)

    def _on_key(self, message: Mapping[str, Any]) -> None:
        if message.get("name") in {"new", "edit", "delete", "commit", "escape"}:
            self.tell(f"key:{message['name']}", self._key(message))

    def _on_got(self, message: Mapping[str, Any]) -> None:
        self.table.got(message.get("part"), message.get("number"))

    def _on_address(self, message: Mapping[str, Any]) -> None:
        self.tell("address", str(message.get("search", "")))

    # -- conditions ----------------------------------------------------------------------------------------------
    def drop(self, index: int) -> None:
        """Take one condition away."""
        self.ask(conditions=[c for i, c in enumerate(self.query.conditions) if i != index])

    def clear(self) -> None:
        """Ask for everything."""
        self.ask(search="", conditions=[])

    @property
    def total(self) -> int:
        return 0 if self.shown is None else self.shown.total

    @property
    def selection_count(self) -> int:
        return self.picked.count(self.total)

    def selection(self) -> Any:
        """The selection, as verbs take it."""
        return self.picked.selection(self.query)

    @edge
    async def settle(self) -> None:
        """After a commit of the staged edits: forget them and read again."""
        self.staged.clear()
        await self.load()


HEARD = frozenset({"address", "got", "sort", "filter", "pick", "edit", "open", "delete", "key"})
