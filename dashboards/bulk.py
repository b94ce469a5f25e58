"""One change for many rows: choose a field, give a value, look at the preview, commit."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from dashboards.background import aside, sentence, start
from dashboards.looks import CLOSE
from dashboards.preview import After, Review
from dashboards.widgets import Entry, entry
from opslib.errors import Problem, ServerError, UserError
from opslib.fields import Field
from opslib.resource import Resource


def bulk_fields(resource: Resource) -> dict[str, Field]:
    """Fields that can be set for many rows at once by this actor."""
    declared = resource.record.fields()
    return {n: f for n, f in declared.items() if f.bulk and not f.secret and n != resource.key and resource.writable(n)}


class BulkDialog(pn.viewable.Viewer):
    """Ask for the field and the value."""

    def __init__(self, resource: Resource, review: Review, **given: Any) -> None:
        super().__init__(**given)
        self.resource, self.review = resource, review
        self.fields = bulk_fields(resource)
        self.selection: Any = None
        self.after: After | None = None
        self.entry: Entry | None = None
        options = {
            f.label if [g.label for g in self.fields.values()].count(f.label) == 1 else f"{f.label} ({n})": n
            for n, f in self.fields.items()
        }
        self.field = pmui.Select(
            label="Field",
            options=options,
            value=next(iter(options.values()), None),
            size="small",
            sizing_mode="stretch_width",
            searchable=len(options) > 12,
        )
        self.field.param.watch(lambda _: start(self._ask), "value")
        self.count = words.pane()
        self.top = words.pane(visible=False)
        self.body = pn.Column(sizing_mode="stretch_width", min_height=70)
        self.progress = pmui.LinearProgress(active=True, sizing_mode="stretch_width", visible=False)
        self.dialog = pmui.Dialog(
            self.progress,
            self.count,
            self.top,
            self.field,
            self.body,
            pn.FlexBox(
                pmui.Button(label="Preview", variant="contained", icon="fact_check", on_click=lambda _: self.preview()),
                pmui.Button(label="Cancel", variant="text", on_click=lambda _: self.close()),
            ),
            title="Change many rows",
            title_variant="h6",
            width_option="sm",
            show_close_button=True,
            sx=CLOSE,
        )

    def __panel__(self) -> pmui.Dialog:
        return self.dialog

    @property
    def is_open(self) -> bool:
        return bool(self.dialog.open)

    def close(self) -> None:
        self.dialog.open = False

    async def show(self, selection: Any, count: int, after: After | None = None) -> None:
        """Open for a selection."""
        self.selection, self.after = selection, after
        self.count.object = words.wrap(
            words.tag("p", words.text(f"{count:,} {self.resource.label.lower()} are selected."))
        )
        self.top.visible = False
        await self._ask()
        self.dialog.open = True

    async def _ask(self) -> None:
        name = self.field.value
        if name is None:
            return
        declared = self.fields[name]
        choices = await aside(self.resource.choices, name) if declared.choices else {}
        self.entry = entry(declared, declared.default, choices)
        self.body.objects = [self.entry]

    def preview(self) -> None:
        """Plan in a thread and show it."""
        start(self._preview)

    async def _preview(self) -> None:
        if self.entry is None or self.progress.visible:
            return
        changes = {self.entry.field.name: self.entry.raw}
        self.progress.visible = True
        try:
            self.entry.field.parse(self.entry.raw)
            await self.review.show(lambda: self.resource.edit(self.selection, changes), self._done, renew=self._renew)
        except Exception as error:  # noqa: BLE001 - the edge of the dialog; `sentence` logs what was not foreseen
            self._failed(error)
        finally:
            self.progress.visible = False

    async def _renew(self) -> None:
        """The present values are read with the plan; nothing else is to be renewed."""

    def _failed(self, error: Exception) -> None:
        problems = error.problems if isinstance(error, UserError | ServerError) else (Problem(sentence(error)),)
        here = [p.text for p in problems if self.entry is not None and p.field == self.entry.field.name]
        elsewhere = [p.text for p in problems if p.text not in here]
        if self.entry is not None:
            self.entry.fail(" ".join(here))
        self.top.object = words.wrap(words.tag("div", words.bullets(elsewhere), cls="bad"))
        self.top.visible = bool(elsewhere)

    async def _done(self, done: Any) -> None:
        self.close()
        if self.after is not None:
            await self.after(done)
