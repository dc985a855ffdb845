"""What the API takes and answers about runs, and the same readings for the forms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from affiliate.core import clock, money, web
from affiliate.core.i18n import _l
from affiliate.core.wording import Line
from payouts.runs import rules
from payouts.runs.models import Payout, PayoutRun, PayoutStatus, RunLeftOut
from payouts.runs.queries import RunView
from payouts.runs.settlement import SETTLED_FROM

AMOUNT_WRONG = _l("Write a plain amount such as 150000.00.")


class Cutoff(fields.Field[datetime]):
    """An RFC 3339 moment, or a day: then its last moment in Jakarta."""

    default_error_messages = {"invalid": _l("Write a day such as 2026-11-30, or a time such as 2026-11-30T16:59:59Z.")}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment = rules.read_cutoff(value) if isinstance(value, str) else None
        if moment is None:
            raise self.make_error("invalid")
        return moment


class Minimum(fields.Field[Any]):
    """A decimal string, or {"amount", "currency"} in the run's own currency."""

    default_error_messages = {"invalid": AMOUNT_WRONG}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        currency = data.get("currency")
        if isinstance(value, dict):
            given = web.MoneySchema().load(value)
            if given["currency"] != currency:
                raise ValidationError(_l("The minimum is in the run's own currency."))
            value = given["amount"]
        if not isinstance(currency, str) or currency not in money.EXPONENTS:
            return 0  # the currency's own field says what is wrong
        try:
            minor = money.from_decimal(value, currency)
        except money.MoneyError:
            raise self.make_error("invalid") from None
        if minor < 0:
            raise ValidationError(_l("The minimum cannot be negative."))
        return minor


class NewRun(web.Strict):
    """What a run is planned from."""

    cutoff = Cutoff(required=True)
    currency = fields.Str(required=True, validate=validate.OneOf(sorted(money.EXPONENTS)))
    minimum_minor = Minimum(data_key="minimum", load_default=0)


class Approval(web.Strict):
    """The digest of the list as the approver read it."""

    digest = fields.Str(required=True)  # of any length: one that does not fit is a conflict


class Settlement(web.Strict):
    """How a payout ended."""

    status = fields.Enum(PayoutStatus, by_value=True, required=True, validate=validate.OneOf(list(SETTLED_FROM)))
    reference = Line(load_default="", validate=validate.Length(max=120))


class PageArgs(web.Strict):
    """Where a list goes on."""

    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


def run_json(run: PayoutRun) -> dict[str, Any]:
    """A run without its rows."""
    return {
        "id": run.id,
        "status": run.status.value,
        "currency": run.currency,
        "cutoff": clock.rfc3339(run.cutoff),
        "minimum": web.money_json(run.minimum_minor, run.currency),
        "total": web.money_json(run.total_minor, run.currency),
        "digest": run.digest,
        "made_by": run.made_by,
        "made_at": clock.rfc3339(run.made_at),
        "approved_by": run.approved_by,
        "approved_at": _moment(run.approved_at),
        "submitted_at": _moment(run.submitted_at),
        "closed_at": _moment(run.closed_at),
    }


def view_json(view: RunView) -> dict[str, Any]:
    """A run with everybody in it, and everybody who is not."""
    return run_json(view.run) | {
        "payouts": [payout_json(payout) for payout in view.payouts],
        "left_out": [_left_out_json(left, view.run.currency) for left in view.left_out],
    }


def payout_json(payout: Payout) -> dict[str, Any]:
    return {
        "payout": payout.id,
        "run": payout.run_id,
        "owner": payout.owner,
        "role": payout.role,
        "amount": web.money_json(payout.amount_minor, payout.currency),
        "status": payout.status.value,
        "rail": payout.rail,
        "payee": payout.payee,
        "reference": payout.reference,
        "settled_at": _moment(payout.settled_at),
    }


def _left_out_json(left: RunLeftOut, currency: str) -> dict[str, Any]:
    return {"owner": left.owner, "reason": left.reason.value, "amount": web.money_json(left.amount_minor, currency)}


def _moment(moment: datetime | None) -> str | None:
    return clock.rfc3339(moment) if moment else None
