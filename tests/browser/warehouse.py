"""The warehouse's grid on a server of its own: `python warehouse.py DATABASE PORT FLAG`; while FLAG exists it is "down"."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "dashboards"))

import panel as pn
import panel_material_ui as pmui
import parcels

from dashboards.resource_page import EXTENSIONS, ResourcePage, quick
from opslib.errors import ServerError

DATABASE, PORT, FLAG = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])


class Page(ResourcePage):
    resource = "parcels"
    quick = (quick("Letters", "kind=is:letter"),)


def breakable(page: Any) -> Any:
    """Reading that fails while the flag is there."""

    def read(*given: Any) -> Any:
        if FLAG.exists():
            raise ServerError("database_down", "<b>gone</b>")
        return page(*given)

    return read


with parcels.known():
    ops = parcels.warehouse(f"sqlite:///{DATABASE}", 0)
    ops.parcels.page = breakable(ops.parcels.page)

    def app() -> Any:
        pn.extension(*EXTENSIONS, notifications=True)
        return pmui.Page(title="Warehouse", main=[Page(ops, pn.state.location)])

    pn.serve(app, port=PORT, address="127.0.0.1", show=False)
