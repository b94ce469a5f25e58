"""Which row of the site a row of the file means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from opslib.errors import UserError
from opslib.query import Query
from opslib.resource import CHUNK, Resource
from opslib.stores.database import chunks, read

Identity = tuple[Any, ...]


def natural(resource: Resource) -> tuple[str, ...]:
    """Fields that tell rows apart in a file."""
    return resource.natural or (resource.key,)


def identity(resource: Resource, given: Mapping[str, str]) -> Identity | None:
    """What tells the row apart; None when a part is missing, or is wrong and will be complained of when it is added.

    Raises
    ------
    UserError
        When a part is wrong that nobody would complain of, because it follows from other fields.
    """
    found = []
    for name in natural(resource):
        declared = resource.fields.get(name)
        if declared is None or not given.get(name):
            return None
        try:
            found.append(folded(declared.parse(given[name])))
        except UserError:
            if declared.on_add:
                return None
            raise
    return tuple(found)


def folded(value: Any) -> Any:
    """A value as the database compares it, near enough: without case."""
    return value.casefold().strip() if isinstance(value, str) else value


def existing(resource: Resource, wanted: Collection[Identity]) -> dict[Identity, list[Any]]:
    """Keys of the rows in reach that have these identities."""
    names = natural(resource)
    columns = [resource.expressions[name] for name in names]
    found: dict[Identity, list[Any]] = defaultdict(list)
    with read(resource.site.engine) as connection:
        for chunk in chunks(sorted({str(one[0]) for one in wanted}), CHUNK):
            query = sa.select(resource.key_column, *columns).where(columns[0].in_(chunk), *resource.matching(Query()))
            for key, *values in connection.execute(query):
                one = tuple(folded(resource.fields[n].load(v)) for n, v in zip(names, values, strict=True))
                if one in wanted:
                    found[one].append(key)
    return dict(found)


def chosen(resource: Resource, keys: Sequence[Any], given: Mapping[str, str]) -> Any:
    """The one row meant: of several that are alike the one whose key stands in the file.

    Raises
    ------
    UserError
        When the file does not tell.
    """
    if len(keys) == 1:
        return keys[0]
    named = next((key for key in keys if str(key) == given.get(resource.key)), None)
    if named is None:
        raise UserError("csv_ambiguous", len(keys), field=natural(resource)[0])
    return named
