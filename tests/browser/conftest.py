"""A real browser on a real server, with the warehouse of tests/dashboards."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import panel as pn
import panel_material_ui as pmui
import pytest
from panel.io.server import serve
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Page as Tab

from dashboards.resource_page import EXTENSIONS, ResourcePage, quick

SIZE = 5000
QUIRK = "ignore:reference already known:bokeh.util.warnings.BokehUserWarning"  # said by Bokeh's server, harmless there


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.filterwarnings(QUIRK))


def chromium() -> str | None:
    return os.environ.get("MAILOPS_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """The browser of this run.  Without one the tests that need it fail."""
    path = chromium()
    if path is None:
        pytest.fail("no chromium here: install it, or name one in MAILOPS_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chrome: Browser) -> Iterator[Tab]:
    """An empty page of a fresh browser profile."""
    context = chrome.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    yield context.new_page()
    context.close()


def load_parcels() -> ModuleType:
    if "parcels" not in sys.modules:
        path = Path(__file__).parents[1] / "dashboards" / "parcels.py"
        spec = importlib.util.spec_from_file_location("parcels", path)
        assert spec is not None and spec.loader is not None
        sys.modules["parcels"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["parcels"]


class Page(ResourcePage):
    resource = "parcels"
    quick = (quick("Letters", "kind=is:letter"),)


@dataclass
class Console:
    """Address of the server, the ops behind it, and errors that pages reported."""

    url: str
    ops: Any


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    parcels = load_parcels()
    with parcels.known():
        ops = parcels.warehouse(f"sqlite:///{tmp_path_factory.mktemp('browser')}/warehouse.sqlite", SIZE)

        def app() -> Any:
            pn.extension(*EXTENSIONS, notifications=True)
            return pmui.Page(title="Warehouse", main=[Page(ops, pn.state.location)])

        serve(app, port=0, address="127.0.0.1", show=False, threaded=True, start=True)
        yield Console(f"http://127.0.0.1:{_port()}/", ops)
        pn.state.kill_all_servers()
        ops.site.engine.dispose()


def _port() -> int:
    for _ in range(200):
        for server, *_rest in pn.state._servers.values():
            if server.port:
                return int(server.port)
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


@pytest.fixture
def sheet(console: Console, tab: Tab) -> Iterator[Tab]:
    """A browser page with the grid on it; no script error may happen while it is used."""
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(console.url)
    tab.locator(".tabulator-row").first.wait_for(timeout=30_000)
    yield tab
    assert errors == []
    assert "broken" not in tab.title()
