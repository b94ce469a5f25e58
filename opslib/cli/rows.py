"""`mailops list | show | add | edit | delete | run | undo`: shells around the resources."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from opslib.cli.edge import open_ops, spoken
from opslib.commit import Result
from opslib.errors import UserError
from opslib.ops import Ops
from opslib.plan import Plan
from opslib.query import Query, Selection
from opslib.resource import Resource

Name = Annotated[str, typer.Argument(help="Resource, like mailboxes or aliases.", metavar="RESOURCE")]
Keys = Annotated[list[str] | None, typer.Argument(help="Keys of the rows, like ann@example.org.", metavar="KEY...")]
Where = Annotated[
    str, typer.Option("--where", "-w", help='Rows that match, like "domain=is:example.org&quota=ge:5 GiB".')
]
Search = Annotated[str, typer.Option("--search", "-q", help="Rows that contain this text.")]
Set = Annotated[list[str] | None, typer.Option("--set", "-s", help="FIELD=VALUE; may be given several times.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show the plan and write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Partial = Annotated[bool, typer.Option("--partial", help="Do what can be done, leave out what is refused.")]
Columns = Annotated[str, typer.Option("--columns", "-c", help="Fields to show, with commas; “all” for every one.")]
Sort = Annotated[str, typer.Option("--sort", help='Fields to sort by, with commas; "-quota" is descending.')]
Limit = Annotated[int, typer.Option("--limit", "-l", min=1, max=1000, help="Rows on a page.")]
PageNumber = Annotated[int, typer.Option("--page", "-p", min=1, help="Page number.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (list_, show, add, edit, delete, run, undo):
        app.command(command.__name__.rstrip("_"))(spoken(command))


# -- reading --------------------------------------------------------------------------------------------------------
def list_(
    name: Name,
    where: Where = "",
    search: Search = "",
    columns: Columns = "",
    sort: Sort = "",
    limit: Limit = 50,
    page: PageNumber = 1,
    as_json: AsJson = False,
) -> None:
    """Show rows as a table or JSON."""
    resource = resource_of(open_ops(), name)
    query = query_of(where, search).copy(page_size=limit, page=page, sort=[part for part in sort.split(",") if part])
    found = resource.page(query, _columns(resource, columns))
    if as_json:
        rows = [{n: _plain(v) for n, v in row.items()} for row in found.frame.to_dict("records")]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    fields = resource.fields
    names = [str(name) for name in found.frame.columns]
    body = [
        [fields[n].show(_present(v)) for n, v in zip(names, row, strict=True)]
        for row in found.frame.itertuples(index=False)
    ]
    table([str(fields[n].label) for n in names], body)
    typer.echo(f"{len(found.frame)} of {found.total}, page {found.query.page} of {found.pages}", err=True)


def show(name: Name, key: Annotated[str, typer.Argument(metavar="KEY")], as_json: AsJson = False) -> None:
    """Show every field of one row."""
    resource = resource_of(open_ops(), name)
    row = resource.get(_key(resource, key))
    if as_json:
        typer.echo(json.dumps({n: _plain(v) for n, v in row.items()}, ensure_ascii=False, indent=2))
        return
    table(["Field", "Value"], [[str(resource.fields[n].label), resource.fields[n].show(v)] for n, v in row.items()])


# -- writing --------------------------------------------------------------------------------------------------------
def add(name: Name, values: Set = None, dry_run: DryRun = False) -> None:
    """Add a row."""
    ops = open_ops()
    _carry_out(ops, resource_of(ops, name).add(_pairs(values)), dry_run, True)


def edit(
    name: Name,
    keys: Keys = None,
    values: Set = None,
    where: Where = "",
    search: Search = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    partial: Partial = False,
) -> None:
    """Change rows, by key or all that match."""
    ops = open_ops()
    resource = resource_of(ops, name)
    plan = resource.edit(_selection(resource, keys, where, search), _pairs(values))
    _carry_out(ops, plan, dry_run, yes or bool(keys), partial)


def delete(
    name: Name,
    keys: Keys = None,
    where: Where = "",
    search: Search = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    partial: Partial = False,
) -> None:
    """Delete rows; what goes with them is listed first."""
    ops = open_ops()
    resource = resource_of(ops, name)
    _carry_out(ops, resource.delete(_selection(resource, keys, where, search)), dry_run, yes, partial)


def run(
    name: Name,
    verb: Annotated[str, typer.Argument(help="Verb of the resource, like rename or expand.", metavar="VERB")],
    keys: Keys = None,
    values: Set = None,
    where: Where = "",
    search: Search = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    partial: Partial = False,
) -> None:
    """Use a special verb of a resource."""
    ops = open_ops()
    resource = resource_of(ops, name)
    plan = resource.run(verb, _selection(resource, keys, where, search), _pairs(values))
    _carry_out(ops, plan, dry_run, yes, partial)


def undo(
    change: Annotated[int, typer.Argument(help="Number of the change, as the journal shows it.", metavar="CHANGE")],
    dry_run: DryRun = False,
    yes: Yes = False,
    partial: Partial = False,
) -> None:
    """Take a change back."""
    ops = open_ops()
    _carry_out(ops, ops.undo(change), dry_run, yes, partial)


def _carry_out(ops: Ops, plan: Plan, dry_run: bool, yes: bool, partial: bool = False) -> None:
    for sentence in plan.sentences():
        typer.echo(sentence)
    fields = ops.resource(plan.resource).record.fields()
    for change in plan.changes[:50]:
        declared = fields.get(change.field)
        show = declared.show if declared is not None else str
        typer.echo(f"  {change.subject}  {change.field}: {show(change.before)} → {show(change.after)}")
    if len(plan.changes) > 50:
        typer.echo(f"  … and {len(plan.changes) - 50} more cells")
    if not partial:
        plan.require()
    if dry_run:
        typer.echo("Dry run: nothing was written.")
        return
    if not yes and not typer.confirm("Carry this out?"):
        raise typer.Abort()
    _report(ops.commit(plan, partial))


def _report(result: Result) -> None:
    for outcome in result.outcomes[:50]:
        typer.echo(f"{outcome.status}: {outcome.text}")
    for subject, password in result.generated.items():
        typer.echo(f"{subject}\t{password}")
    if result.change_id is None:
        typer.echo("Nothing to do.")
    else:
        typer.echo(
            f"Change {result.change_id}: {result.count} done. Take it back with: mailops undo {result.change_id}"
        )


# -- arguments ------------------------------------------------------------------------------------------------------
def resource_of(ops: Ops, name: str) -> Resource:
    """The resource of a name, for people who mistype."""
    if name not in ops.resources:
        raise UserError("value_not_choice", name, ", ".join(ops.resources))
    return ops.resource(name)


def _key(resource: Resource, text: str) -> Any:
    return (
        int(text) if text.isdecimal() and isinstance(resource.table.c[resource.key].type.python_type(), int) else text
    )


def _selection(resource: Resource, keys: Iterable[str] | None, where: str, search: str) -> Selection:
    if keys:
        return Selection.of(*(_key(resource, key) for key in keys))
    if not where and not search:
        raise UserError("nothing_selected")
    return Selection.matching(query_of(where, search))


def query_of(where: str, search: str) -> Query:
    """The query of the options --where and --search."""
    return Query.from_url(where).copy(search=search)


def _columns(resource: Resource, columns: str) -> list[str]:
    readable = {str(name): declared for name, declared in resource.fields.items() if not declared.secret}
    if columns == "all":
        return [name for name, declared in readable.items() if declared.csv]
    if columns:
        return [name.strip() for name in columns.split(",")]
    return [name for name, declared in readable.items() if declared.grid]


def _pairs(values: Iterable[str] | None) -> dict[str, str]:
    found = {}
    for entry in values or ():
        name, equals, value = entry.partition("=")
        if not equals:
            raise UserError("value_invalid", entry)
        found[name.strip()] = value
    return found


# -- output ---------------------------------------------------------------------------------------------------------
def _present(value: Any) -> Any:
    """None for the missing values of a frame."""
    return None if value is None or value != value or str(value) in {"NaT", "<NA>"} else value


def _plain(value: Any) -> Any:
    value = _present(value)
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)


def table(head: list[str], body: list[list[str]]) -> None:
    """Columns aligned to their widest cell; control characters never reach the terminal."""
    rows = [[printable(cell) for cell in row] for row in [head, *body]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def printable(text: str, most: int = 60) -> str:
    """Text for a terminal, cut to `most` characters."""
    flat = "".join(c if c.isprintable() else " " for c in text)
    return flat if len(flat) <= most else flat[: most - 1] + "…"
