"""What counts as a domain, an address and the other names of the mail schema (addresses.md 1.3, 9.2, 11.2, 13, 15).

Pure functions: text in, the normalised text out, `Invalid` when there is none.  Normalising twice changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

import idna

SPECIAL_TARGETS = ("null@localhost", "spam@localhost", "ham@localhost")
"""Targets that Postfix treats itself: discard, learn as spam, learn as ham."""

LIKE_ESCAPE = "/"
"""Escape character of `like_escape`, for the `escape=` argument of LIKE."""

_LONGEST = 255
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Lists split at , and ; and readers split an address at its @: none of them inside quotes.
_QUOTED = re.compile(r'"[!#-+\--:<-?A-\[\]-~]+"')
_MAILBOX = re.compile(r"[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_-]+)*")
_SENDER = re.compile(r"(?=.*[a-z0-9])[a-z0-9@_.*-]{1,100}")
_SEPARATORS = re.compile(r"[\s,;]+")
# Transitional processing of UTS 46: the contract's reference software maps these four away.
_TRANSITIONAL = str.maketrans({"ß": "ss", "ẞ": "ss", "ς": "σ", "\u200c": None, "\u200d": None})


class Invalid(ValueError):
    """A name that breaks its rule: `str(error)` is the message key, `item` the text it is about."""

    def __init__(self, key: str, item: str = "") -> None:
        super().__init__(key)
        self.item = item


# -- domains --------------------------------------------------------------------------------------------------------
def domain(text: str) -> str:
    """Lower-case ASCII form of a domain name (UTS 46, IDNA 2008); one label is enough, blanks are never trimmed.

    Raises `Invalid("domain_invalid")`.
    """
    try:
        labels = [_label(label) for label in _mapped(text).split(".")]
    except UnicodeError:
        raise Invalid("domain_invalid", text) from None
    name = ".".join(labels)
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise Invalid("domain_invalid", text)
    return name


def _mapped(text: str) -> str:
    if len(text) > _LONGEST:
        raise Invalid("domain_invalid", text)
    return text.lower() if text.isascii() else idna.uts46_remap(text.translate(_TRANSITIONAL), std3_rules=False)


def _label(label: str) -> str:
    if not label.isascii():
        return idna.alabel(label).decode("ascii")
    if label.startswith("xn--"):
        _decoded(label)
    return label


def _decoded(label: str) -> str:
    """Unicode of an A-label; UnicodeError unless it is the canonical form.

    Looser than IDNA 2008: names with symbols are registered in some places and exist in databases.
    """
    shown = label[4:].encode("ascii").decode("punycode")
    if shown.isascii() or idna.uts46_remap(shown, std3_rules=False) != shown or "." in shown:
        raise UnicodeError("not a canonical A-label")
    idna.check_initial_combiner(shown)
    if shown.encode("punycode").decode("ascii") != label[4:]:
        raise UnicodeError("not a canonical A-label")
    return shown


def domain_unicode(ascii_name: str) -> str:
    """A stored domain for people; `domain()` of the result gives the stored name back.

    Labels that would come back as another name (ß, symbols, garbage) stay as they are stored.
    """
    return ".".join(map(_shown, ascii_name.split(".")))


def _shown(label: str) -> str:
    if not label.startswith("xn--") or not label.isascii():
        return label
    try:
        shown = _decoded(label)
        return shown if domain(shown) == label else label
    except ValueError:
        return label


def is_domain(text: str) -> bool:
    """Whether `domain` takes the text."""
    return _accepts(domain, text)


def mx_pattern(text: str) -> str:
    """A mail exchanger of an MTA-STS policy: a domain, its first label may be `*` (RFC 8461, 4.1)."""
    star, rest = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    try:
        return star + domain(rest)
    except Invalid:
        raise Invalid("mx_invalid", text) from None


# -- addresses ------------------------------------------------------------------------------------------------------
def address(text: str) -> str:
    """An e-mail address: local part as typed, domain with at least one dot in ASCII, at most 255 characters.

    Raises `Invalid("value_invalid")`.
    """
    local, at, host = text.rpartition("@")
    local_fits = at and len(local) <= 64 and (_ATOMS.fullmatch(local) or _QUOTED.fullmatch(local))
    found = f"{local}@{_host(host)}" if local_fits else ""
    if not found or found.endswith("@") or len(found) > _LONGEST:
        raise Invalid("value_invalid", text)
    return found


def _host(text: str) -> str:
    """Domain part of an address or address literal (RFC 5321, 4.1.3); empty when it is neither."""
    try:
        if text.startswith("["):
            return _literal(text)
        name = domain(text)
    except ValueError:
        return ""
    _, dot, last = name.rpartition(".")
    return name if dot and last[0].isalpha() else ""


def _literal(text: str) -> str:
    if not text.endswith("]") or "%" in text:
        return ""
    inner = text[1:-1].lower()
    if inner.startswith("ipv6:"):
        return f"[ipv6:{ipaddress.IPv6Address(inner[5:])}]"
    return f"[{ipaddress.IPv4Address(inner)}]"


def is_address(text: str) -> bool:
    """Whether `address` takes the text."""
    return _accepts(address, text)


def split_address(text: str) -> tuple[str, str]:
    """(local part, domain) of an address as stored; the local part of a catch-all is empty.

    Raises `Invalid("value_invalid")` when there is no domain.
    """
    local, _, host = text.rpartition("@")
    if not host or "@" not in text:
        raise Invalid("value_invalid", text)
    return local, host


def mailbox_local_part(text: str) -> str:
    """Local part of a new mailbox: trimmed, lower-case, letters, digits and `.` `_` `-`.

    Narrower than an alias: `/` would nest maildirs, `+` is the delimiter of tagged mail, and the rest means something
    to shells, LIKE, regular expressions or Dovecot's variables.  Raises `Invalid("local_part_invalid")`, whose `item`
    holds the offending characters, empty for a bad shape or length.
    """
    found = text.strip()
    if not found.isascii() or len(found) > 64 or not _MAILBOX.fullmatch(found.lower()):
        raise Invalid("local_part_invalid", "".join(dict.fromkeys(re.sub(r"[A-Za-z0-9._-]", "", found))))
    return found.lower()


def alias_address(text: str) -> str:
    """Address of an alias: an e-mail address, or `@domain` for a catch-all.  Raises `Invalid("alias_invalid")`."""
    try:
        return "@" + domain(text[1:]) if text.startswith("@") else address(text)
    except Invalid:
        raise Invalid("alias_invalid", text) from None


def resource_local_part(description: str) -> str:
    """Local part of a resource: the ASCII letters and digits of its description, lower-case.

    Raises `Invalid("resource_invalid")` when nothing or more than 64 characters are left.
    """
    found = re.sub(r"[^A-Za-z0-9]", "", description).lower()
    if not 1 <= len(found) <= 64:
        raise Invalid("resource_invalid", description)
    return found


# -- lists ----------------------------------------------------------------------------------------------------------
def list_items(value: str | Iterable[str]) -> list[str]:
    """Entries of a list field, split at blanks, commas, semicolons and line ends; unique, in order, unchecked."""
    texts = [value] if isinstance(value, str) else value
    return list(dict.fromkeys(item for text in texts for item in _SEPARATORS.split(text) if item))


def address_list(value: str | Iterable[str]) -> list[str]:
    """Normalised addresses of a list field, unique, in order.  Raises `Invalid("value_invalid")` with the bad item."""
    return list(dict.fromkeys(map(address, list_items(value))))


def goto_list(value: str | Iterable[str]) -> list[str]:
    """Targets of an alias: at least one address, or one of `SPECIAL_TARGETS` alone (addresses.md 11.2).

    Typed input of the API may not contain special targets: there they are set by flags.
    Raises `Invalid` with `goto_empty`, `goto_special` or `goto_invalid`.
    """
    items = list_items(value)
    if not items:
        raise Invalid("goto_empty")
    special = [item for item in items if item in SPECIAL_TARGETS]
    if special and len(items) > 1:
        raise Invalid("goto_special", special[0])
    return special or list(dict.fromkeys(map(_target, items)))


def _target(text: str) -> str:
    try:
        return address(text)
    except Invalid:
        raise Invalid("goto_invalid", text) from None


# -- patterns -------------------------------------------------------------------------------------------------------
def sender_pattern(text: str) -> str:
    """Entry of an allow or deny list: trimmed, lower-case, at most 100 characters, `*` stands for any text.

    Raises `Invalid("policy_list_from_invalid")`.
    """
    found = text.strip()
    if not found.isascii() or not _SENDER.fullmatch(found.lower()):
        raise Invalid("policy_list_from_invalid", text)
    return found.lower()


def like_escape(text: str) -> str:
    """Text to be found literally by LIKE with `escape=LIKE_ESCAPE`."""
    return re.sub(r"[/%_]", r"/\g<0>", text)


def _accepts(rule: Callable[[str], str], text: str) -> bool:
    try:
        rule(text)
    except ValueError:
        return False
    return True
