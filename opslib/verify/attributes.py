"""The JSON columns of a mailbox (addresses.md 2.6, 20.3)."""

from __future__ import annotations

import re
from typing import Any

from opslib.verify.invariant import Broken, invariant
from opslib.verify.snapshot import Snapshot, parsed

_FLAG = re.compile("[01]")
_PROTOCOLS = ("imap", "pop3", "smtp", "sieve", "eas", "dav")
_FLAGS = ("force_pw_update", "force_tfa", "tls_enforce_in", "tls_enforce_out", "sogo_access")

REQUIRED = {
    **dict.fromkeys((*_FLAGS, *(f"{protocol}_access" for protocol in _PROTOCOLS)), _FLAG),
    "relayhost": re.compile("[0-9]+"),
    "passwd_update": re.compile(r"0|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    "mailbox_format": re.compile("maildir:"),
    "quarantine_notification": re.compile("never|hourly|daily|weekly"),
    "quarantine_category": re.compile("reject|add_header|all"),
}
"""Keys every mailbox has, with the form of their text."""

OPTIONAL = {"attribute_hash": re.compile("(?:[0-9a-f]{40})?"), "recovery_email": re.compile(".*", re.DOTALL)}
_FORMS = REQUIRED | OPTIONAL


def _objects(snapshot: Snapshot) -> list[tuple[str, dict[str, Any]]]:
    return [(name, found) for name, found in snapshot.attributes.items() if isinstance(found, dict)]


@invariant(3, "mailbox", "Add the missing keys as strings with the values of addresses.md 2.6.")
def attributes_complete(snapshot: Snapshot) -> Broken:
    """`attributes` of a mailbox is a JSON object with every key the readers look for."""
    for name, found in snapshot.attributes.items():
        if not isinstance(found, dict):
            yield name, f"attributes of {name} is no JSON object."
        elif not REQUIRED.keys() <= found.keys():
            missing = ", ".join(key for key in REQUIRED if key not in found)
            yield name, f"attributes of {name} lacks {missing}."


@invariant(3, "mailbox", "Write the value as a JSON string.")
def attributes_text(snapshot: Snapshot) -> Broken:
    """Values of `attributes` are JSON strings, flags and ids too; only `recovery_email` may be null."""
    for name, found in _objects(snapshot):
        wrong = [
            key
            for key, value in found.items()
            if not isinstance(value, str) and (key, value) != ("recovery_email", None)
        ]
        if wrong:
            yield name, f"attributes of {name}: {', '.join(wrong)} is no JSON string."


@invariant(3, "mailbox", "Set the key to a value of addresses.md 2.6.")
def attributes_values(snapshot: Snapshot) -> Broken:
    """Texts in `attributes` are ones their readers know."""
    for name, found in _objects(snapshot):
        for key, value in found.items():
            form = _FORMS.get(key)
            if form is not None and isinstance(value, str) and not form.fullmatch(value):
                yield name, f"attributes of {name}: {key} is “{value[:40]}”."


@invariant(0, "mailbox", "Write a JSON object whose values are strings.")
def custom_attributes(snapshot: Snapshot) -> Broken:
    """`custom_attributes` is a flat JSON object of strings; an empty one may be an array, as PHP writes it."""
    for row in snapshot.everyone:
        found = parsed(row.custom_attributes)
        if found == [] or row.custom_attributes == "{}":
            continue
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            yield row.username, f"custom_attributes of {row.username} is no flat object of strings."
