"""CSV on every resource page: a menu, the export dialog, and the way to the import."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from dashboards.background import edge, start
from dashboards.downloads import Taker
from dashboards.grid.grid import Grid
from dashboards.importing import ImportDialog
from dashboards.looks import PAPER
from dashboards.preview import After
from opslib import csvfile
from opslib.query import Selection
from opslib.resource import Resource

SELECTION, QUERY, ALL = "selection", "query", "all"


class ExportDialog(pn.viewable.Viewer):
    """What is exported: the selection, what the query matches, or all."""

    def __init__(self, resource: Resource, grid: Grid, **given: Any) -> None:
        super().__init__(**given)
        self.resource, self.grid = resource, grid
        self.which = pmui.RadioBoxGroup(label="Rows", options={"All": ALL}, value=ALL)
        hashed = any(f.hashed for f in resource.record.fields().values()) and resource.actor.is_admin
        self.hashes = pmui.Checkbox(label="With password hashes, to move to another server", visible=hashed)
        self.progress = pmui.LinearProgress(active=True, sizing_mode="stretch_width", visible=False)
        self.taker = Taker(resource)
        hint = "Columns are named by their fields; cells that a spreadsheet would run as formulas are made harmless."
        self.dialog = pmui.Dialog(
            self.progress,
            words.pane(words.tag("p", words.text(hint), cls="muted")),
            self.which,
            self.hashes,
            pn.FlexBox(
                pmui.Button(
                    label="Make the file", variant="contained", icon="table_view", on_click=lambda _: start(self._make)
                ),
                self.taker,
                pmui.Button(label="Close", variant="text", on_click=lambda _: self.close()),
            ),
            title=f"Export {resource.label.lower()}",
            title_variant="h6",
            width_option="sm",
            show_close_button=True,
            sx=PAPER,
        )

    def __panel__(self) -> pmui.Dialog:
        return self.dialog

    def close(self) -> None:
        self.dialog.open = False

    def open(self) -> None:
        """Offer what there is."""
        grid, options = self.grid, {}
        if grid.selection_count:
            options[f"The selection ({grid.selection_count:,})"] = SELECTION
        if grid.query.narrows:
            options[f"What matches the filters ({grid.total:,})"] = QUERY
        options["All"] = ALL
        self.which.param.update(options=options, value=next(iter(options.values())))
        self.hashes.value = False
        self.taker.hide()
        self.dialog.open = True

    def rows(self) -> Any:
        """The rows meant."""
        if self.which.value == SELECTION:
            return self.grid.selection()
        return Selection.matching(self.grid.query) if self.which.value == QUERY else None

    @edge
    async def _make(self) -> None:
        rows, hashes = self.rows(), bool(self.hashes.value)
        self.progress.visible = True
        try:
            await self.taker.offer(
                lambda: csvfile.export(self.resource, rows, hashes=hashes), f"{self.resource.name}.csv"
            )
        finally:
            self.progress.visible = False


class Transfer(pn.viewable.Viewer):
    """The dialogs, and the menu that opens them."""

    def __init__(self, resource: Resource, grid: Grid, after: After, **given: Any) -> None:
        super().__init__(**given)
        self.export = ExportDialog(resource, grid)
        self.imports = ImportDialog(resource, after) if resource.may("add") or resource.may("edit") else None
        items = [{"label": "Export…", "icon": "file_download"}]
        items += [{"label": "Import…", "icon": "file_upload"}] if self.imports else []
        self.menu = pmui.MenuButton(
            label="CSV", items=items, size="small", variant="outlined", margin=(2, 4), css_classes=["ops-csv"]
        )
        self.menu.on_click(lambda item: self._chosen(str(item["label"])))

    def _chosen(self, label: str) -> None:
        if label.startswith("Export"):
            self.export.open()
        elif self.imports is not None:
            self.imports.open()

    def __panel__(self) -> pn.Column:
        return pn.Column(self.export, *([self.imports] if self.imports else []), margin=0)
