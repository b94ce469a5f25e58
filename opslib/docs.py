"""`make docs`: the reference in docs/ written from the declarations, so that it cannot go stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from opslib.fields import Field
from opslib.resource import Resource
from opslib.resources import KINDS
from opslib.verb import Verb
from opslib.verify import INVARIANTS

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages() -> dict[str, str]:
    """Text of every generated page by file name."""
    return {
        "resources.md": "\n".join(_resources()),
        "commands.md": "\n".join(_commands()),
        "invariants.md": "\n".join(_invariants()),
        "api.md": "\n".join(_api()),
    }


# -- resources ------------------------------------------------------------------------------------------------------
def _resources() -> Iterator[str]:
    yield "# Resources\n"
    yield "Every table, its fields and verbs. Grid, form, CSV, command line and notebook are made of these declarations.\n"
    for kind in KINDS:
        yield from _resource(kind)


def _resource(kind: type[Resource]) -> Iterator[str]:
    yield f"## {kind.label}\n"
    yield f"`ops.{kind.name}`, `mailops list {kind.name}`. {kind.doc}\n"
    yield f"Key: `{kind.key}`. Verbs: {', '.join(f'`{verb}`' for verb in kind.can) or 'none, it is only read'}.\n"
    yield "| Field | Label | Kind | Written | Meaning |"
    yield "|---|---|---|---|---|"
    for name, declared in kind.record.fields().items():
        written = _written(declared)
        yield f"| `{name}` | {declared.label} | {_kind(declared)} | {written} | {_cell(declared.doc or '')} |"
    yield ""
    for verb in verbs_of(kind):
        yield f"- `{verb.name}` ({verb.label}): {verb.doc}"
    yield ""


def verbs_of(kind: type[Resource]) -> list[Verb]:
    """Special verbs of a resource, whoever may use them."""
    return kind.special(object.__new__(kind))


def _kind(declared: Field) -> str:
    name = type(declared).__name__
    return f"{name} ({declared.unit})" if declared.unit else name


def _written(declared: Field) -> str:
    when = [word for word, yes in (("add", declared.on_add), ("edit", declared.on_edit)) if yes]
    text = ", ".join(when) or "never"
    return f"{text}; right {declared.acl}" if declared.acl and when else text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# -- commands -------------------------------------------------------------------------------------------------------
def _commands() -> Iterator[str]:
    from opslib.cli import app

    group = typer.main.get_command(app)
    yield "# Commands\n"
    yield "`mailops COMMAND --help` says the same.\n"
    for name, command in _named(group, "mailops"):
        yield f"## {name}\n"
        yield f"{_cell(command.help or '')}\n"
        for parameter in command.params:
            yield f"- {_parameter(parameter)}"
        yield ""


def _named(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Commands of a group and of the groups in it, in alphabetical order."""
    for name, command in sorted(getattr(group, "commands", {}).items()):
        if hasattr(command, "commands"):
            yield from _named(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def _parameter(parameter: typer.core.TyperArgument | typer.core.TyperOption) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    shown = f"`{parameter.metavar or parameter.name}`" if isinstance(parameter, typer.core.TyperArgument) else names
    return f"{shown}: {_cell(getattr(parameter, 'help', None) or '')}".rstrip(": ")


# -- invariants -----------------------------------------------------------------------------------------------------
def _invariants() -> Iterator[str]:
    yield "# Invariants\n"
    yield "What `mailops verify` checks over the whole database, and why it matters.\n"
    for rule in INVARIANTS.values():
        yield f"- **{rule.name}** ({rule.severity}, `{rule.table}`): {_cell(rule.doc)} Repair: {_cell(rule.hint)}"
    yield ""


# -- API ------------------------------------------------------------------------------------------------------------
INTRODUCTION = """# HTTP API

`/api/v1/<action>/<category>`, served beside the console's pages and by `mailops api`; `/api/` is a page to try it, and
`/api/openapi.json` describes every field.

A key goes into the header `X-API-Key`: one of the mail server's own two, or a named one (`mailops key add NAME`), which can be
limited to domains, resources and verbs and can end. A session of the console is accepted too; to change something it must send
the token of `/api/session` as `X-CSRF-Token`.

Bodies are JSON (`add`: the attributes; `edit`: `{"items": [...], "attr": {...}}`; `delete`: the list of items) or forms with the
fields `attr` and `items`. Errors come as the mail server's clients know them, mostly with status 200; with
`Accept: application/problem+json` they come with their real status as RFC 9457 documents.
"""


def _api() -> Iterator[str]:
    from opslib.api.wire import routes

    yield INTRODUCTION
    yield "| Address | What it does | Attributes |"
    yield "|---|---|---|"
    for route in sorted(routes(), key=lambda route: (route.tag, route.path, route.action)):
        names = route.attributes.get("properties", {}) if route.action != "search" else {}
        attributes = ", ".join(f"`{name}`" for name in names)
        yield f"| `{route.method} {route.action}/{route.path}` | {_cell(route.summary)} | {attributes} |"
    yield ""


def main() -> None:
    """Write the pages."""
    DOCS.mkdir(exist_ok=True)
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
