"""A warehouse for the working surface, and toasts that can be read."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dashboards import toasts


def _load(name: str) -> ModuleType:
    """A helper beside this file; test modules are imported one by one and are no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


parcels = _load("parcels")
_load("serving")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Any]:
    """Ops with one hundred parcels."""
    with parcels.known():
        ops = parcels.warehouse(f"sqlite:///{tmp_path}/warehouse.sqlite", 100)
        yield ops
        ops.site.engine.dispose()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Toasts that were shown: (level, text)."""
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(toasts, "show", lambda level, text: shown.append((level, text)))
    return shown
