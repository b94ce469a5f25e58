"""What the frame says around the pages: badges, the account's menu, the banner, cards in place of a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from opslib.actor import Actor
from opslib.host.base import Host

ROLES = {"admin": "Administrator", "domainadmin": "Domain administrator", "user": "Mailbox user"}

HEADING = ":host { color: inherit; } h1 { font-size: 1.35rem; line-height: 1.3; font-weight: 600; margin: 14px 0 4px; }"

STRIP = ":host { color: inherit; } p { margin: 4px 0; }"

START = (
    "Anybody could read and change the mail server this way, so it shows nothing. Start it with: mailops serve. "
    "Without that command: panel serve dashboards/app.py --auth-module dashboards/auth_module.py "
    "--plugins dashboards.plugin --setup dashboards/setup.py --enable-xsrf-cookies --include-cookies none "
    "--include-headers Host User-Agent X-Mailops-Session"
)

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'%3E%3Crect width='40' height='40' "
    "rx='10' fill='%230b6aa2'/%3E%3Cpath d='M9 13.5h22v14H9z m.5 1 10.5 8 10.5-8' fill='none' stroke='%23fff' "
    "stroke-width='2.4' stroke-linejoin='round'/%3E%3C/svg%3E"
)


def badges(host: Host) -> list[Any]:
    """What everybody must know about the host, on every page."""
    if host.demo:
        return [_badge("Demo", "The data and the mail host of this site are made up.", "science")]
    if host.name == "absent":
        text = "No connection to the mail host: commands for it wait in the outbox."
        return [_badge("No host", text, "cloud_off")]
    return []


def _badge(label: str, text: str, icon: str) -> Any:
    look = {
        "backgroundColor": "#ffe08a",
        "color": "#3d2c00",
        "fontWeight": 600,
        "& .MuiIcon-root": {"color": "#3d2c00"},
    }
    chip = pmui.Chip(label=label, icon=icon, size="small", sx=look, margin=(4, 4, 0, 16))
    return pmui.Tooltip(chip, title=text)


def account(actor: Actor) -> Any:
    """Who is signed in, with the way to a new password and out."""
    items = [
        {"label": ROLES[actor.role], "icon": "badge"},
        {"label": "Change password", "icon": "password", "href": "/password", "target": "_self"},
        {"label": "Sign out", "icon": "logout", "href": "/logout", "target": "_self"},
    ]
    return pmui.MenuButton(
        label=actor.name,
        icon="account_circle",
        items=items,
        variant="text",
        color="default",
        sx={"color": "inherit", "textTransform": "none", "maxWidth": "40vw", "overflow": "hidden"},
        margin=0,
    )


def banner(retry: Callable[[], Awaitable[None]]) -> pn.Row:
    """The strip that appears while a store is down; `tell` fills it."""
    text = pn.pane.HTML(stylesheets=[STRIP], margin=(6, 12), sizing_mode="stretch_width")
    button = pmui.Button(
        label="Try again", variant="outlined", size="small", margin=(8, 12), sx={"color": "#fff", "borderColor": "#fff"}
    )
    button.on_click(lambda _: pn.state.execute(retry))
    look = {"background": "#b3261e", "color": "#fff", "min-height": "48px"}
    return pn.Row(text, button, visible=False, sizing_mode="stretch_width", styles=look, align="center", margin=0)


def tell(strip: pn.Row, sentences: list[str]) -> None:
    """Show the sentences, or hide the strip when there are none."""
    markup = '<div role="alert">' + "".join(words.tag("p", words.text(s)) for s in sentences) + "</div>"
    if strip[0].object != markup:
        strip[0].object = markup
    if strip.visible != bool(sentences):
        strip.visible = bool(sentences)


def heading(title: str) -> pn.pane.HTML:
    """The title of a page."""
    markup = words.tag("h1", words.text(title))
    return pn.pane.HTML(markup, stylesheets=[HEADING], sizing_mode="stretch_width", margin=(0, 12))


def card(title: str, text: str, *more: Any) -> Any:
    """A calm card with words."""
    return pmui.Paper(
        heading(title),
        words.pane(words.tag("p", words.text(text))),
        *more,
        elevation=0,
        variant="outlined",
        sizing_mode="stretch_width",
        margin=24,
        sx={"padding": "12px", "maxWidth": "720px"},
    )


def alone(title: str, text: str) -> Any:
    """A page of nothing but a card, for when there is no console to show."""
    return pmui.Page(title="mailops", main=[card(title, text)], theme_toggle=False)
