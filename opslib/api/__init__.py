"""The HTTP API that clients of the mail server already speak (access.md 10)."""

from opslib.api.app import create_app

__all__ = ["create_app"]
