"""The table that every page is made of."""

from dashboards.grid.grid import Grid

__all__ = ["Grid"]
