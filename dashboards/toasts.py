"""Short messages at the edge of the screen.  They are the Material ones, which show text as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import panel as pn

from opslib.commit import Result
from opslib.plan import Outcome

Level = Literal["success", "info", "warning", "error"]

LONG = 12_000
SHORT = 4_000
SHOWN = 3


def show(level: Level, text: str) -> None:
    """One toast; without a screen to show it on, none."""
    area = pn.state.notifications
    if area is not None:
        getattr(area, level)(text[:600], duration=SHORT if level in {"success", "info"} else LONG)


def headline(outcomes: Sequence[Outcome], status: str) -> str:
    """Sentences of the outcomes with a status: the first few, and how many more."""
    texts = list(dict.fromkeys(o.text for o in outcomes if o.status == status))
    more = len(texts) - SHOWN
    return " ".join(texts[:SHOWN]) + (f" … and {more} more." if more > 0 else "")


def result(done: Result) -> None:
    """Toasts of a commit: what was done, what waits, what was left out."""
    for status, level in (("success", "success"), ("warning", "warning"), ("danger", "error")):
        text = headline(done.outcomes, status)
        if text:
            show(level, text)  # type: ignore[arg-type]
