"""What is to be done with the rows of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from opslib.errors import UserError
from opslib.resource import Resource

Passwords = Literal["keep", "generate"]
TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Options:
    """`update`: change rows that exist, else only add · `clear`: an empty cell empties the field of a row that exists ·
    `passwords` "generate": make one for new rows that have none · `fixed`: values of new rows that have no cell for them.
    """

    update: bool = False
    clear: bool = False
    passwords: Passwords = "keep"
    fixed: Mapping[str, str] = field(default_factory=dict)


def template(resource: Resource, name: str) -> dict[str, str]:
    """The fixed value that means the template of that name or number.

    Raises
    ------
    UserError
        When the resource has no templates, or none of that name.
    """
    declared = resource.record.fields().get(TEMPLATE)
    if declared is None or not declared.choices or not declared.on_add:
        raise UserError("field_unknown", TEMPLATE, field=TEMPLATE)
    found = resource.choices(TEMPLATE)
    key = next((str(k) for k, label in found.items() if name in {str(k), str(label)}), "")
    if not key:
        raise UserError("value_not_choice", name, ", ".join(map(str, found.values())), field=TEMPLATE)
    return {TEMPLATE: key}
