"""The table widget: Tabulator drawn from three JSON texts, and messages back about what the person did.

Why not `pn.widgets.Tabulator`: its window lives behind a dozen private methods that read the data inside the event
loop, its header filters cannot be set from Python, and its list editors and column titles render markup.  Here the
page of rows is handed in when it is ready, all text enters as text, and everything the browser says is checked by
`dashboards.grid.grid`.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent
from panel.io.resources import CDN_DIST

HERE = Path(__file__).parent
EXTENSIONS = ("tabulator",)


class Table(JSComponent):
    """One page of rows.  All three texts are JSON; see `columns.spec`, `Grid._draw` and `Grid._reflect`."""

    spec = param.String(
        default='{"columns": [], "actions": [], "selectable": false}', doc="Columns and what can be done."
    )
    rows = param.String(default="[]", doc="Rows: key, name, cells, and edit texts where they differ from the cells.")
    state = param.String(
        default='{"sort": [], "filters": {}, "picked": [], "all": false}', doc="Order, filters, selection."
    )
    marks = param.String(default="{}", doc="key -> field -> kind (staged, invalid, moved), text and tip.")

    _esm = HERE / "table.js"
    _stylesheets: ClassVar[list[str | Path]] = [
        f"{CDN_DIST}bundled/datatabulator/tabulator-tables@6.4.0/dist/css/tabulator_simple.min.css",
        HERE / "table.css",
    ]
