"""API of this room."""

from __future__ import annotations

from affiliate.core.api import ApiBlueprint

blp = ApiBlueprint("commissions", __name__)
