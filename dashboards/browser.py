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
    width_class = param.String(
        default="", doc="wide or narrow: whether a menu fits beside the content; unknown at first."
    )
    dark = param.Boolean(default=False, doc="Whether the person's system prefers dark.")
    ask = param.Integer(default=0, doc="Raising it makes the browser tell `width_class` and `dark`.")
    leave = param.String(default="", doc="Setting it leaves the console for that path.")

    @property
    def narrow(self) -> bool:
        return bool(self.width_class == "narrow")

    _esm: ClassVar[Any] = Path(__file__).parent / "browser.js"
