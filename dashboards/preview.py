"""A plan in front of a person: what it would do, what else goes, what is left out; then the commit."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import panel as pn
import panel_material_ui as pmui

from dashboards import toasts, words
from dashboards.background import aside, edge, sentence, start
from dashboards.looks import CLOSE
from dashboards.place import join
from dashboards.secret import Revealed
from opslib.commit import Result
from opslib.errors import Conflict, ServerError, UserError
from opslib.fields import Field
from opslib.plan import Change, Plan

if TYPE_CHECKING:
    from opslib.ops import Ops

MOST = 200
SURE = 10
After = Callable[[Result], Coroutine[Any, Any, None]]


def _value(fields: Mapping[str, Field], change: Change, value: Any) -> str:
    field = fields.get(change.field)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field is None or (field.secret and value == "changed"):
        return "" if value is None else str(value)
    return field.show(value)


def changes_table(changes: Iterable[Change], fields: Mapping[str, Field], adding: bool = False) -> str:
    """Markup: row, field, before, after; the row is left out where there is only one, which the title names."""
    found = list(changes)
    many = len({change.subject for change in found}) > 1
    rows = []
    for change in found[:MOST]:
        label = fields[change.field].label if change.field in fields else change.field
        before, after = (_value(fields, change, value) for value in (change.before, change.after))
        if adding and not after:
            continue
        old = (
            []
            if adding
            else [words.tag("del", words.text(before)) if before else words.tag("span", "empty", cls="muted")]
        )
        new = words.tag("ins", words.text(after)) if after else words.tag("span", "empty", cls="muted")
        subject = [words.text(change.subject)] if many else []
        rows.append([*subject, words.text(label), *old, new])
    heads = [*(["Row"] if many else []), "Field", *(["Value"] if adding else ["Before", "After"])]
    more = words.tag("p", words.text(f"and {len(found) - MOST:,} more"), cls="muted") if len(found) > MOST else ""
    return words.table(heads, rows) + more if rows else ""


def markup(plan: Plan, fields: Mapping[str, Field]) -> str:
    """Everything a person should see of a plan before committing it."""
    parts = []
    if plan.blast and any(blast.count for blast in plan.blast):
        lines = [f"{blast.count:,} {blast.what}" for blast in plan.blast if blast.count]
        parts.append(words.tag("div", words.tag("h4", "This also affects"), words.bullets(lines), cls="bad"))
    if plan.warnings:
        parts.append(
            words.tag("div", words.tag("h4", "Please note"), words.bullets(w.text for w in plan.warnings), cls="warn")
        )
    if plan.refused:
        refused = [f"{o.subject}: {o.text}" for o in plan.refused]
        parts.append(words.tag("div", words.tag("h4", "Left out"), words.bullets(refused), cls="bad"))
    parts.append(changes_table(plan.changes, fields, adding=plan.verb == "add"))
    if plan.verb == "delete" and plan.count:
        gone = list(dict.fromkeys(o.subject for o in plan.outcomes if o.status == "success" and o.subject))
        parts.append(words.tag("h4", "To be deleted") + words.bullets(gone, 20))
    if plan.effects:
        parts.append(words.tag("h4", "Done right after") + words.bullets((e.label for e in plan.effects), 10))
    return "".join(parts)


class Review(pn.viewable.Viewer):
    """The dialog that shows a plan and commits it."""

    def __init__(self, ops: Ops, **given: Any) -> None:
        super().__init__(**given)
        self.ops = ops
        self.plan: Plan | None = None
        self.remake: Callable[[], Plan] | None = None
        self.renew: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.after: After | None = None
        self.body = words.pane()
        self.problem = words.pane(visible=False)
        self.typed = pmui.TextInput(label="", sizing_mode="stretch_width", visible=False)
        self.typed.param.watch(lambda _: self._arm(), "value_input")
        self.progress = pmui.LinearProgress(active=True, sizing_mode="stretch_width", visible=False)
        self.commit_button = pmui.Button(
            label="Commit", variant="contained", icon="check", on_click=lambda _: self.commit()
        )
        self.reload_button = pmui.Button(
            label="Reload, keep my values", variant="outlined", visible=False, on_click=lambda _: start(self._renewed)
        )
        self.dialog = pmui.Dialog(
            self.progress,
            self.problem,
            self.body,
            self.typed,
            pn.FlexBox(
                self.commit_button,
                self.reload_button,
                pmui.Button(label="Cancel", variant="text", on_click=lambda _: self.close()),
            ),
            title="",
            title_variant="h6",
            width_option="md",
            show_close_button=True,
            sx=CLOSE,
        )
        self.revealed = Revealed()
        self.details = Details()

    def __panel__(self) -> pn.Column:
        return pn.Column(self.dialog, self.revealed, self.details, margin=0)

    @property
    def is_open(self) -> bool:
        return bool(self.dialog.open)

    def close(self) -> None:
        self.dialog.open = False

    # -- showing -------------------------------------------------------------------------------------------------
    async def show(
        self,
        make: Callable[[], Plan],
        after: After | None = None,
        renew: Callable[[], Coroutine[Any, Any, None]] | None = None,
        sure: bool = True,
    ) -> Plan | None:
        """Make the plan in a thread and show it; with `sure` False commit at once when there is nothing to mind.

        Raises
        ------
        UserError
            When no plan can be made at all; nothing is shown then.
        """
        self.remake, self.after, self.renew = make, after, renew
        plan = await aside(make)
        self.plan = plan
        if not sure and not self.to_mind(plan):
            await self._commit()
            return plan
        self._draw(plan)
        self.dialog.open = True
        return plan

    @staticmethod
    def to_mind(plan: Plan) -> bool:
        """Whether a person should look before this is committed."""
        return bool(plan.warnings or plan.refused or plan.irrevocable or any(b.count for b in plan.blast))

    def _draw(self, plan: Plan) -> None:
        fields = self.fields(plan)
        self.dialog.title = plan.label or "Nothing to do"
        nothing = "" if not plan.empty else words.tag("p", words.text("Nothing would change."), cls="muted")
        self.body.object = words.wrap(nothing + markup(plan, fields))
        self.problem.visible = False
        self.reload_button.visible = any(o.key == "row_changed" for o in plan.refused) and self.renew is not None
        self._ask_word(plan)
        others = f"Commit the other {plan.count}" if plan.refused and plan.count else "Commit"
        self.commit_button.param.update(
            label="Delete" if plan.verb == "delete" and not plan.refused else others,
            color="error" if plan.verb == "delete" else "primary",
        )
        self._arm()

    def fields(self, plan: Plan) -> Mapping[str, Field]:
        """Fields to show the plan's values with."""
        resource = self.ops.resource(plan.resource)
        return resource.record.fields()

    def _ask_word(self, plan: Plan) -> None:
        many = plan.verb == "delete" and plan.count > SURE
        self.typed.param.update(
            visible=many, value="", value_input="", label=f"Type {plan.count} to confirm" if many else ""
        )

    def _arm(self) -> None:
        plan = self.plan
        if plan is None:
            return
        ready = not plan.empty and not (self.typed.visible and self.typed.value_input.strip() != str(plan.count))
        self.commit_button.disabled = not ready

    # -- committing ----------------------------------------------------------------------------------------------
    def commit(self) -> None:
        """Commit what is shown, in the background."""
        if self.plan is not None and not self.commit_button.disabled:
            start(self._commit)

    async def _commit(self) -> None:
        plan = self.plan
        if plan is None:
            return
        self.progress.visible = self.commit_button.disabled = True
        try:
            done = await aside(self.ops.commit, plan, bool(plan.refused))
        except Exception as error:  # noqa: BLE001 - the edge of the dialog; `sentence` logs what was not foreseen
            self._failed(error)
            return
        finally:
            self.progress.visible = False
        self.close()
        self.plan = None
        toasts.result(done)
        self.details.show(done)
        if done.generated:
            self.revealed.show(done.generated)
        if self.after is not None:
            await self.after(done)

    def _failed(self, error: Exception) -> None:
        self.problem.object = words.wrap(words.tag("p", words.text(sentence(error)), cls="bad"))
        self.problem.visible = True
        self.reload_button.visible = isinstance(error, Conflict)
        self.commit_button.disabled = not isinstance(error, ServerError)
        self.dialog.open = True
        if isinstance(error, UserError) and not self.dialog.open:
            toasts.show("warning", str(error))

    @edge
    async def _renewed(self) -> None:
        """Take the present values as seen and plan again, keeping what was typed."""
        if self.renew is not None:
            await self.renew()
        if self.remake is not None:
            self.plan = await aside(self.remake)
            self._draw(self.plan)


