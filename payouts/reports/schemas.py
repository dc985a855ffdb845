"""What may be asked of the reports, and how balances are answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import fields, validate

from affiliate.core import web
from affiliate.core.i18n import _l
from payouts.reports.balances import FIGURES, Balance

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_RANGE = validate.Range(EARLIEST, LATEST, error=_l("Use a moment between 2000 and 2200, such as 2026-11-01T09:00:00Z."))


class BalanceArgs(web.Strict):
    """Whose balances, and perhaps as they stood, or will stand, at a moment."""

    community = fields.Str(required=True, validate=validate.Length(1, 60))
    as_of = fields.AwareDateTime(format="iso", validate=_RANGE)


def balance_json(balance: Balance) -> dict[str, Any]:
    """One currency: every figure as money."""
    figures = {name: web.money_json(getattr(balance, name), balance.currency) for name in FIGURES}
    return {"currency": balance.currency, **figures}
