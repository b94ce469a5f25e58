"""The frame of the console: header, menu, banner, and the page that the address names."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import Any
from urllib.parse import quote

import panel as pn
import panel_material_ui as pmui

from dashboards import context, health, notices, session, toasts, worker
from dashboards.background import aside, sentence
from dashboards.browser import Browser
from dashboards.menu import Menu
from dashboards.pages import PAGES
from dashboards.place import Address, join
from dashboards.security import LOGIN, PATIENCE
from dashboards.session import SessionOps
from opslib.errors import ServerError
from opslib.site import Site

log = logging.getLogger(__name__)

EXTENSIONS = ("tabulator", "modal", "filedropper")
LOOK = 10_000  # milliseconds
THEME = "theme"
PRIMARY = {"palette": {"primary": {"main": "#0b6aa2"}}}
DARK = {"palette": {"primary": {"main": "#6cb8e6"}, "background": {"default": "#10171d", "paper": "#151d24"}}}
LOOKS = {
    "& .MuiAppBar-root.header": {"backgroundColor": "#0b5688", "backgroundImage": "none", "color": "#fff"},
    "& .title": {"fontSize": {"xs": "1rem", "sm": "1.3rem"}, "lineHeight": 1.2},
}
LOST = "The connection is lost, or you were signed out. Reload the page."

GLOBAL_CSS = """
.ops-skip { position: fixed; left: 8px; top: -60px; z-index: 3000; padding: 10px 16px; border-radius: 0 0 8px 8px;
  background: #fff; color: #0b3954; font: 600 16px/1.3 Roboto, system-ui, sans-serif; }
.ops-skip:focus { top: 0; outline: 3px solid #ffb300; }
"""


class Shell:
    """One person's console."""

    def __init__(self, ops: SessionOps, search: str = "", theme: str | None = None, phone: bool = False) -> None:
        self.ops = ops
        self.site: Site = ops.site
        self.browser = Browser(search=search, width=0, height=0, margin=0)
        self.address = Address(self.browser)
        self.menu = Menu(ops.actor.role, self.go)
        self.banner = notices.banner(self.retry)
        self.body = pn.Column(css_classes=["ops-content"], sizing_mode="stretch_width", margin=0, min_width=0)
        self.shown: Any = None
        self.used = True
        self._looking = False
        self.page = pmui.Page(
            title=self.site.name,
            site_url=join(next(iter(self.menu.names), ""), ""),
            header=[
                *notices.badges(self.site.host),
                pn.Spacer(sizing_mode="stretch_width"),
                notices.account(ops.actor),
                self.browser,
            ],
            sidebar=[self.menu.panel],
            main=[self.banner, self.body],
            sidebar_width=250,
            sidebar_open=not phone,
            sidebar_resizable=False,
            dark_theme=theme == "dark",
            theme_config={"light": PRIMARY, "dark": DARK},
            favicon=notices.ICON,
            raw_css=[GLOBAL_CSS],
            sx=LOOKS,
            meta_name="mailops",
        )
        self._theme = theme
        self.page.param.watch(lambda event: pn.state.execute(functools.partial(self._themed, event.new)), "dark_theme")
        self.browser.param.watch(lambda _: self._went_back(), "popped")
        self.browser.param.watch(lambda _: self._fit(), "width_class")
        self.browser.param.watch(lambda event: self._dark(event.new), "dark")

    # -- pages ---------------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Show the page the address names, the first one when it names none."""
        view, search = self.address.read()
        self.show(view or next(iter(self.menu.names), ""), search, replace=True)

    def go(self, view: str) -> None:
        """Show a page as from the menu: without the query it was left with."""
        self.show(view, "")
        if self.browser.narrow:
            self.page.sidebar_open = False

    def show(self, view: str, search: str, replace: bool = False) -> None:
        """Put a page in the frame; whatever goes wrong is told in its place."""
        self.used = True
        self._stop()
        place = self.address.enter(view, search, replace)
        self.menu.mark(view)
        spec = PAGES.get(view) if view in self.menu.names else None
        self.browser.title = f"{spec.title if spec else 'Not found'} · {self.site.name}"
        if spec is None:
            self.body[:] = [notices.card("There is no such page", "Choose one from the menu.")]
            return
        try:
            self.shown = spec.load()(self.ops, place)
            self.body[:] = [notices.heading(spec.title), self.shown]
        except Exception as error:  # noqa: BLE001 - the edge of the page; `sentence` logs what was not foreseen
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """A calm card in place of the page."""
        again = pmui.Button(label="Try again", icon="refresh", on_click=lambda _: self._again())
        self.body[:] = [notices.card("This page cannot be shown", sentence(error), again)]

    def _again(self) -> None:
        self.show(self.address.view, self.address.place.search, replace=True)

    def _stop(self) -> None:
        stop = getattr(self.shown, "stop", None)
        self.shown = None
        if stop is not None:
            stop()

    def _went_back(self) -> None:
        if not self.address.back():
            view, search = self.address.read()
            self.show(view or next(iter(self.menu.names), ""), search, replace=True)

    # -- session -------------------------------------------------------------------------------------------------
    async def arrived(self) -> None:
        """The browser is connected."""
        self.browser.ask += 1
        await self._tell(fresh=False)

    async def look(self) -> None:
        """Do the stores answer, is the session still good?"""
        if self._looking:
            return
        self._looking = True
        try:
            await self._look()
        finally:
            self._looking = False

    async def _look(self) -> None:
        await self._tell(fresh=False)
        if health.of(self.site).down:
            return
        used, self.used = self.used, False
        try:
            good = await asyncio.wait_for(aside(self.ops.check, used), PATIENCE)
        except (ServerError, TimeoutError):
            await self._tell(fresh=True)
            return
        if not good:
            self.leave()

    async def retry(self) -> None:
        """Ask the stores again; when they are back, so is the page."""
        await self._tell(fresh=True)
        if not self.banner.visible:
            self._again()

    async def _tell(self, fresh: bool) -> None:
        stores = await health.of(self.site).look(fresh)
        notices.tell(self.banner, health.words(stores))

    def leave(self) -> None:
        """To the sign-in, and back here afterwards."""
        self._stop()
        self.body.clear()
        back = f"/app{self.browser.search}"
        self.browser.leave = f"{LOGIN}?next={quote(back, safe='')}"

    def touched(self, event: Any) -> None:
        """Anything a browser sends counts as use."""
        if getattr(event, "setter", None) is not None:
            self.used = True

    # -- looks ---------------------------------------------------------------------------------------------------
    async def _themed(self, dark: bool) -> None:
        theme = "dark" if dark else "light"
        if theme != self._theme:
            self._theme = theme
            await aside(session.remember, self.site, self.ops.actor.name, THEME, theme)

    def _dark(self, preferred: bool) -> None:
        """The system's taste, until the person chose."""
        if self._theme is None and preferred:
            self._theme = "dark"
            self.page.dark_theme = True

    def _fit(self) -> None:
        self.page.sidebar_open = not self.browser.narrow


def serve() -> None:
    """Build the console in the session that is being made."""
    pn.extension(
        *EXTENSIONS,
        notifications=True,
        reconnect=True,
        disconnect_notification=LOST,
        exception_handler=_unforeseen,
        throttled=True,
    )
    try:
        _build(context.site())
    except Exception as error:  # noqa: BLE001 - the edge of the page; `sentence` logs what was not foreseen
        notices.alone("The console cannot be shown", sentence(error)).servable(title="mailops")


def _build(site: Site) -> None:
    ops = session.current(site)
    if ops is None:
        notices.alone("This console was started without its sign-in", notices.START).servable(title="mailops")
        return
    worker.start(site)
    search = (pn.state.location.search if pn.state.location else "") or ""
    phone = "Mobi" in (pn.state.headers or {}).get("User-Agent", "")
    shell = Shell(ops, search, _theme(site, ops), phone)
    shell.open()
    pn.state.add_periodic_callback(shell.look, LOOK)
    if pn.state.curdoc is not None:
        pn.state.curdoc.on_change(shell.touched)
    # Scheduled, not run at once: what is loaded runs without the document's lock.
    pn.state.onload(lambda: pn.state.execute(shell.arrived, schedule=True))
    shell.page.servable(title=shell.browser.title)


def _theme(site: Site, ops: SessionOps) -> str | None:
    return session.remembered(site, ops.actor.name, THEME)


def _unforeseen(error: BaseException) -> None:
    text = sentence(error)
    pn.state.execute(lambda: toasts.show("error", text), schedule=True)
