"""The edge of every page: work off the event loop, and every error told in words, once."""

from __future__ import annotations

import asyncio
import functools
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import panel as pn
from panel.io.state import set_curdoc

from dashboards import toasts, writer
from opslib.errors import Problem, ServerError, UserError

log = logging.getLogger(__name__)

writer.mend()

P = ParamSpec("P")
T = TypeVar("T")


async def aside(function: Callable[P, T], *args: P.args, **given: P.kwargs) -> T:
    """Run blocking work in a thread."""
    return await asyncio.to_thread(function, *args, **given)


async def draw(update: Callable[[], None]) -> None:
    """Change what is on screen after waiting: all of it in one step, on the page's own thread, under its lock."""
    document = pn.state.curdoc
    if document is None or document.session_context is None:
        update()
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def locked() -> None:
        with set_curdoc(document):
            try:
                update()
            except Exception as error:  # noqa: BLE001 - raised again where it is awaited
                done.set_exception(error)
            else:
                done.set_result(None)

    document.add_next_tick_callback(locked)
    await done


def start(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Run a coroutine function in the session that is open now; without a session and a loop, to its end."""
    if pn.state.curdoc is None and not _looping():
        asyncio.run(work())
    else:
        pn.state.execute(work)


async def apart(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run work that draws from a periodic callback: that one holds the document's lock, which drawing waits for."""
    if pn.state.curdoc is None:
        await work()
    else:
        start(work)


def _looping() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def sentence(error: BaseException) -> str:
    """Words for any error; what nobody foresaw is logged under a number that the words name."""
    if isinstance(error, UserError | ServerError):
        return str(error)
    number = secrets.token_hex(4)
    log.error("%s", number, exc_info=error)
    return Problem("internal_error", (number,)).text


def edge(handler: Callable[P, Awaitable[Any]]) -> Callable[P, Coroutine[Any, Any, Any]]:
    """A handler whose errors become a toast."""

    @functools.wraps(handler)
    async def guarded(*args: P.args, **given: P.kwargs) -> Any:
        try:
            return await handler(*args, **given)
        except Exception as error:  # noqa: BLE001 - the edge of the page; `sentence` logs what was not foreseen
            toasts.show("warning" if isinstance(error, UserError) else "error", sentence(error))
            return None

    return guarded
