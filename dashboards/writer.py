"""Mend two faults of how Panel 1.9.4 writes to the browser; both lose changes, mostly on a busy machine.

*Left lying.*  `panel.io.document._dispatch_msgs` gives up its mark after waiting for the socket; the task for what was
queued meanwhile finds no mark and writes nothing.

*Dropped.*  What changes while `hold` is in force is thrown away until the browser says that the page is ready
(`_drain_unconnected_events`), although it fetched the document a while before: what a person does in between is lost.
"""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakSet

from bokeh.document import Document
from bokeh.document.events import DocumentPatchedEvent, MessageSentEvent
from bokeh.protocol.messages.pull_doc_reply import pull_doc_reply
from panel.io import document as panel_document

_write = panel_document._dispatch_msgs
_drain = panel_document._drain_unconnected_events
_reply = pull_doc_reply.create

_fetched: WeakSet[Document] = WeakSet()


def mend() -> None:
    """Use the mended functions in this process."""
    panel_document._dispatch_msgs = _write_all
    panel_document._drain_unconnected_events = _drain_and_write
    pull_doc_reply.create = _reply_and_note  # type: ignore[method-assign]


async def _write_all(document: Document) -> None:
    """Write what is queued, and what was queued while this was done."""
    await _write(document)
    if document in panel_document._WRITE_MSGS and document not in panel_document._WRITE_BLOCK:
        panel_document._WRITE_BLOCK[document] = True
        panel_document._dispatch_write_task(document, _write_all, document)


def _reply_and_note(msgid: Any, document: Document, **metadata: Any) -> Any:
    """Note that a browser has the document: from now on it must hear of every change."""
    message = _reply(msgid, document, **metadata)
    _fetched.add(document)
    return message


def _drain_and_write(document: Document, lock: threading.Lock) -> Any:
    """Queue what would be dropped, as text at once: later, Bokeh may take new models for known ones."""
    held = list(document.callbacks._held_events or [])
    found = _drain(document, lock)
    session = getattr(document.session_context, "session", None)
    if document in _fetched and session is not None:
        changes = [e for e in held if isinstance(e, DocumentPatchedEvent) and not isinstance(e, MessageSentEvent)]
        if changes:
            panel_document.monkeypatch_events(changes)
            panel_document.schedule_write_events(document, list(session._subscribed_connections), changes)
    return found
