"""Mend two faults of how Panel 1.9.4 writes to the browser; both lose changes, mostly on a busy machine.

*Left lying.*  `panel.io.document._dispatch_msgs` gives up its mark after waiting for the socket; the task for what was
queued meanwhile finds no mark and writes nothing.

*Dropped.*  What changes while `hold` is in force is thrown away until the browser says that the page is ready
(`_drain_unconnected_events`), although it fetched the page a while before: whatever a person does in between is lost.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from bokeh.document import Document
from bokeh.document.events import ModelChangedEvent
from bokeh.model import Model
from panel.io import document as panel_document
from panel.io.state import set_curdoc

_write = panel_document._dispatch_msgs
_drain = panel_document._drain_unconnected_events
_connected = panel_document._dispatch_unconnected_events

_dropped: WeakKeyDictionary[Document, dict[tuple[Model, str], None]] = WeakKeyDictionary()


def mend() -> None:
    """Use the mended functions in this process."""
    panel_document._dispatch_msgs = _write_all
    panel_document._drain_unconnected_events = _drain_and_note
    panel_document._dispatch_unconnected_events = _connected_and_tell


async def _write_all(document: Document) -> None:
    """Write what is queued, and what was queued while this was done."""
    await _write(document)
    if document in panel_document._WRITE_MSGS and document not in panel_document._WRITE_BLOCK:
        panel_document._WRITE_BLOCK[document] = True
        panel_document._dispatch_write_task(document, _write_all, document)


def _drain_and_note(document: Document, lock: threading.Lock) -> Any:
    """Note which properties are dropped while a browser is there already."""
    held = list(document.callbacks._held_events or [])
    found = _drain(document, lock)
    if _has_browser(document):
        changed = [event for event in held if isinstance(event, ModelChangedEvent)]
        _dropped.setdefault(document, {}).update({(event.model, event.attr): None for event in changed})
    return found


def _has_browser(document: Document) -> bool:
    session = getattr(document.session_context, "session", None)
    return bool(session is not None and session._subscribed_connections)


def _connected_and_tell(document: Document) -> None:
    """The page is ready: tell it the present values of what was dropped."""
    _connected(document)
    dropped = _dropped.pop(document, None)
    if dropped:
        document.add_next_tick_callback(partial(_tell, document, list(dropped)))


def _tell(document: Document, dropped: list[tuple[Model, str]]) -> None:
    """Send by Panel's writer, like everything else: messages refer to what earlier ones brought."""
    with set_curdoc(document), panel_document.unlocked():
        for model, name in dropped:
            if model.document is document:
                document.callbacks.trigger_on_change(ModelChangedEvent(document, model, name, getattr(model, name)))