class Details(pn.viewable.Viewer):
    """The list of outcomes, when there is more than one thing to tell."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.body = words.pane()
        self.link = pmui.Button(label="Open the outbox", variant="outlined", href=join("outbox", ""), visible=False)
        self.dialog = pmui.Dialog(
            self.body,
            pn.FlexBox(self.link, pmui.Button(label="Close", variant="text", on_click=lambda _: self.close())),
            title="What was done",
            title_variant="h6",
            width_option="md",
            show_close_button=True,
            sx=CLOSE,
        )

    def close(self) -> None:
        self.dialog.open = False

    def show(self, done: Result) -> None:
        """Open when something waits, was left out or warned of."""
        notable = [o for o in done.outcomes if o.status != "success"]
        if not notable and not done.waiting:
            return
        good = [o.text for o in done.outcomes if o.status == "success"]
        parts = []
        if done.waiting:
            waiting = [f"{w.label}: {w.reason}" for w in done.waiting]
            parts.append(words.tag("div", words.tag("h4", "Still waiting"), words.bullets(waiting), cls="warn"))
        bad = [f"{o.subject}: {o.text}" if o.subject else o.text for o in notable if o.status == "danger"]
        if bad:
            parts.append(words.tag("div", words.tag("h4", "Left out"), words.bullets(bad), cls="bad"))
        soft = [o.text for o in notable if o.status == "warning" and not o.key.startswith("effect_")]
        parts += [words.tag("h4", "Please note") + words.bullets(soft)] if soft else []
        parts += [words.tag("h4", f"Done ({len(good):,})") + words.bullets(good, 20)] if good else []
        self.body.object = words.wrap("".join(parts))
        self.link.visible = bool(done.waiting)
        self.dialog.open = True

    def __panel__(self) -> pmui.Dialog:
        return self.dialog
