"""How the bytes of a file are text."""

from __future__ import annotations

import codecs

from opslib.csvfile.source import Source
from opslib.errors import UserError

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little endian)",
    "utf-16-be": "UTF-16 (big endian)",
    "cp1252": "Windows-1252 (Western Europe)",
    "iso8859-1": "Latin-1",
    "iso8859-2": "Latin-2 (Central Europe)",
    "iso8859-15": "Latin-9",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp850": "DOS 850",
    "mac-roman": "Mac Roman",
}
HEAD = 1 << 12
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")  # in Windows-1252


def encoding(name: str) -> str:
    """Name of a known encoding, whatever way it is written.

    Raises
    ------
    UserError
        When there is no such encoding here.
    """
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        found = ""
    found = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8", "ascii": "utf-8"}.get(found, found)
    if found not in ENCODINGS:
        raise UserError("csv_encoding_unknown", name, ", ".join(ENCODINGS), field="encoding")
    return found


def guess_encoding(source: Source) -> tuple[str, bool]:
    """Name of the encoding, and whether a byte order mark says so."""
    head = source.head(HEAD)
    marked = next((name for mark, name in _BOMS if head.startswith(mark)), "")
    if marked:
        return marked, True
    return _by_nulls(head) or _by_bytes(source), False


def _by_nulls(head: bytes) -> str:
    """Western text in UTF-16 has a NUL at every other place."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) < 4 or max(even, odd) < len(head) // 4:
        return ""
    return "utf-16-le" if odd > 4 * even else "utf-16-be" if even > 4 * odd else ""


def _by_bytes(source: Source) -> str:
    """UTF-8 when nearly all of it is; else what Windows writes, or Latin-1."""
    good = bad = 0
    seen: set[int] = set()
    rest = b""
    for block in source.blocks():
        text, rest = _decoded(rest + block)
        bad += sum("\udc80" <= character <= "\udcff" for character in text) if not text.isascii() else 0
        good += sum(character > "\x7f" for character in text) if not text.isascii() else 0
        seen.update(block)
    good -= bad
    if bad + len(rest) == 0 or good > 10 * bad:
        return "utf-8"
    return "iso8859-1" if seen & _UNDEFINED else "cp1252"


def _decoded(block: bytes) -> tuple[str, bytes]:
    """Text of a block, wrong bytes escaped, and the start of a character at its end."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(block)
    return text, decoder.getstate()[0]
