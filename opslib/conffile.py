"""`KEY=VALUE` files such as mailcow.conf, read the way Docker Compose reads them: never executed.

Compose decides what the containers get, so its rules hold here and not the shell's: an unquoted value is literal up to
` #`, single quotes keep everything, double quotes know a few escapes.  `${...}` is not expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)", re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?', re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s+)#.*|\s+$", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class ConfError(ValueError):
    """A line that is no assignment.  `.line` is its 1-based number; its text is never shown, it may hold a secret."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line} is not KEY=VALUE, or its quotes do not match")


def parse(text: str) -> dict[str, str]:
    """All assignments, the last of a name winning.  Raises ConfError."""
    return dict(_assignments(text))


def load(path: Path) -> dict[str, str]:
    """The assignments of a file.  Bytes that are not UTF-8 survive as surrogates.  Raises ConfError, OSError."""
    return parse(path.read_text(encoding="utf-8-sig", errors="surrogateescape"))


def dump(values: Mapping[str, str]) -> str:
    """Text that `parse` reads back: every value double-quoted."""
    return "".join(f"{name}={_quote(value)}\n" for name, value in values.items())


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(re.split(r"\r?\n", text), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        value = _value(match[2]) if match else None
        if match is None or value is None:
            raise ConfError(number)
        yield match[1], value


def _value(raw: str) -> str | None:
    if raw.startswith("'"):
        quoted = _SINGLE.fullmatch(raw)
        return quoted[1] if quoted else None
    if raw.startswith('"'):
        quoted = _DOUBLE.fullmatch(raw)
        return re.sub(r"\\(.)", _unescape, quoted[1], flags=re.DOTALL) if quoted else None
    return _COMMENT.sub("", raw, count=1)


def _unescape(match: re.Match[str]) -> str:
    char = match[1]
    return _ESCAPES.get(char) or (char if char in '"\\$' else match[0])


def _quote(value: str) -> str:
    escaped = re.sub(r'["\\$]', lambda match: "\\" + match[0], value)
    return '"' + escaped.replace("\n", r"\n").replace("\r", r"\r").replace("\t", r"\t") + '"'
