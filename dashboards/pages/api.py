"""API: the two keys of the mail server, the named keys, and the way to try the API out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from dashboards.background import aside, draw, edge, start
from dashboards.form import Sheet, add_sheet, edit_sheet
from dashboards.grid.bars import button
from dashboards.resource_page import ResourcePage, quick
from opslib.resources.contract_keys import ACCESS

if TYPE_CHECKING:
    from opslib.ops import Ops

MASK = "••••••-••••••-••••••-••••••-••••••"
WORDS = {
    "ro": "Reads everything, changes nothing.",
    "rw": "Reads and changes everything.",
}
LINK = (
    '<p>Programs send a key in the header <code>X-API-Key</code>. <a style="color:inherit" href="/api/swagger" '
    'target="_blank" rel="noopener">Try the API out</a> · <a style="color:inherit" href="/api/openapi.json" '
    'target="_blank" rel="noopener">OpenAPI document</a></p>'
)


class ServerKey(pn.viewable.Viewer):
    """One of the mail server's own keys: what it may, where from, and a new one."""

    def __init__(self, page: Page, access: str, **given: Any) -> None:
        super().__init__(**given)
        self.page, self.access = page, access
        self.body = words.pane()
        self.change = button("Edit", self._change, icon="edit")
        self.renew = button("New key", self._renew, icon="autorenew", color="error")
        self.there = False

    def draw(self, row: dict[str, Any] | None) -> None:
        """Show the stored row; None is no key yet."""
        self.there = row is not None
        self.change.label = "Edit" if row else "Make the key"
        self.change.icon = "edit" if row else "add"
        self.renew.visible = self.there
        head = words.tag("h4", words.text(ACCESS[self.access].capitalize()))
        self.body.object = words.wrap(
            head + words.tag("p", words.text(WORDS[self.access]), cls="muted") + self._facts(row)
        )

    @staticmethod
    def _facts(row: dict[str, Any] | None) -> str:
        if row is None:
            return words.tag("p", "There is no such key.")
        state = "accepted" if row["active"] else "switched off"
        parts = [words.tag("p", words.tag("code", MASK), " ", words.text(state))]
        if row["skip_ip_check"]:
            parts.append(words.tag("p", "Accepted from anywhere.", cls="warn"))
        else:
            parts += [words.tag("p", "Accepted from"), words.bullets(row["allow_from"])]
        return "".join(parts)

    def _change(self) -> None:
        self.page.ask(self._sheet)

    def _sheet(self) -> Sheet:
        keys = self.page.contract
        if self.there:
            return replace(edit_sheet(keys, self.access), title=f"{ACCESS[self.access].capitalize()} key")
        sheet = add_sheet(keys)
        fields = {name: field for name, field in sheet.fields.items() if name != "access"}
        title = f"Make the {ACCESS[self.access]} key"
        return replace(
            sheet, title=title, fields=fields, submit=lambda new, _: keys.add({"access": self.access, **new})
        )

    def _renew(self) -> None:
        self.page.sure(lambda: self.page.contract.run("renew", self.access))

    def __panel__(self) -> pmui.Paper:
        bar = pn.FlexBox(self.change, self.renew, margin=(0, 10))
        share = {"flex": "1 1 300px", "max-width": "560px", "min-width": "0"}
        return pmui.Paper(self.body, bar, elevation=1, sx={"padding": "8px 4px"}, margin=(6, 10), styles=share)


class Page(ResourcePage):
    """The page of all keys."""

    resource = "api_keys"
    quick = (quick("Active", "active=is:1"), quick("Read only", "read_only=is:1"))
    hint = "There are no named keys yet. Give each program one of its own, with no more rights than it needs."

    def __init__(self, ops: Ops, location: Any = None, **given: Any) -> None:
        super().__init__(ops, location, **given)
        self.contract = ops.resource("contract_keys")
        self.server = [ServerKey(self, access) for access in ACCESS]

    def ask(self, make: Any) -> None:
        """Open a form."""
        self._start(lambda: self.form.show(make, self._changed))

    def sure(self, make: Any) -> None:
        """Show a plan and ask before it is committed."""
        self._start(lambda: self.review.show(make, self._changed))

    async def _changed(self, done: Any) -> None:
        await super()._changed(done)
        await self._read()

    async def _read(self) -> None:
        rows = {row["access"]: row for row in await aside(self.contract.rows)}

        def update() -> None:
            for card in self.server:
                card.draw(rows.get(card.access))

        await draw(update)

    def __panel__(self) -> pn.Column:
        column = super().__panel__()
        start(edge(self._read))
        column.insert(0, words.pane(LINK + words.tag("h4", "Keys of the mail server")))
        column.insert(1, pn.FlexBox(*self.server, sizing_mode="stretch_width", margin=0))
        column.insert(2, words.pane(words.tag("h4", "Named keys")))
        return column
