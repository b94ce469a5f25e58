"""The menu: the pages an actor may open, in groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboards.pages import PAGES, PageSpec

LOOK = {
    "& > .MuiListItemButton-root .MuiListItemText-primary": {
        "fontSize": "0.78rem",
        "fontWeight": 600,
        "letterSpacing": "0.04em",
        "opacity": 0.72,
    },
}


class Menu:
    """`names` are the pages offered; `mark` shows which one is open."""

    def __init__(self, role: str, go: Callable[[str], None]) -> None:
        self.go = go
        self.groups: dict[str, list[tuple[str, PageSpec]]] = {}
        for name, spec in PAGES.items():
            if role in spec.roles:
                self.groups.setdefault(spec.group, []).append((name, spec))
        self.paths = {
            name: (number, place)
            for number, pages in enumerate(self.groups.values())
            for place, (name, _) in enumerate(pages)
        }
        self._marking = False
        self.panel = pmui.MenuList(
            items=[self._group(group, pages) for group, pages in self.groups.items()],
            expanded=[(number,) for number in range(len(self.groups))],
            sizing_mode="stretch_width",
            margin=(4, 0),
            level_indent=0,
            sx=LOOK,
        )
        self.panel.param.watch(lambda event: self._chosen(event.new), "active")

    @staticmethod
    def _group(label: str, pages: list[tuple[str, PageSpec]]) -> dict[str, Any]:
        items = [{"label": spec.title, "icon": spec.icon} for _, spec in pages]
        return {"label": label, "icon": None, "items": items, "selectable": False}

    @property
    def names(self) -> list[str]:
        return list(self.paths)

    def mark(self, name: str) -> None:
        """Highlight a page; an unknown one highlights nothing."""
        self._marking = True
        self.panel.active = self.paths.get(name)
        self._marking = False

    def _chosen(self, path: Any) -> None:
        name = next((name for name, place in self.paths.items() if place == path), None)
        if name is not None and not self._marking:
            self.go(name)
