"""What stands around the table: search, conditions, selection, staged edits, pages, columns.  Each draws one thing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from dashboards.background import edge, start
from dashboards.grid import columns
from dashboards.grid.grid import SIZES, Grid
from dashboards.looks import CLOSE
from opslib.query import OPERATORS, Condition

TYPING = 0.35


def button(label: str, act: Callable[[], Any], **given: Any) -> pmui.Button:
    """A small button that runs `act`."""
    given = {"size": "small", "variant": "outlined", "margin": (2, 4), **given}
    made = pmui.Button(label=label, **given)
    made.on_click(lambda _: act())
    return made


class SearchBox(pn.viewable.Viewer):
    """Search while typing."""

    def __init__(self, grid: Grid, **given: Any) -> None:
        super().__init__(**given)
        self.grid = grid
        self.input = pmui.TextInput(
            label="Search",
            value=grid.query.search,
            placeholder="Search …  press /",
            size="small",
            width=260,
            margin=(10, 6, 4, 6),
            css_classes=["ops-search"],
        )
        self.input.param.watch(self._typed, "value_input")
        self.input.param.watch(lambda event: self._search(event.new), "value")
        grid.param.watch(lambda _: self._follow(), "query")

    def _typed(self, event: Any) -> None:
        async def later() -> None:
            await asyncio.sleep(TYPING)
            if self.input.value_input == event.new:
                self._search(event.new)

        start(later)

    def _search(self, text: str | None) -> None:
        text = (text or "").strip()
        if text != self.grid.query.search:
            self.grid.ask(search=text)

    def _follow(self) -> None:
        if (self.input.value_input or "").strip() != self.grid.query.search:
            self.input.param.update(value=self.grid.query.search, value_input=self.grid.query.search)

    def __panel__(self) -> pmui.TextInput:
        return self.input


class Conditions(pn.viewable.Viewer):
    """The active filters: a sentence, and a chip for each that takes it away."""

    def __init__(self, grid: Grid, **given: Any) -> None:
        super().__init__(**given)
        self.grid = grid
        self.box = pn.FlexBox(sizing_mode="stretch_width", align_items="center", margin=(0, 6), visible=False)
        grid.param.watch(lambda *_: self._draw(), ["query", "shown"])
        self._draw()

    def _draw(self) -> None:
        query = self.grid.query
        chips = (
            [button(f"“{query.search}”", lambda: self.grid.ask(search=""), end_icon="close")] if query.search else []
        )
        chips += [self._chip(index, condition) for index, condition in enumerate(query.conditions)]
        if len(chips) > 1:
            chips.append(button("Clear all", self.grid.clear, variant="text"))
        self.box.objects = [
            words.pane(words.tag("span", words.text(self.sentence)), sizing_mode=None, margin=(4, 6)),
            *chips,
        ]
        self.box.visible = bool(chips)

    def _chip(self, index: int, condition: Condition) -> pmui.Button:
        return button(self._words(condition), lambda: self.grid.drop(index), end_icon="close")

    def _words(self, condition: Condition) -> str:
        field = self.grid.resource.fields.get(condition.field)
        if field is None or condition.op not in OPERATORS:
            return f"{condition.field} {condition.op} {condition.value}"
        labels = dict(columns.options(self.grid.resource, condition.field))
        if columns.kind(field) == "flag":
            labels = {"1": "yes", "0": "no"}
        return condition_sentence(condition, field, labels)

    @property
    def sentence(self) -> str:
        """How many rows match what."""
        count = f"{self.grid.total:,} of the {self.grid.resource.label.lower()} match"
        return f"{count}:" if self.grid.shown is not None else "Showing only:"

    def __panel__(self) -> pn.FlexBox:
        return self.box


def condition_sentence(condition: Condition, field: Any, labels: dict[str, str]) -> str:
    """A condition in words, choices by their labels."""
    shown = "|".join(labels.get(part, part) for part in condition.value.split("|"))
    return Condition(condition.field, condition.op, shown).sentence(field)


class SelectionBar(pn.viewable.Viewer):
    """How many rows are selected, and what can be done with them."""

    def __init__(self, grid: Grid, acts: list[pn.viewable.Viewable], **given: Any) -> None:
        super().__init__(**given)
        self.grid = grid
        self.count = words.pane(sizing_mode=None, margin=(6, 8))
        self.everything = button("Select all that match", grid.picked.everything, variant="text")
        self.box = pn.FlexBox(
            self.count,
            self.everything,
            button("Clear selection", grid.picked.clear, variant="text"),
            *acts,
            sizing_mode="stretch_width",
            align_items="center",
            margin=(0, 6),
            visible=False,
        )
        grid.picked.param.watch(lambda *_: self._draw(), ["keys", "all_matching"])
        grid.param.watch(lambda *_: self._draw(), ["shown"])

    def _draw(self) -> None:
        count, total = self.grid.selection_count, self.grid.total
        self.box.visible = count > 0
        self.count.object = words.wrap(words.tag("strong", words.text(f"{count:,} selected")))
        self.everything.label = f"Select all {total:,} that match"
        self.everything.visible = total > count

    def __panel__(self) -> pn.FlexBox:
        return self.box


class StagedBar(pn.viewable.Viewer):
    """What was typed but not committed."""

    def __init__(self, grid: Grid, review: Callable[[], Any], **given: Any) -> None:
        super().__init__(**given)
        self.grid = grid
        self.text = words.pane(sizing_mode=None, margin=(6, 8))
        self.box = pn.FlexBox(
            self.text,
            button("Review", review, variant="contained", icon="fact_check"),
            button("Discard", grid.staged.clear, variant="text"),
            sizing_mode="stretch_width",
            align_items="center",
            margin=(0, 6),
            visible=False,
            styles={"border-left": "3px solid #ff8f00", "background": "color-mix(in srgb, #ffb300 14%, transparent)"},
        )
        grid.staged.param.watch(lambda _: self._draw(), "version")

    def _draw(self) -> None:
        self.text.object = words.wrap(words.tag("strong", words.text(self.grid.staged.sentence)))
        self.box.visible = bool(self.grid.staged.rows)

    def __panel__(self) -> pn.FlexBox:
        return self.box


class Pager(pn.viewable.Viewer):
    """Pages, rows on a page, and which rows these are."""

    def __init__(self, grid: Grid, **given: Any) -> None:
        super().__init__(**given)
        self.grid = grid
        self.pages = pmui.Pagination(
            count=1, value=0, size="small", show_first_button=True, show_last_button=True, margin=(4, 4)
        )
        self.size = pmui.Select(
            label="Rows",
            options=sorted({*SIZES, grid.query.page_size}),
            value=grid.query.page_size,
            size="small",
            width=90,
            margin=(2, 6),
        )
        self.text = words.pane(sizing_mode=None, margin=(6, 8))
        self.pages.param.watch(self._turned, "value")
        self.size.param.watch(self._sized, "value")
        grid.param.watch(lambda _: self._draw(), "shown")
        self._drawing = False

    def _turned(self, event: Any) -> None:
        if not self._drawing and event.new is not None and event.new + 1 != self.grid.query.page:
            self.grid.ask(page=event.new + 1)

    def _sized(self, event: Any) -> None:
        if not self._drawing and event.new != self.grid.query.page_size:
            first = (self.grid.query.page - 1) * self.grid.query.page_size
            self.grid.ask(page_size=event.new, page=first // event.new + 1)
            start(edge(self.grid.remember))

    def _draw(self) -> None:
        page = self.grid.shown
        self._drawing = True
        self.pages.param.update(count=page.pages, value=page.query.page - 1)
        self.size.options = sorted({*SIZES, page.query.page_size})
        self.size.value = page.query.page_size
        self._drawing = False
        first = (page.query.page - 1) * page.query.page_size
        rows = f"{first + 1:,}–{first + len(page.frame):,} of {page.total:,}" if page.total else "no rows"
        self.text.object = words.wrap(words.text(rows))

    def __panel__(self) -> pn.FlexBox:
        return pn.FlexBox(
            self.text,
            self.pages,
            self.size,
            sizing_mode="stretch_width",
            align_items="center",
            justify_content="end",
            margin=(0, 6),
        )


class ColumnChooser(pn.viewable.Viewer):
    """A dialog with every column there is."""

    def __init__(self, grid: Grid, **given: Any) -> None:
        super().__init__(**given)
        self.grid = grid
        fields = grid.resource.fields
        names = columns.selectable_names(grid.resource)
        options = {fields[name].label if names.count(name) == 1 else name: name for name in names}
        self.choice = pmui.CheckBoxGroup(options=options, value=list(grid.names), label="", sizing_mode="stretch_width")
        self.dialog = pmui.Dialog(
            pn.FlexBox(
                button("Show these", self._apply, variant="contained"),
                button("Default columns", self._default, variant="text"),
                button("Cancel", self.close, variant="text"),
            ),
            self.choice,
            title="Columns",
            width_option="sm",
            show_close_button=True,
            sx=CLOSE,
            title_variant="h6",
        )

    def open(self) -> None:
        self.choice.value = list(self.grid.names)
        self.dialog.open = True

    def close(self) -> None:
        self.dialog.open = False

    def _apply(self) -> None:
        wanted = set(self.choice.value)
        kept = [name for name in self.grid.names if name in wanted]
        self._choose([*kept, *(name for name in self.choice.options.values() if name in wanted and name not in kept)])

    def _default(self) -> None:
        self._choose(self.grid.preferred)

    def _choose(self, names: list[str]) -> None:
        self.close()

        @edge
        async def choose() -> None:
            await self.grid.choose_columns(names)

        start(choose)

    def __panel__(self) -> pmui.Dialog:
        return self.dialog


class Notice(pn.viewable.Viewer):
    """Loading, nothing there, nothing matches, cannot be read: in words, with the way out."""

    def __init__(self, grid: Grid, hint: str = "", add: Callable[[], Any] | None = None, **given: Any) -> None:
        super().__init__(**given)
        self.grid, self.hint, self.add = grid, hint, add
        self.bar = pmui.LinearProgress(active=True, sizing_mode="stretch_width", margin=(0, 10), visible=False)
        self.box = pn.Column(sizing_mode="stretch_width", visible=False)
        grid.param.watch(lambda *_: self._draw(), ["busy", "trouble", "shown"])

    def _draw(self) -> None:
        self.bar.visible = self.grid.busy
        self.box.objects = self._content()
        self.box.visible = bool(self.box.objects)

    def _content(self) -> list[Any]:
        grid = self.grid
        if grid.trouble:
            ways = [button("Try again", grid.reload, variant="contained")]
            ways += [button("Clear filters", grid.clear)] if grid.mendable else []
            return [words.pane(words.tag("p", words.text(grid.trouble), cls="bad")), pn.FlexBox(*ways, margin=(0, 6))]
        if grid.shown is None or grid.shown.total:
            return []
        label = grid.resource.label.lower()
        if grid.query.narrows:
            text = f"No {label} match these filters."
            return [
                words.pane(words.tag("p", words.text(text))),
                button("Clear filters", grid.clear, variant="contained"),
            ]
        text = self.hint or f"There are no {label} yet."
        ways = [button(f"Add {grid.resource.singular}", self.add, variant="contained", icon="add")] if self.add else []
        return [words.pane(words.tag("p", words.text(text))), *ways]

    def __panel__(self) -> pn.Column:
        return pn.Column(self.bar, self.box, sizing_mode="stretch_width", margin=0)
