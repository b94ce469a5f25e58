"""From a `Field` to the widget that asks for it.  What was typed stays text until the resource parses it."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import words
from opslib import fields as kinds
from opslib.fields import Field
from opslib.passwords import Policy, generate

STRETCH = {"sizing_mode": "stretch_width", "margin": (6, 8)}
SEARCHABLE = 12


def help_text(field: Field) -> str:
    """The field's documentation in one line."""
    return " ".join((field.doc or "").split())


def unique(choices: Mapping[Any, str]) -> dict[str, Any]:
    """{label: value}; labels that occur twice carry their value."""
    labels = list(map(str, choices.values()))
    return {
        str(label) if labels.count(str(label)) == 1 else f"{label} ({value})": value for value, label in choices.items()
    }


def strength(password: str) -> tuple[int, str]:
    """(bits, word) of a password: an upper bound from its length and the kinds of characters in it."""
    sets = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    size = sum(len(kind) for kind in sets if any(c in kind for c in password))
    size += 32 * any(c not in "".join(sets) for c in password)
    varied = min(len(password), 2 * len(set(password)))
    bits = round(varied * math.log2(size)) if size else 0
    return bits, "weak" if bits < 45 else "fair" if bits < 70 else "strong"


class Entry(pn.viewable.Viewer):
    """One field of a form: widget, value as typed, error."""

    def __init__(
        self,
        field: Field,
        value: Any = None,
        choices: Mapping[Any, str] | None = None,
        required: bool = False,
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self.field = field
        self.label = f"{field.label} *" if required else field.label
        self.widget = self._make(value, choices or {})
        self.first = self.raw

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        return self._text(self.field.show(value))

    def _text(self, value: str, cls: Any = pmui.TextInput, **given: Any) -> Any:
        return cls(
            label=self.label,
            value=value,
            helper_text=help_text(self.field),
            size="small",
            **{**STRETCH, **given},
        )

    @property
    def raw(self) -> Any:
        """What is typed now."""
        typed = getattr(self.widget, "value_input", None)
        return typed if isinstance(typed, str) and typed else self.widget.value

    @property
    def touched(self) -> bool:
        """Whether the person changed it."""
        return bool(self.raw != self.first)

    def fail(self, text: str) -> None:
        """Show an error at the field; "" takes it away."""
        self.widget.param.update(error_state=bool(text), helper_text=text or help_text(self.field))

    def __panel__(self) -> Any:
        return self.widget


class TextEntry(Entry):
    """One line: text, numbers, sizes, moments."""


class SizeEntry(Entry):
    """A size with its unit."""

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        exact = value is None or kinds.Bytes.size(self.field.show(value)) == value
        shown = self.field.show(value) if exact else f"{value // kinds.MIB} MiB"
        return self._text(shown, placeholder="3 GiB, 500 MiB, 0 = unlimited")


class LongEntry(Entry):
    """Several lines."""

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        return self._text(self.field.dump(value), pmui.TextAreaInput, auto_grow=True, rows=3)


class LinesEntry(Entry):
    """A list, one entry a line."""

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        return self._text("\n".join(value or ()), pmui.TextAreaInput, auto_grow=True, rows=2)


class FlagEntry(Entry):
    """Yes or no."""

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        self.switch = pmui.Switch(label=self.label, value=bool(value), margin=(6, 8))
        self.note = words.pane(self._note(help_text(self.field)), margin=(0, 10))
        return self.switch

    @staticmethod
    def _note(text: str, bad: bool = False) -> str:
        return words.tag("span", words.text(text), cls="bad" if bad else "muted") if text else ""

    def fail(self, text: str) -> None:
        self.note.object = words.wrap(self._note(text, True) if text else self._note(help_text(self.field)))

    def __panel__(self) -> Any:
        return pn.Column(self.switch, self.note, sizing_mode="stretch_width", margin=(2, 0))


class ChoiceEntry(Entry):
    """One of a list."""

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        options = unique(choices)
        if value not in options.values():
            nothing = "choose …" if self.field.required else "—"
            options = {nothing if value in (None, "") else str(value): value, **options}
        return self._text(value, pmui.Select, options=options, searchable=len(options) > SEARCHABLE)

    @property
    def raw(self) -> Any:
        return self.widget.value


class BitsEntry(Entry):
    """Any of a list."""

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        self.boxes = pmui.CheckBoxGroup(label=self.label, options=unique(choices), value=list(value or ()), **STRETCH)
        self.note = words.pane(FlagEntry._note(help_text(self.field)), margin=(0, 10))
        return self.boxes

    fail = FlagEntry.fail
    _note = staticmethod(FlagEntry._note)

    @property
    def raw(self) -> Any:
        return list(self.boxes.value)

    def __panel__(self) -> Any:
        return pn.Column(self.boxes, self.note, sizing_mode="stretch_width", margin=(2, 0))


class SecretEntry(Entry):
    """A password: typed, or generated; how strong it is, at most."""

    policy = Policy()

    def _make(self, value: Any, choices: Mapping[Any, str]) -> Any:
        widget = self._text("", pmui.PasswordInput, sx={"& .MuiIconButton-root": {"color": "inherit"}})
        widget.param.watch(lambda event: self._judge(event.new or ""), ["value_input"])
        self.generate = pmui.Button(
            label="Generate",
            size="small",
            variant="outlined",
            margin=(6, 8),
            on_click=lambda _: self._generate(),
        )
        self.made = words.pane(visible=False)
        return widget

    def _judge(self, typed: str) -> None:
        bits, word = strength(typed)
        text = f"At most {bits} bits: {word}" if typed else help_text(self.field)
        self.widget.param.update(helper_text=text, error_state=False)
        self.made.visible = False

    def _generate(self) -> None:
        password = generate(self.policy)
        self.widget.param.update(value=password, value_input=password)
        shown = words.tag("span", "Generated, shown only here: ") + words.tag("code", words.text(password))
        self.made.param.update(object=words.wrap(shown), visible=True)

    def __panel__(self) -> Any:
        rules = words.pane(words.tag("span", words.text(" ".join(self.policy.sentences())), cls="muted"))
        return pn.Column(
            self.widget, pn.FlexBox(self.generate), self.made, rules, sizing_mode="stretch_width", margin=0
        )


ENTRIES: tuple[tuple[Callable[[Field], bool], type[Entry]], ...] = (
    (lambda f: f.secret, SecretEntry),
    (lambda f: isinstance(f, kinds.Flag), FlagEntry),
    (lambda f: isinstance(f, kinds.Bits), BitsEntry),
    (lambda f: isinstance(f, kinds.Choice), ChoiceEntry),
    (lambda f: isinstance(f, kinds.Lines), LinesEntry),
    (lambda f: isinstance(f, kinds.Multiline | kinds.Json), LongEntry),
    (lambda f: isinstance(f, kinds.Bytes), SizeEntry),
)


def entry(
    field: Field,
    value: Any = None,
    choices: Mapping[Any, str] | None = None,
    adding: bool = False,
) -> Entry:
    """The entry of a field.  Other kinds with `choices` are chosen from a list too."""
    cls = next((cls for fits, cls in ENTRIES if fits(field)), TextEntry)
    if cls is TextEntry and choices:
        cls = ChoiceEntry
    return cls(field, value, choices, required=bool(field.required and adding))
