"""What a console process has once: its settings and its site."""

from __future__ import annotations

from functools import cache

from opslib.connecting import open_site
from opslib.settings import Settings
from opslib.site import Site


@cache
def settings() -> Settings:
    """The environment's settings.  Raises SettingsError."""
    return Settings.load()


@cache
def site() -> Site:
    """The site of the settings, shared by all sessions."""
    return open_site(settings())
