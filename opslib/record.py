"""A record is the declared shape of one row: a Parameterized whose parameters are fields."""

from __future__ import annotations

from functools import cache
from typing import Any

import param

from opslib.fields import Field


class Record(param.Parameterized):
    """Base of every resource's row.  An instance holds the state of a form."""

    @classmethod
    @cache
    def fields(cls) -> dict[str, Field]:
        """Field of every column, in the order of declaration."""
        found = cls.param.objects("existing")
        ordered: dict[str, Field] = {}
        for owner in reversed(cls.__mro__):
            for name in vars(owner):
                declared = found.get(name)
                if isinstance(declared, Field):
                    ordered[name] = declared
        return ordered

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Default of every field that can be given when a row is added."""
        return {name: field.default for name, field in cls.fields().items() if field.on_add}
