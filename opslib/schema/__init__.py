"""Every table as SQLAlchemy Core metadata: `from opslib import schema; schema.mailbox.c.username`."""

from opslib.schema.access import *  # noqa: F403
from opslib.schema.addresses import *  # noqa: F403
from opslib.schema.addresses import _sogo_static_view
from opslib.schema.console import *  # noqa: F403
from opslib.schema.keyvalue import *  # noqa: F403
from opslib.schema.mailflow import *  # noqa: F403
from opslib.schema.metadata import metadata
from opslib.schema.operations import *  # noqa: F403

sogo_static_view = _sogo_static_view

__all__ = ["metadata", "sogo_static_view"]
