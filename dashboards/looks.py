"""Style of the dialogs: icons that can be seen in the dark, the whole screen on a phone."""

from __future__ import annotations

from typing import Any

PHONE = "@media (max-width:600px)"
CLOSE: dict[str, Any] = {"& .MuiIconButton-root": {"color": "inherit"}}
PAPER: dict[str, Any] = CLOSE | {
    "& .MuiDialog-paper": {
        PHONE: {"margin": 0, "width": "100%", "maxWidth": "100%", "maxHeight": "100%", "borderRadius": 0}
    }
}
