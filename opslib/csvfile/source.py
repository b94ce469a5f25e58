"""Where a CSV file comes from: a path or bytes; read as often as needed, never held as text."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from opslib.errors import UserError

MOST_BYTES = 256 << 20
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its name for people, and its path or its bytes."""

    name: str
    path: Path | None = None
    data: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, given: Source | Path | str | bytes, name: str = "") -> Source:
        """Source of a path or of bytes.

        Raises
        ------
        UserError
            When there is no such file, or it is too large.
        """
        if isinstance(given, Source):
            return given
        if isinstance(given, bytes):
            return cls(name or "upload.csv", data=given)._fitting(len(given))
        path = Path(given).expanduser()
        try:
            size = path.stat().st_size if path.is_file() else -1
        except (OSError, ValueError):
            size = -1
        if size < 0:
            raise UserError("csv_no_file", str(given))
        return cls(name or path.name, path)._fitting(size)

    def _fitting(self, size: int) -> Source:
        if size > MOST_BYTES:
            raise UserError("csv_too_large", MOST_BYTES >> 20)
        return self

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes from the start.

        Raises
        ------
        UserError
            When the file cannot be read.
        """
        try:
            stream: IO[bytes] = io.BytesIO(self.data) if self.path is None else self.path.open("rb")
        except OSError as error:
            raise UserError("csv_no_file", error.strerror or self.name) from error
        with stream:
            yield stream

    def head(self, size: int) -> bytes:
        """The first bytes."""
        with self.open() as stream:
            return stream.read(size)

    def blocks(self) -> Iterator[bytes]:
        """All bytes in blocks."""
        with self.open() as stream:
            while block := stream.read(BLOCK):
                yield block

    def digest(self) -> str:
        """SHA-256 of the bytes."""
        found = hashlib.sha256()
        for block in self.blocks():
            found.update(block)
        return found.hexdigest()
