"""Cells that no spreadsheet takes for a formula, and their exact way back.

A cell that begins with any number of apostrophes and then a formula's first character gets one apostrophe more; reading
takes one away from just these.  Plain numbers stay as they are.
"""

from __future__ import annotations

import re

_FIRST = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"'*[{_FIRST}]")
_MARKED = re.compile(f"'+[{_FIRST}]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")


def harmless(text: str) -> str:
    """The cell as it is written."""
    if text[:1] not in _SUSPECTS or not _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def restored(cell: str) -> str:
    """The text that `harmless` was given: `restored(harmless(text)) == text`."""
    return cell[1:] if cell[:1] == "'" and _MARKED.match(cell) else cell


_SUSPECTS = frozenset("'=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
