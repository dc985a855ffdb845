"""Which rails this house has, by name."""

from __future__ import annotations

from payouts.rails.base import Rail
from payouts.rails.manual import ManualRail

DEFAULT = "manual"
RAILS: dict[str, Rail] = {rail.name: rail for rail in (ManualRail(),)}
