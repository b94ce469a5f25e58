"""The two faults of Panel's writer, and that they are mended here.

Each is shown without the mending too: when that part fails, Panel has mended the fault and ours can go.
"""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models import Div
from panel.io import document as panel_document

from dashboards import writer


# -- left lying ---------------------------------------------------------------------------------------------------
class Socket:
    """Takes a while for every message."""

    def __init__(self) -> None:
        self.written: list[str] = []

    async def take(self, text: str) -> None:
        await asyncio.sleep(0.01)
        self.written.append(text)


class Connection:
    def __init__(self) -> None:
        self._socket = Socket()


def send(connection: Connection, events: Any = None, msg: Any = None) -> list[Any]:
    return [asyncio.ensure_future(connection._socket.take(msg))]


async def queue_while_it_waits(document: Document, connection: Connection) -> None:
    """What `schedule_write_events` does: once, and again while the first message is on its way."""

    def queue(text: str) -> None:
        panel_document._WRITE_BLOCK[document] = True
        panel_document._WRITE_MSGS.setdefault(document, {}).setdefault(connection, []).append(text)

    queue("one")
    first = asyncio.ensure_future(panel_document._dispatch_msgs(document))
    await asyncio.sleep(0.005)
    queue("two")  # its task comes late, when the first one is done
    await first
    await panel_document._dispatch_msgs(document)
    await asyncio.sleep(0.1)


@pytest.mark.parametrize(("mended", "written"), [(False, ["one"]), (True, ["one", "two"])])
def test_nothing_stays_behind(mended: bool, written: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(panel_document.extra_socket_handlers, Socket, send)
    monkeypatch.setattr(panel_document, "_dispatch_msgs", writer._write_all if mended else writer._write)
    document, connection = Document(), Connection()
    asyncio.run(queue_while_it_waits(document, connection))
    assert connection._socket.written == written
    for kept in (panel_document._WRITE_MSGS, panel_document._WRITE_BLOCK):
        kept.pop(document, None)


# -- dropped ------------------------------------------------------------------------------------------------------
def change_before_ready(document: Document, model: Div) -> list[Any]:
    """Change a property while the document is held, as `panel.io.document.hold` does; what is queued then."""
    document.hold("combine")
    model.text = "new"
    panel_document._dispatch_events(document, panel_document._drain_unconnected_events(document, threading.Lock()))
    return [event for given in QUEUED for event in given]


QUEUED: list[list[Any]] = []


@pytest.mark.parametrize(
    ("mended", "fetched", "queued"),
    [(False, True, []), (True, True, [("text", "new")]), (True, False, [])],
)
def test_what_changes_before_the_page_is_ready_is_written(
    mended: bool, fetched: bool, queued: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    QUEUED.clear()
    drain = writer._drain_and_write if mended else writer._drain
    monkeypatch.setattr(panel_document, "_drain_unconnected_events", drain)
    monkeypatch.setattr(panel_document, "schedule_write_events", lambda _document, _to, events: QUEUED.append(events))
    document, model = Document(), Div(text="old")
    context = SimpleNamespace(session=SimpleNamespace(_subscribed_connections={"one"}), destroyed=False)
    document.add_root(model)
    document._session_context = lambda: context  # type: ignore[assignment]
    if fetched:
        writer._reply_and_note("1", document)
    assert [(event.attr, event.new) for event in change_before_ready(document, model)] == queued
