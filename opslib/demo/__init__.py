"""Made-up but realistic content for a site: the same seed gives the same people, addresses and figures."""

from opslib.demo.load import Report, load
from opslib.demo.world import SIZES, Size

__all__ = ["SIZES", "Report", "Size", "load"]
