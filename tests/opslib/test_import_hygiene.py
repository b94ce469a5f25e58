"""The ops library must be usable without the console: importing all of it loads no console library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from opslib import names

ROOT = Path(names.__file__).parents[1]
CONSOLE = {"panel", "bokeh", "holoviews", "panel_material_ui", "dashboards"}
REPORT = """
import sys
for name in sys.argv[1:]:
    __import__(name)
print(*{name.partition(".")[0] for name in sys.modules})
"""


def modules() -> list[str]:
    """Dotted names of opslib and everything below it; `__main__` modules run when imported and are left out."""
    paths = sorted((ROOT / "opslib").rglob("*.py"))
    parts = [path.relative_to(ROOT).with_suffix("").parts for path in paths if path.name != "__main__.py"]
    return ["opslib", *(".".join(part for part in path if part != "__init__") for path in parts)]


def test_no_console_is_loaded() -> None:
    command = [sys.executable, "-c", REPORT, *modules()]
    paths = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=paths)
    assert ended.returncode == 0, ended.stderr
    loaded = set(ended.stdout.split())
    assert "sqlalchemy" in loaded
    assert not loaded & CONSOLE
