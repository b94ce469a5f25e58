"""The form: sections and entries derived from a record; errors at their fields; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from dashboards.background import aside, sentence, start
from dashboards.looks import PAPER
from dashboards.preview import After, Review
from dashboards.widgets import Entry, SecretEntry, entry, help_text
from opslib.errors import Problem, ServerError, UserError
from opslib.fields import Field, choices_of
from opslib.passwords import Policy
from opslib.plan import Plan
from opslib.record import Record
from opslib.resource import Resource

GENERAL, STATE = "General", "State"
Submit = Callable[[Mapping[str, Any], Mapping[str, Any]], Plan]


@dataclass
class Sheet:
    """What a form asks: fields, their present values and choices, which are read-only, and the plan it makes.

    `submit` takes what was changed, as typed, and the values that were seen.
    """

    title: str
    fields: Mapping[str, Field]
    submit: Submit
    values: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    read_only: tuple[str, ...] = ()
    adding: bool = False
    doc: str = ""
    policy: Policy = field(default_factory=Policy)
    send_all: bool = False


def _policy(resource: Resource) -> Policy:
    try:
        return Policy.from_mapping(resource.site.keyvalue.hgetall("PASSWD_POLICY"))
    except ServerError:
        return Policy()


def _choices(resource: Resource, record: type[Record], names: Iterable[str]) -> dict[str, dict[Any, str]]:
    own = record is resource.record
    fields = record.fields()
    return {n: resource.choices(n) if own else choices_of(fields[n], resource.ops) for n in names if fields[n].choices}


def add_sheet(resource: Resource, given: Mapping[str, Any] | None = None) -> Sheet:
    """Form for a new row.  Reads choices: call it in a thread."""
    fields = {n: f for n, f in resource.record.fields().items() if f.on_add and resource.writable(n, adding=True)}
    values = {**resource.record.defaults(), **resource.defaults(given or {}), **(given or {})}
    return Sheet(
        f"Add {resource.singular}",
        fields,
        lambda changed, seen: resource.add(changed),
        values,
        _choices(resource, resource.record, fields),
        adding=True,
        doc=resource.doc,
        policy=_policy(resource),
    )


def edit_sheet(resource: Resource, key: Any) -> Sheet:
    """Form for an existing row.  Reads the row and choices: call it in a thread.

    Raises
    ------
    Denied
        When there is no such row, or not for this actor.
    """
    values = resource.get(key)
    fields = {n: f for n, f in resource.record.fields().items() if n in resource.fields or resource.writable(n)}
    read_only = tuple(n for n in fields if not (resource.may("edit") and resource.writable(n)))
    fields = {n: f for n, f in fields.items() if not (f.secret and n in read_only)}
    open_names = [n for n in fields if n not in read_only]
    return Sheet(
        f"{resource.singular[:1].upper()}{resource.singular[1:]} {key}",
        fields,
        lambda changed, seen: resource.edit_rows({key: changed}, {key: seen}),
        values,
        _choices(resource, resource.record, open_names),
        read_only,
        policy=_policy(resource),
    )


def verb_sheet(resource: Resource, verb: Any, selection: Any) -> Sheet:
    """Form for the questions of a special verb."""
    fields = verb.asks.fields()
    values = {name: declared.default for name, declared in fields.items()}
    return Sheet(
        verb.label,
        fields,
        lambda changed, seen: resource.run(verb.name, selection, changed),
        values,
        _choices(resource, verb.asks, fields),
        adding=True,
        doc=verb.doc,
        policy=_policy(resource),
        send_all=True,
    )


class Form(pn.viewable.Viewer):
    """Entries of a sheet: one section, or a tab for each group; only the open tab costs the browser anything."""

    def __init__(self, sheet: Sheet, **given: Any) -> None:
        super().__init__(**given)
        self.sheet = sheet
        open_fields = {name: declared for name, declared in sheet.fields.items() if name not in sheet.read_only}
        self.entries: dict[str, Entry] = {name: self._entry(name, declared) for name, declared in open_fields.items()}
        self.groups: dict[str, list[str]] = {}
        for name, declared in open_fields.items():
            self.groups.setdefault(declared.group or GENERAL, []).append(name)
        self.top = words.pane(visible=False)
        self.tabs = pmui.Tabs(*self._sections(), dynamic=True, sizing_mode="stretch_width", margin=0)

    def _entry(self, name: str, declared: Field) -> Entry:
        made = entry(declared, self.sheet.values.get(name), self.sheet.choices.get(name), adding=self.sheet.adding)
        if isinstance(made, SecretEntry):
            made.policy = self.sheet.policy
        return made

    # -- what was typed ------------------------------------------------------------------------------------------
    def changed(self) -> dict[str, Any]:
        """Values that the person touched or must give, as typed; for a verb's questions all of them."""
        return {n: e.raw for n, e in self.entries.items() if self._counts(n, e)}

    def _counts(self, name: str, entry_: Entry) -> bool:
        needed = self.sheet.adding and self.sheet.fields[name].required
        return self.sheet.send_all or needed or entry_.touched

    def seen(self) -> dict[str, Any]:
        """Values of the touched fields as the person saw them."""
        return {n: self.sheet.values.get(n) for n in self.changed() if not self.sheet.fields[n].secret}

    # -- errors --------------------------------------------------------------------------------------------------
    def check(self) -> bool:
        """Parse every touched field; show what is wrong at it."""
        problems: list[Problem] = []
        for name, entry_ in self.entries.items():
            if self._counts(name, entry_):
                try:
                    self.sheet.fields[name].parse(entry_.raw)
                except UserError as error:
                    problems += error.problems
        self.show(problems)
        return not problems

    def show(self, problems: Sequence[Problem]) -> None:
        """Put every problem at its field and open the tab of the first; those of no field stand on top."""
        at: dict[str, list[str]] = {}
        for problem in problems:
            at.setdefault(problem.field if problem.field in self.entries else "", []).append(problem.text)
        top = at.pop("", [])
        for name, entry_ in self.entries.items():
            entry_.fail(" ".join(at.get(name, [])))
        marked = [self.sheet.fields[name].label for name in at]
        hint = [f"Please mend: {', '.join(marked)}."] if marked else []
        self.top.object = words.wrap(words.tag("div", words.bullets([*top, *hint]), cls="bad"))
        self.top.visible = bool(top or hint)
        places = [place for place, names in enumerate(self.groups.values()) if set(names) & set(at)]
        if places and self.tabs.active not in places:
            self.tabs.active = places[0]

    # -- drawing -------------------------------------------------------------------------------------------------
    def _sections(self) -> list[tuple[str, Any]]:
        found = [(group, self._section(names)) for group, names in self.groups.items()]
        return [*found, (STATE, words.pane(self._state()))] if self.sheet.read_only else found

    def _section(self, names: Iterable[str]) -> pn.FlexBox:
        boxes = [pn.Column(self.entries[n], styles={"flex": "1 1 260px"}, min_width=0, margin=0) for n in names]
        return pn.FlexBox(*boxes, sizing_mode="stretch_width", align_items="start", gap="0", margin=(8, 0))

    def _state(self) -> str:
        """What this person can only read."""
        rows = []
        for name in self.sheet.read_only:
            declared = self.sheet.fields.get(name)
            if declared is not None:
                shown = declared.show(self.sheet.values.get(name))
                rows.append(
                    [
                        words.text(declared.label),
                        words.text(shown),
                        words.tag("span", words.text(help_text(declared)), cls="muted"),
                    ]
                )
        return words.table(["Field", "Value", ""], rows)

    def __panel__(self) -> pn.Column:
        doc = [words.pane(words.tag("p", words.text(self.sheet.doc), cls="muted"))] if self.sheet.doc else []
        plain = len(self.tabs) == 1
        return pn.Column(self.top, *doc, self.tabs[0] if plain else self.tabs, sizing_mode="stretch_width", margin=0)


