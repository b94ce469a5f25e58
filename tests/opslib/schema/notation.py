"""Read the compact notation of `contract_tables`."""

from __future__ import annotations

from dataclasses import dataclass, field

STAMPS = {
    "created": ("datetime", False, "current_timestamp()"),
    "modified": ("datetime", True, "NULL"),
}


@dataclass(frozen=True)
class Column:
    """One column as MariaDB's `information_schema` tells it; `default` is SQL text, None when there is none."""

    name: str
    type: str
    nullable: bool
    default: str | None
    extra: str = ""


@dataclass
class Table:
    """One table: columns in order, keys as name -> columns, foreign keys as name -> (column, table, column)."""

    name: str
    columns: list[Column] = field(default_factory=list)
    primary: tuple[str, ...] = ()
    uniques: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    references: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    @property
    def key_names(self) -> set[str]:
        """Names of all secondary keys; a foreign key brings its own where no other key begins with its column."""
        led = {columns[0] for columns in (*self.keys.values(), *self.uniques.values(), self.primary) if columns}
        own = {name for name, (column, _, _) in self.references.items() if column not in led}
        return {*self.keys, *self.uniques, *own}


def read(text: str) -> dict[str, Table]:
    """Every table of the notation, by name."""
    found: dict[str, Table] = {}
    for line in filter(str.strip, text.splitlines()):
        if not line.startswith(" "):
            table = found[line.strip()] = Table(line.strip())
        else:
            _part(table, line.strip())
    return found


def _part(table: Table, line: str) -> None:
    word, *rest = line.split()
    if word == "pk":
        table.primary = tuple(rest)
    elif word == "unique":
        table.uniques[rest[0]] = tuple(rest[1:])
    elif word == "key" and not rest[0].startswith("varchar"):
        table.keys[rest[0]] = tuple(rest[1:])
    elif word == "fk":
        table.references[rest[0]] = (rest[1], *rest[3].split("."))  # type: ignore[assignment]
    else:
        table.columns.append(_column(line))


def _column(line: str) -> Column:
    name, _, rest = line.partition(" ")
    if not rest:
        kind, nullable, default = STAMPS[name]
        return Column(name, kind, nullable, default, "on update current_timestamp()" if name == "modified" else "")
    rest, _, default_text = rest.partition(" = ")
    words = rest.split()
    nullable = "null" in words
    default = default_text or ("NULL" if nullable else None)
    kind = " ".join(word for word in words if word not in {"null", "auto"})
    return Column(name, kind, nullable, default, "auto_increment" if "auto" in words else "")
