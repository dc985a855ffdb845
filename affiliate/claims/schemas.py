"""What may be said about claims, and how they are answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import fields, pre_load, validate

from affiliate.claims import rules
from affiliate.claims.models import Claim, ClaimStatus, Decline
from affiliate.communities.models import Community
from affiliate.core import money, typed, web
from affiliate.core.clock import rfc3339
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.core.wording import Line
from affiliate.merchants.models import Merchant

NOTE_MAX = 1000
AMOUNT_MAX = 10**15  # minor units: what any shop's order stays below, and any sum of them inside 64 bits
_LONG = _l("Use at most 1,000 characters.")
_NUMBER = _l("Enter the order number as it stands in the store's e-mail, at most 120 characters.")
_AMOUNT = _l("Enter the amount as digits, more than nothing, such as 150.000.")


def _words(**options: Any) -> fields.Str:
    return Line(**{"load_default": "", "validate": validate.Length(max=NOTE_MAX, error=_LONG), **options})


def _order_ref(**options: Any) -> fields.Str:
    return Line(required=True, validate=validate.Length(1, 120, error=_NUMBER), **options)


def _day() -> fields.Date:
    messages = {"invalid": _l("Choose the day of the order.")}
    return fields.Date(required=True, format="iso", error_messages=messages)


class ClaimForm(web.Strict):
    """The form of a community; the picture comes beside it."""

    merchant = web.slug_field()
    order_ref = _order_ref()
    ordered_on = _day()
    amount = fields.Str(required=True)
    link = Line(load_default="", validate=validate.Length(max=40))
    note = _words()


class ClaimBody(web.Strict):
    """A claim by program: without a picture."""

    community = web.slug_field()
    merchant = web.slug_field()
    order_ref = _order_ref()
    ordered_on = _day()
    amount = fields.Nested(web.MoneySchema, required=True)
    link = Line(load_default="", validate=validate.Length(max=40))
    note = _words()


class AnswerForm(web.Strict):
    """Accept with the store's own number and what counts, or decline with a reason."""

    outcome = fields.Str(
        required=True, validate=validate.OneOf(["accepted", "declined"], error=_l("Accept or decline."))
    )
    order_ref = Line(load_default="", validate=validate.Length(max=120, error=_NUMBER))
    amount = fields.Str(load_default="")
    reason = fields.Enum(
        Decline, by_value=True, load_default=None, allow_none=True,
        error_messages={"unknown": _l("Choose one of the reasons.")},
    )  # fmt: skip
    answer = _words()
    is_another = fields.Bool(load_default=False)

    @pre_load
    def nothing_chosen_is_none(self, data: Any, **_options: Any) -> Any:
        return {name: value for name, value in data.items() if (name, value) != ("reason", "")}


class AnswerBody(web.Strict):
    """The same by program."""

    outcome = fields.Str(required=True, validate=validate.OneOf(["accepted", "declined"]))
    order_ref = Line(load_default="", validate=validate.Length(max=120, error=_NUMBER))
    amount = fields.Nested(web.MoneySchema, load_default=None, allow_none=True)
    reason = fields.Enum(Decline, by_value=True, load_default=None, allow_none=True)
    answer = _words()
    is_another = fields.Bool(load_default=False)


class AppealForm(web.Strict):
    """Why the store's answer is not right."""

    words = Line(required=True, validate=validate.Length(10, NOTE_MAX, error=_l("Say why in 10 to 1,000 characters.")))


class ListArgs(web.Strict):
    """What a list is narrowed to."""

    status = fields.Enum(ClaimStatus, by_value=True, load_default=None)
    cursor = fields.Str(load_default=None)
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


def typed_amount(text: str, currency: str) -> int:
    """Minor units of what a person typed. Raises Invalid."""
    minor = typed.amount(text, currency)
    return _sane(minor)


def told_amount(told: dict[str, str], currency: str) -> int:
    """Minor units of money as programs tell it, in the store's currency. Raises Invalid."""
    if told["currency"] != currency:
        raise Invalid.field("amount.currency", _l("Use the store's currency, %(currency)s.", currency=currency))
    try:
        return _sane(money.from_decimal(told["amount"], currency))
    except money.MoneyError:
        raise Invalid.field("amount", _AMOUNT) from None


def _sane(minor: int | None) -> int:
    if minor is None or not 0 < minor <= AMOUNT_MAX:
        raise Invalid.field("amount", _AMOUNT)
    return minor


def claim_json(claim: Claim, merchant: Merchant, community: Community) -> dict[str, Any]:
    """A claim as both sides and the platform read it; who filed or answered it is nobody's but the log's."""
    return {
        "id": claim.id,
        "merchant": merchant.slug,
        "community": community.slug,
        "order_ref": claim.order_ref,
        "ordered_on": claim.ordered_on.isoformat(),
        "amount": web.money_json(claim.amount_minor, claim.currency),
        "note": claim.note,
        "status": claim.status.value,
        "finding": claim.finding,
        "evidence": {
            "clicks": claim.clicks,
            "last_click_before": rfc3339(claim.last_click_hour + timedelta(hours=1)) if claim.last_click_hour else None,
            "is_weak": claim.clicks == 0,
        },
        "filed_at": rfc3339(claim.filed_at),
        "due_at": rfc3339(claim.due_at),
        "answered_at": rfc3339(claim.answered_at) if claim.answered_at else None,
        "reason": claim.decline_reason.value if claim.decline_reason else None,
        "answer": claim.answer,
        "appealed_at": rfc3339(claim.appealed_at) if claim.appealed_at else None,
        "confirmed_ref": claim.confirmed_ref,
        "rules": {"claim_days": rules.CLAIM_DAYS, "answer_days": rules.ANSWER_DAYS},
    }