class FormDialog(pn.viewable.Viewer):
    """A form in a dialog: full width on a phone."""

    def __init__(self, review: Review, **given: Any) -> None:
        super().__init__(**given)
        self.review = review
        self.form: Form | None = None
        self.after: After | None = None
        self.remake: Callable[[], Sheet] | None = None
        self.progress = pmui.LinearProgress(active=True, sizing_mode="stretch_width", visible=False)
        self.body = pn.Column(sizing_mode="stretch_width", margin=0)
        self.save_button = pmui.Button(label="Save", variant="contained", icon="save", on_click=lambda _: self.save())
        self.reload_button = pmui.Button(
            label="Reload, keep my values", variant="outlined", visible=False, on_click=lambda _: start(self._reload)
        )
        self.dialog = pmui.Dialog(
            self.progress,
            self.body,
            pn.FlexBox(
                self.save_button,
                self.reload_button,
                pmui.Button(label="Cancel", variant="text", on_click=lambda _: self.close()),
            ),
            title="",
            title_variant="h6",
            width_option="md",
            show_close_button=True,
            sx=PAPER,
        )

    def __panel__(self) -> pmui.Dialog:
        return self.dialog

    @property
    def is_open(self) -> bool:
        return bool(self.dialog.open)

    def close(self) -> None:
        self.dialog.open = False

    async def show(self, make: Callable[[], Sheet], after: After | None = None) -> None:
        """Make the sheet in a thread and open it."""
        self.remake, self.after = make, after
        self._fill(await aside(make))
        self.dialog.open = True

    def _fill(self, sheet: Sheet) -> None:
        self.form = Form(sheet)
        self.body.objects = [self.form]
        self.reload_button.visible = False
        writable = bool(self.form.entries)
        self.save_button.param.update(visible=writable, label="Add" if sheet.title.startswith("Add ") else "Save")
        self.dialog.title = sheet.title

    def save(self) -> None:
        """Check, plan, show what is to be minded, commit: in the background."""
        start(self._save)

    async def _save(self) -> None:
        form = self.form
        if form is None or self.progress.visible or not form.check():
            return
        changed, seen = form.changed(), form.seen()
        self.progress.visible = True
        try:
            await self.review.show(lambda: self._plan(form, changed, seen), self._done, sure=False)
        except Exception as error:  # noqa: BLE001 - the edge of the form; `sentence` logs what was not foreseen
            self._failed(form, error)
        finally:
            self.progress.visible = False

    @staticmethod
    def _plan(form: Form, changed: Mapping[str, Any], seen: Mapping[str, Any]) -> Plan:
        plan = form.sheet.submit(changed, seen)
        if form.sheet.adding:
            return plan
        if plan.empty and not plan.refused:
            raise UserError("nothing_to_change")
        return plan.require()

    def _failed(self, form: Form, error: Exception) -> None:
        problems = error.problems if isinstance(error, UserError | ServerError) else ()
        form.show(problems or [Problem(sentence(error))])
        self.reload_button.visible = any(problem.key == "row_changed" for problem in problems)

    async def _done(self, done: Any) -> None:
        self.close()
        if self.after is not None:
            await self.after(done)

    async def _reload(self) -> None:
        """Read the row again and put what was typed back into the form."""
        form = self.form
        if form is None or self.remake is None:
            return
        kept = form.changed()
        try:
            self._fill(await aside(self.remake))
        except Exception as error:  # noqa: BLE001 - the edge of the form; `sentence` logs what was not foreseen
            self._failed(form, error)
            return
        for name, raw in kept.items():
            if name in self.form.entries:
                put(self.form.entries[name], raw)


def put(entry_: Entry, raw: Any) -> None:
    """Type a value into an entry."""
    given = {"value": raw}
    if "value_input" in entry_.widget.param and isinstance(raw, str):
        given["value_input"] = raw
    entry_.widget.param.update(**given)
