"""Text and markup: everything that comes from the database passes through `html.escape` here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import panel as pn

STYLE = """
:host { color: inherit; }
.ops-words { font-size: 0.9rem; overflow-wrap: anywhere; }
.ops-words ul { margin: 0.2rem 0 0.6rem; padding-left: 1.2rem; }
.ops-words h4 { margin: 0.8rem 0 0.2rem; font-size: 0.95rem; }
.ops-words p { margin: 0.3rem 0; }
.ops-words table { border-collapse: collapse; width: 100%; }
.ops-words th, .ops-words td { text-align: left; padding: 0.25rem 0.6rem 0.25rem 0; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.ops-words th { font-weight: 600; opacity: 0.75; font-size: 0.8rem; }
.ops-words del { color: #c62828; text-decoration-thickness: 1px; }
.ops-words ins { color: #2e7d32; text-decoration: none; font-weight: 600; }
.ops-dark del { color: #ef9a9a; } .ops-dark ins { color: #a5d6a7; }
.ops-words .muted { opacity: 0.7; }
.ops-words .warn { border-left: 3px solid #ed6c02; padding-left: 0.6rem; }
.ops-words .bad { border-left: 3px solid #d32f2f; padding-left: 0.6rem; }
@media (prefers-reduced-motion: no-preference) { .ops-words { transition: opacity 0.1s; } }
"""


def tag(name: str, *children: str, cls: str = "") -> str:
    """Markup of markup."""
    attribute = f' class="{escape(cls)}"' if cls else ""
    return f"<{name}{attribute}>{''.join(children)}</{name}>"


def text(value: Any) -> str:
    """Markup that shows a value as it is."""
    return escape(str(value))


def bullets(items: Iterable[Any], most: int = 50, cls: str = "") -> str:
    """A list of texts; what is too much is counted."""
    found = [str(item) for item in items]
    shown = [tag("li", text(item)) for item in found[:most]]
    if len(found) > most:
        shown.append(tag("li", f"and {len(found) - most} more", cls="muted"))
    return tag("ul", *shown, cls=cls) if shown else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of markup cells."""
    head = tag("tr", *(tag("th", text(name)) for name in heads))
    return tag("table", tag("thead", head), tag("tbody", *(tag("tr", *(tag("td", c) for c in row)) for row in rows)))


def pane(markup: str = "", **given: Any) -> pn.pane.HTML:
    """A pane for markup made by this module."""
    given.setdefault("sizing_mode", "stretch_width")
    given.setdefault("margin", (0, 10))
    return pn.pane.HTML(wrap(markup), stylesheets=[STYLE], **given)


def wrap(markup: str) -> str:
    """Markup as a pane of this module shows it."""
    return tag("div", markup, cls="ops-words ops-dark" if pn.config.theme == "dark" else "ops-words")
