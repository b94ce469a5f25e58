"""The one collection of table declarations."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
