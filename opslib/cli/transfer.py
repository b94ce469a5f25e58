"""`mailops import | export`: CSV files of any resource."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from opslib import csvfile
from opslib.cli.edge import open_ops, spoken
from opslib.cli.rows import Columns, DryRun, Name, Search, Where, Yes, printable, query_of, resource_of, table
from opslib.csvfile.options import Passwords
from opslib.errors import UserError

SHOWN = 20

File = Annotated[Path, typer.Argument(help="CSV file.", metavar="FILE")]
Update = Annotated[
    bool, typer.Option("--update", "-u", help="Also change rows that exist; otherwise they are left out.")
]
Clear = Annotated[bool, typer.Option("--clear", help="With --update: an empty cell empties the field.")]
Template = Annotated[str, typer.Option("--template", "-t", help="Template for new mailboxes or domains, by name.")]
Delimiter = Annotated[str | None, typer.Option(help="What parts cells: , ; tab or |. Guessed when left out.")]
Encoding = Annotated[str | None, typer.Option(help="Encoding, like utf-8 or cp1252. Guessed when left out.")]
Header = Annotated[bool | None, typer.Option("--header/--no-header", help="Whether the first row names the columns.")]
Map = Annotated[
    list[str] | None, typer.Option("--map", "-m", help="COLUMN=FIELD, or COLUMN= to leave it out; several times.")
]
Rejects = Annotated[Path | None, typer.Option(help="Write the rows that are not taken here, to be mended.")]
Passwords_ = Annotated[str, typer.Option("--passwords", help="keep, or generate for new rows without one.")]
Results = Annotated[
    Path | None, typer.Option(help="Write passwords that were made here (mode 600), not to the screen.")
]
Hashes = Annotated[bool, typer.Option("--with-hashes", help="With password hashes, to move to another server.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write (mode 600); standard output if none.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (import_, export):
        app.command(command.__name__.rstrip("_"))(spoken(command))


def export(
    name: Name,
    where: Where = "",
    search: Search = "",
    columns: Columns = "all",
    output: Output = None,
    hashes: Hashes = False,
) -> None:
    """Write rows as CSV (RFC 4180, UTF-8); passwords are left out unless hashes are asked for."""
    resource = resource_of(open_ops(), name)
    names = None if columns == "all" else [part.strip() for part in columns.split(",") if part.strip()]
    query = query_of(where, search)
    if output is not None:
        csvfile.export_file(resource, output, query, names, hashes)
        return
    for piece in csvfile.export(resource, query, names, hashes):
        sys.stdout.buffer.write(piece.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def import_(
    name: Name,
    file: File,
    dry_run: DryRun = False,
    update: Update = False,
    clear: Clear = False,
    template: Template = "",
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    columns: Map = None,
    rejects: Rejects = None,
    passwords: Passwords_ = "keep",
    results: Results = None,
    yes: Yes = False,
) -> None:
    """Add rows of a CSV file, and with --update change those that exist.  What it would do is shown first."""
    resource = resource_of(open_ops(), name)
    diff = csvfile.dry_run(
        resource,
        file,
        columns=_chosen(columns),
        update=update,
        clear=clear,
        use_template=template,
        passwords=_passwords(passwords),
        delimiter=delimiter,
        encoding=encoding,
        header=header,
    )
    _show(diff)
    counts = diff.counts
    if rejects is not None and (dry_run or not counts["add"] + counts["change"]):
        csvfile.write_rejects(diff, csvfile.rejected(diff), rejects)
    if dry_run:
        typer.echo("Dry run: nothing was written.")
        return
    if not counts["add"] + counts["change"]:
        typer.echo("Nothing to do.")
        raise typer.Exit(3 if counts["reject"] else 0)
    if not yes and not typer.confirm("Carry this out?"):
        raise typer.Abort()
    _carry_out(diff, rejects, results)


def _carry_out(diff: csvfile.Diff, rejects: Path | None, results: Path | None) -> None:
    report = csvfile.commit(diff, progress=_progress if sys.stderr.isatty() else None, results=results)
    for sentence in report.sentences():
        typer.echo(sentence)
    if rejects is not None:
        report.write_rejects(rejects)
    for subject, password in report.generated.items():
        typer.echo(f"{subject}\t{password}")
    if report.rejects:
        raise typer.Exit(3)


def _progress(progress: csvfile.Progress) -> None:
    typer.echo(f"\r\033[K{progress.text}", err=True, nl=progress.done == progress.total)


def _show(diff: csvfile.Diff) -> None:
    for sentence in diff.guess.sentences():
        typer.echo(sentence)
    columns = diff.table.columns
    table(["Column", "Field"], [[column, diff.columns.get(n, "left out")] for n, column in enumerate(columns)])
    for sentence in diff.sentences():
        typer.echo(sentence)
    _show_changes(diff)
    lines = diff.lines("reject")
    fields = diff.resource.record.fields()
    for line in lines[:SHOWN]:
        for name, reason in diff.reasons(line):
            label = f"{fields[name].label}: " if name in fields else ""
            typer.echo(printable(f"  line {line}  {diff.verdict(line).subject}  {label}{reason}", 200))
    if len(lines) > SHOWN:
        typer.echo(f"  … and {len(lines) - SHOWN:,} more; --rejects FILE writes them all")


def _show_changes(diff: csvfile.Diff) -> None:
    lines = diff.lines("change")
    for line in lines[:SHOWN]:
        cells = "; ".join(f"{name}: {before} → {after}" for name, before, after in diff.changes(line))
        typer.echo(printable(f"  line {line}  {diff.verdict(line).subject}  {cells}", 200))
    if len(lines) > SHOWN:
        typer.echo(f"  … and {len(lines) - SHOWN:,} more rows to change")


def _chosen(entries: list[str] | None) -> dict[str, str]:
    found = {}
    for entry in entries or ():
        column, equals, name = entry.rpartition("=")
        if not equals:
            raise UserError("value_invalid", entry)
        found[column] = name.strip()
    return found


def _passwords(text: str) -> Passwords:
    if text == "keep":
        return "keep"
    if text == "generate":
        return "generate"
    raise UserError("value_not_choice", text, "keep, generate")
