"""The browser as seen from a session: address, title, width, where to go."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent


class Browser(JSComponent):
    """One per page.  Setting `search` moves the address and makes a history entry (`replace`: changes the present one)."""

    search = param.String(default="", doc="Query string with its question mark; follows the back button.")
    replace = param.Boolean(default=False, doc="Change the present history entry instead of making one.")
    title = param.String(default="", doc="Title of the window.")
    popped = param.Integer(default=0, doc="How often back or forward were pressed.")
    narrow = param.Boolean(default=False, doc="Whether the window is too narrow for a menu beside the content.")
    dark = param.Boolean(default=False, doc="Whether the person's system prefers dark.")
    ready = param.Boolean(default=False, doc="Whether the browser has answered.")
    leave = param.String(default="", doc="Setting it leaves the console for that path.")

    _esm: ClassVar[Any] = Path(__file__).parent / "browser.js"

    def _handle_msg(self, data: Any) -> None:
        """The skip link tells that it was used; there is nothing to do here."""
