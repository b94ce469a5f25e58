"""The import dialog: a file, how it is read, what it would do row by row, and the import itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from dashboards import toasts, words
from dashboards.background import aside, edge, sentence, start
from dashboards.downloads import Taker
from dashboards.looks import PAPER
from dashboards.preview import After
from opslib import csvfile
from opslib.csvfile.options import TEMPLATE
from opslib.errors import ServerError, UserError
from opslib.resource import Resource

MOST_MB = 100
ROWS = 50
COLUMNS = 60
TICK = 0.3
LEFT_OUT = "— left out —"
LABELS = {"add": "To add", "change": "To change", "unchanged": "Unchanged", "reject": "Not taken"}
FIXED = {"verdict": "Verdict", "reasons": "Reasons", "changes": "Changes"}
FLAT = {"& .MuiToggleButton-root": {"whiteSpace": "nowrap", "padding": "4px 10px"}}
SMALL: dict[str, Any] = {"size": "small", "width": 200}


class Reading(pn.viewable.Viewer):
    """How the file is read and what is done with its rows; all of it can be changed."""

    def __init__(self, resource: Resource, **given: Any) -> None:
        super().__init__(**given)
        self.resource = resource
        fields = resource.record.fields()
        self.encoding = pmui.Select(label="Encoding", options={v: k for k, v in csvfile.ENCODINGS.items()}, **SMALL)
        self.delimiter = pmui.Select(label="Delimiter", options={v: k for k, v in csvfile.DELIMITERS.items()}, **SMALL)
        self.header = pmui.Checkbox(label="The first row names the columns", value=True)
        self.mode = pmui.RadioButtonGroup(
            options={"Only add": False, "Add and change": True}, value=False, size="small", margin=(10, 10), sx=FLAT
        )
        self.clear = pmui.Checkbox(label="Empty cells empty the field", visible=False)
        self.template = pmui.Select(label="Template", options={"none": ""}, value="", visible=False, **SMALL)
        secret = any(f.secret and f.on_add for f in fields.values())
        self.generate = pmui.Checkbox(label="Make passwords where none is given", visible=secret)
        self.mapping = pn.FlexBox(sizing_mode="stretch_width", margin=0)
        self.columns: list[pmui.Select] = []
        self.mode.param.watch(lambda event: self.clear.param.update(visible=bool(event.new)), "value")

    def fill(self, diff: csvfile.Diff, templates: Mapping[Any, str]) -> None:
        """Show how a file was read."""
        self.encoding.value, self.delimiter.value = diff.guess.encoding, diff.guess.delimiter
        self.header.value = diff.guess.header
        if diff.guess.delimiter not in self.delimiter.options.values():
            self.delimiter.options = {**self.delimiter.options, diff.guess.delimiter: diff.guess.delimiter}
        self.template.param.update(
            options={"none": "", **{str(v): str(k) for k, v in templates.items()}}, visible=bool(templates)
        )
        fields = csvfile.importable(self.resource)
        options = {LEFT_OUT: "", **{f"{f.label} ({name})": name for name, f in fields.items()}}
        self.columns = [
            pmui.Select(
                label=name[:60] or f"column {place + 1}",
                options=options,
                value=diff.columns.get(place, ""),
                searchable=True,
                **SMALL,
            )
            for place, name in enumerate(diff.table.columns[:COLUMNS])
        ]
        self.mapping.objects = list(self.columns)

    def how(self) -> dict[str, Any]:
        """What `csvfile.dry_run` is told."""
        return {"encoding": self.encoding.value, "delimiter": self.delimiter.value, "header": bool(self.header.value)}

    def chosen(self, columns: tuple[str, ...]) -> dict[str, str]:
        """Fields by column, as they stand in the dialog."""
        pairs = zip(columns, self.columns, strict=False)
        found: dict[str, str] = {}
        for name, select in pairs:
            found.setdefault(name, select.value or "")
        return found

    def options(self) -> dict[str, Any]:
        """What is done with the rows."""
        update = bool(self.mode.value)
        return {
            "update": update,
            "clear": update and bool(self.clear.value),
            "use_template": self.template.value or "",
            "passwords": "generate" if self.generate.value else "keep",
        }

    def __panel__(self) -> pn.Column:
        line = {"sizing_mode": "stretch_width", "align_items": "center", "margin": 0}
        return pn.Column(
            pn.FlexBox(self.encoding, self.delimiter, self.header, **line),
            pn.FlexBox(self.mode, self.clear, self.template, self.generate, **line),
            pmui.Accordion(
                ("Columns and fields", self.mapping),
                active=[],
                title_variant="subtitle2",
                sizing_mode="stretch_width",
                margin=(4, 6),
            ),
            sizing_mode="stretch_width",
            margin=0,
        )


class DiffTable(pn.viewable.Viewer):
    """The verdicts, some rows at a time; a cell that is changed is judged again."""

    def __init__(self, mended: Callable[[], None], **given: Any) -> None:
        super().__init__(**given)
        self.mended = mended
        self.diff: csvfile.Diff | None = None
        self.quiet = False
        self.kind = pmui.Select(label="Rows", options={"All": ""}, value="", **SMALL)
        self.back = pmui.IconButton(icon="chevron_left", description="Earlier rows", on_click=lambda _: self._turn(-1))
        self.forth = pmui.IconButton(icon="chevron_right", description="Later rows", on_click=lambda _: self._turn(1))
        self.place = words.pane(sizing_mode=None, margin=(10, 4))
        self.body = pn.Column(sizing_mode="stretch_width", min_height=340, margin=0, min_width=0)
        self.start = 0
        self.kind.param.watch(lambda _: self._first(), "value")

    def fill(self, diff: csvfile.Diff) -> None:
        """Show a diff from its start: the rows that are not taken first, if there are any."""
        self.diff = diff
        self.start = 0
        self._count()
        self.quiet = True
        self.kind.value = "reject" if diff.counts["reject"] else ""
        self.quiet = False
        self._draw()

    def _count(self) -> None:
        if self.diff is not None:
            counts = self.diff.counts
            kinds = {f"{LABELS[kind]}: {count:,}": kind for kind, count in counts.items()}
            self.quiet = True
            self.kind.param.update(options={f"All: {sum(counts.values()):,}": "", **kinds}, value=self.kind.value)
            self.quiet = False

    def _first(self) -> None:
        if self.quiet:
            return
        self.start = 0
        self._draw()

    def _turn(self, by: int) -> None:
        self.start = max(self.start + by * ROWS, 0)
        self._draw()

    def _draw(self) -> None:
        diff = self.diff
        if diff is None:
            return
        kind: Any = self.kind.value or None
        total = diff.counts[kind] if kind else len(diff.verdicts)
        frame = diff.page(kind, self.start, ROWS)
        frame["verdict"] = [LABELS[kind] for kind in frame["verdict"]]
        frame["changes"] = [
            "; ".join(f"{n}: {a or '–'} → {b}" for n, a, b in diff.changes(line)) for line in frame.index
        ]
        frame = frame[[*FIXED, *diff.names]]
        self.body.objects = [self._table(diff, frame)]
        last = min(self.start + ROWS, total)
        self.place.object = words.wrap(words.text(f"{self.start + 1 if total else 0:,}–{last:,} of {total:,}"))
        self.back.disabled, self.forth.disabled = self.start == 0, last >= total

    def _table(self, diff: csvfile.Diff, frame: pd.DataFrame) -> pn.widgets.Tabulator:
        """A table of its own for each draw: one that is filled while it is hidden may stay empty."""
        labels = {name: words.text(diff.judge.fields[name].label) for name in diff.names}
        made = pn.widgets.Tabulator(
            frame,
            editors={**dict.fromkeys(("line", *FIXED)), **dict.fromkeys(diff.names, "input")},
            titles={"line": "Line", **FIXED, **labels},
            formatters={name: {"type": "textarea"} for name in frame.columns},
            theme="simple",
            layout="fit_data_table",
            pagination=None,
            selectable=False,
            configuration={"columnDefaults": {"maxWidth": 320}},
            sizing_mode="stretch_width",
            height=340,
            margin=(0, 10),
        )
        lines = [int(line) for line in frame.index]
        made.on_edit(lambda event: start(partial(self._edited, made, lines[event.row], event)))
        return made

    @edge
    async def _edited(self, made: pn.widgets.Tabulator, line: int, event: Any) -> None:
        diff, name = self.diff, event.column
        if diff is None or name not in diff.names:
            return
        text = await _typed(made, line, name, event.old)
        try:
            verdict = await aside(diff.fix, line, name, text)
            told = "" if verdict.kind != "reject" else f" {verdict.reasons}"
            toasts.show("warning" if told else "success", f"Line {line}: {LABELS[verdict.kind].lower()}.{told}")
        finally:
            self._count()
            self._draw()
            self.mended()

    def __panel__(self) -> pn.Column:
        bar = pn.FlexBox(
            self.kind, self.back, self.place, self.forth, sizing_mode="stretch_width", align_items="center"
        )
        return pn.Column(bar, self.body, sizing_mode="stretch_width", margin=0, min_width=0)


async def _typed(made: pn.widgets.Tabulator, line: int, name: str, old: Any) -> str:
    """Text of an edited cell; the news of an edit may come before the data."""
    for _ in range(20):
        found = made.value.at[line, name]
        if found != old:
            break
        await asyncio.sleep(TICK / 6)
    return "" if found is None else str(found)


class ImportDialog(pn.viewable.Viewer):
    """The whole way from a file to the report."""

    def __init__(self, resource: Resource, after: After, **given: Any) -> None:
        super().__init__(**given)
        self.resource, self.after = resource, after
        self.source: csvfile.Source | None = None
        self.diff: csvfile.Diff | None = None
        self.halt = threading.Event()
        self.now: csvfile.Progress | None = None
        self.drop = pn.widgets.FileDropper(
            multiple=False,
            max_file_size=f"{MOST_MB}MB",
            sizing_mode="stretch_width",
            height=110,
            margin=(0, 10, 22, 10),
        )
        self.reading = Reading(resource)
        self.table = DiffTable(self._armed)
        self.told = words.pane()
        self.progress = pmui.LinearProgress(active=True, sizing_mode="stretch_width", visible=False)
        self.check_button = pmui.Button(
            label="Check again", icon="fact_check", variant="outlined", on_click=lambda _: start(self.check)
        )
        self.commit_button = pmui.Button(
            label="Import",
            icon="file_upload",
            variant="contained",
            disabled=True,
            on_click=lambda _: start(self.commit),
        )
        self.cancel_button = pmui.Button(
            label="Stop",
            icon="stop",
            color="error",
            variant="outlined",
            visible=False,
            on_click=lambda _: self.halt.set(),
        )
        self.rejects, self.passwords = Taker(resource), Taker(resource)
        self.middle = pn.Column(
            self.reading, self.table, sizing_mode="stretch_width", margin=0, min_width=0, visible=False
        )
        self.dialog = pmui.Dialog(
            self.progress,
            self.drop,
            self.told,
            pn.FlexBox(
                self.commit_button,
                self.check_button,
                self.cancel_button,
                self.passwords,
                self.rejects,
                pmui.Button(label="Close", variant="text", on_click=lambda _: self.close()),
            ),
            self.middle,
            title=f"Import {resource.label.lower()}",
            title_variant="h6",
            width_option="xl",
            show_close_button=True,
            sx=PAPER,
        )
        self.drop.param.watch(lambda event: start(self._uploaded), "value")

    def __panel__(self) -> pmui.Dialog:
        return self.dialog

    @property
    def busy(self) -> bool:
        return bool(self.progress.visible)

    def close(self) -> None:
        """Hide the dialog; an import that runs goes on."""
        self.dialog.open = False

    def open(self) -> None:
        """Begin with a file, unless one is at work."""
        if not self.busy:
            self._forget()
        self.dialog.open = True

    def _forget(self) -> None:
        self.source = self.diff = None
        self.drop.value = {}
        self.middle.visible = self.check_button.visible = False
        self.commit_button.disabled = True
        self._say("Drop a CSV file, or choose one. Nothing is written before you say so.", "muted")
        self.rejects.hide()
        self.passwords.hide()

    def _say(self, text: str, cls: str = "") -> None:
        self.told.object = words.wrap(words.tag("p", words.text(text), cls=cls))

    # -- dry run -------------------------------------------------------------------------------------------------
    @edge
    async def _uploaded(self) -> None:
        if not self.drop.value or self.busy:
            return
        name, data = next(iter(self.drop.value.items()))
        raw = data if isinstance(data, bytes) else str(data).encode()
        self.source = csvfile.Source.of(raw, name)
        self.rejects.hide()
        self.passwords.hide()
        await self._judge(first=True)

    @edge
    async def check(self) -> None:
        """Judge the file again, read as the dialog says now."""
        if not self.busy:
            await self._judge()

    async def _judge(self, first: bool = False) -> None:
        source = self.source
        if source is None:
            return
        how, options = ({} if first else self.reading.how()), self.reading.options()
        same = not first and self.diff is not None and self._read_alike(self.diff)
        columns = self.reading.chosen(self.diff.table.columns) if same and self.diff is not None else None
        self.progress.visible = True
        try:
            diff = await aside(lambda: csvfile.dry_run(self.resource, source, columns=columns, **options, **how))
            templates = (
                await aside(self.resource.choices, TEMPLATE) if TEMPLATE in self.resource.record.fields() else {}
            )
        except Exception as error:  # noqa: BLE001 - the edge of the dialog; `sentence` logs what was not foreseen
            self.diff = None if first else self.diff
            self.middle.visible, self.commit_button.disabled = not first, True
            self._say(sentence(error), "bad")
            return
        finally:
            self.progress.visible = False
        self._show(diff, templates)

    def _read_alike(self, diff: csvfile.Diff) -> bool:
        """Whether the columns are still those that the dialog shows."""
        how = self.reading.how()
        return (how["delimiter"], how["header"], how["encoding"]) == (
            diff.guess.delimiter,
            diff.guess.header,
            diff.guess.encoding,
        )

    def _show(self, diff: csvfile.Diff, templates: Mapping[Any, str]) -> None:
        self.diff = diff
        self.reading.fill(diff, templates)
        self.table.fill(diff)
        self.middle.visible = self.check_button.visible = True
        self._armed()

    def _armed(self) -> None:
        diff = self.diff
        if diff is not None:
            self.told.object = words.wrap(words.bullets([*diff.sentences(), " ".join(diff.guess.sentences())]))
            self.commit_button.disabled = not diff.counts["add"] + diff.counts["change"]

    # -- import --------------------------------------------------------------------------------------------------
    @edge
    async def commit(self) -> None:
        """Carry it out, and tell how far it is."""
        diff = self.diff
        if diff is None or self.busy:
            return
        self.halt.clear()
        self._at_work(True)
        try:
            report = await self._carried(diff)
        except (UserError, ServerError) as error:
            self._say(f"{error} Check again to go on from where it stopped.", "bad")
            return
        finally:
            self._at_work(False)
        await self._reported(report)

    async def _carried(self, diff: csvfile.Diff) -> csvfile.Report:
        work = asyncio.ensure_future(
            aside(csvfile.commit, diff, progress=lambda p: setattr(self, "now", p), cancelled=self.halt.is_set)
        )
        while not work.done():
            if self.now is not None:
                self.progress.param.update(
                    active=False, variant="determinate", value=int(100 * self.now.done / max(self.now.total, 1))
                )
                self._say(self.now.text)
            await asyncio.wait([work], timeout=TICK)
        return work.result()

    def _at_work(self, on: bool) -> None:
        self.now = None
        self.progress.param.update(visible=on, active=True, variant="indeterminate")
        self.cancel_button.visible = on
        self.commit_button.disabled = True
        self.check_button.disabled = self.drop.disabled = on

    async def _reported(self, report: csvfile.Report) -> None:
        self.told.object = words.wrap(words.bullets(report.sentences()))
        self.middle.visible = False
        name = self.resource.name
        if report.rejects:
            await self.rejects.offer(report.rejects_text, f"{name}-not-taken.csv")
        if report.generated:
            await self.passwords.offer(lambda: [report.results_text()], f"{name}-passwords.csv")
            report.generated.clear()
        self.diff = None
        toasts.show("success", next(report.sentences()))
        await self.after(report)
