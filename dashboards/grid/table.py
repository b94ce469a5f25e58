"""The table widget: Tabulator drawn from three JSON texts, and messages back about what the person did.

Why not `pn.widgets.Tabulator`: its window lives behind a dozen private methods that read the data inside the event
loop, its header filters cannot be set from Python, and its list editors and column titles render markup.  Here the
page of rows is handed in when it is ready, all text enters as text, and everything the browser says is checked by
`dashboards.grid.grid`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent
from panel.io.resources import CDN_DIST

HERE = Path(__file__).parent
EXTENSIONS = ("tabulator",)
MOST = 8  # so many unanswered: nobody is there
PARTS = ("rows", "state", "marks")


class Table(JSComponent):
    """One page of rows.  `rows`, `state` and `marks` are JSON lists [number, content]; the browser says which number of
    each it has, and what did not arrive is sent again (`again`): an update that is lost on the way would leave other
    rows on screen than those that edits are checked against.
    """

    spec = param.String(
        default='{"columns": [], "actions": [], "selectable": false}', doc="Columns and what can be done."
    )
    rows = param.String(
        default="[0, []]", doc="Rows: key, name, cells, and edit texts where they differ from the cells."
    )
    state = param.String(
        default='[0, {"sort": [], "filters": {}, "picked": [], "all": false}]', doc="Order, filters, selection."
    )
    marks = param.String(default="[0, {}]", doc="key -> field -> kind (staged, invalid, moved), text and tip.")
    _esm = HERE / "table.js"
    _stylesheets: ClassVar[list[str | Path]] = [
        f"{CDN_DIST}bundled/datatabulator/tabulator-tables@6.4.0/dist/css/tabulator_simple.min.css",
        HERE / "table.css",
    ]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.sent: dict[str, int] = dict.fromkeys(PARTS, 0)
        self.arrived: dict[str, int] = dict.fromkeys(PARTS, 0)
        self.late: dict[str, int] = {}
        self.content: dict[str, Any] = {}

    def send(self, part: str, content: Any) -> None:
        """Show new content; the same as before is not sent again."""
        if part not in self.content or self.content[part] != content:
            self.content[part] = content
            self._put(part)

    def _put(self, part: str) -> None:
        self.sent[part] += 1
        setattr(self, part, json.dumps([self.sent[part], self.content[part]]))

    def got(self, part: Any, number: Any) -> None:
        """The browser has this number of a part."""
        if part in self.arrived and isinstance(number, int):
            self.arrived[part] = number

    def again(self) -> None:
        """Send again what had not arrived at the call before and has not yet; to be called once a second."""
        late = {part: self.sent[part] for part in PARTS if 0 < self.sent[part] - self.arrived[part] <= MOST}
        for part in [part for part, number in late.items() if self.late.get(part) == number]:
            self._put(part)
        self.late = late

    def shows(self, part: str) -> Any:
        """The content of a part."""
        return json.loads(getattr(self, part))[1]
