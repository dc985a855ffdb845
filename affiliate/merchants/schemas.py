"""What may be posted about merchants, and how they are answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, pre_load, validate, validates_schema

from affiliate.communities.models import Community, Curator
from affiliate.core import money, web
from affiliate.core.clock import rfc3339
from affiliate.core.i18n import _l
from affiliate.core.wording import Line
from affiliate.merchants import rules
from affiliate.merchants.models import (
    SHOP_KINDS,
    AttributionModel,
    AttributionPolicy,
    Coupon,
    CouponRule,
    Enrollment,
    Merchant,
    PayableWhen,
    Programme,
    Rate,
    RateKind,
    RateScope,
    Rung,
    Split,
    Terms,
    WebhookKey,
    WebhookKind,
)
from affiliate.merchants.service import SPLIT_PARTS
from affiliate.merchants.wording import policy_sentences

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
HOSTS_MAX = 50
RATES_MAX = 1000
ID_MAX = 2**63 - 1


def _name() -> fields.Str:
    return Line(required=True, validate=validate.Length(1, 120, error=_l("Use 1 to 120 characters.")))


def _days(least: int) -> fields.Int:
    text = _l("Use whole days, %(least)s to 365.", least=least)
    return fields.Int(required=True, strict=True, validate=validate.Range(least, 365, error=text))


def _moment(**options: Any) -> fields.AwareDateTime:
    text = _l("Use a moment between 2000 and 2200, such as 2026-11-01T09:00:00Z.")
    return fields.AwareDateTime(format="iso", validate=validate.Range(EARLIEST, LATEST, error=text), **options)


def _id() -> fields.Int:
    return fields.Int(required=True, strict=True, validate=validate.Range(1, ID_MAX))


class PageArgs(web.Strict):
    """Where a list goes on, and how many rows it shows."""

    cursor = fields.Str()
    limit = fields.Int(load_default=web.PAGE_SIZE, validate=validate.Range(1, web.PAGE_SIZE_MAX))


class OfMerchantArgs(PageArgs):
    merchant = fields.Str(metadata={"description": "slug of a merchant"})


class MerchantSchema(web.Strict):
    """A shop: its own address must lie on one of its allowed hosts."""

    slug = web.slug_field()
    name = _name()
    currency = fields.Str(
        required=True, validate=validate.OneOf(sorted(money.EXPONENTS), error=_l("We do not know this currency."))
    )
    shop_url = fields.Str(required=True, validate=validate.Length(1, 500))
    allowed_hosts = fields.List(fields.Str(), required=True, validate=validate.Length(1, HOSTS_MAX))
    click_param = fields.Str(
        required=True,
        validate=validate.Regexp(
            r"^[A-Za-z0-9_.-]{1,40}(?!\n)$", error=_l("Use 1 to 40 letters, digits, dots, hyphens and underscores.")
        ),
    )

    @pre_load
    def hosts_by_line(self, data: Any, **_options: Any) -> Any:
        """A form sends the hosts as lines of one text; a program as a list."""
        if isinstance(data, Mapping) and isinstance(data.get("allowed_hosts"), str):
            return {**data, "allowed_hosts": data["allowed_hosts"].replace(",", " ").split()}
        return data

    @validates_schema
    def hosts_are_plain(self, data: Mapping[str, Any], **_options: Any) -> None:
        names = [rules.host_name(host) for host in data["allowed_hosts"]]
        if None in names:
            text = _l("Write plain host names such as shop.example, without https://, port, path or *.")
            raise ValidationError(text, "allowed_hosts")
        if rules.host_of(data["shop_url"]) not in names:
            text = _l("This must start with https:// or http:// and lie on one of the allowed hosts.")
            raise ValidationError(text, "shop_url")

    @post_load
    def hosts_in_lower_case(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        names = (rules.host_name(host) for host in data["allowed_hosts"])
        return data | {"allowed_hosts": list(dict.fromkeys(names))}


class WebhookKeySchema(web.Strict):
    kind = fields.Enum(
        WebhookKind,
        by_value=True,
        required=True,
        validate=validate.OneOf(SHOP_KINDS),
        metadata={"enum": [kind.value for kind in SHOP_KINDS]},
    )
    secret = fields.Str(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(
            r"^[!-~]{8,200}(?!\n)$", error=_l("Use 8 to 200 letters, digits and signs, no spaces.")
        ),
    )


class ProgrammeSchema(web.Strict):
    merchant = fields.Str(required=True, metadata={"description": "slug of the merchant"})
    name = _name()
    window_days = _days(1)
    hold_days = _days(0)
    payable_when = fields.Enum(PayableWhen, by_value=True, load_default=PayableWhen.HELD)
    timezone = fields.Str(load_default="Asia/Jakarta")

    @validates_schema
    def zone_exists(self, data: Mapping[str, Any], **_options: Any) -> None:
        if not rules.is_zone(data["timezone"]):
            raise ValidationError(_l("Use a time zone such as Asia/Jakarta."), "timezone")


class AmountField(fields.Field[Any]):
    """A decimal text in the merchant's currency, or {"amount", "currency"}."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            return web.MoneySchema().load(value)
        raise ValidationError(_l('Write the amount as text, such as "1500.00".'))


class RateSchema(web.Strict):
    """Percent needs `bps`, the other kinds `amount`; every scope but all needs `match`."""

    scope = fields.Enum(RateScope, by_value=True, required=True)
    match = Line(load_default=None, allow_none=True, validate=validate.Length(1, 200))
    kind = fields.Enum(RateKind, by_value=True, required=True)
    bps = fields.Int(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, money.BPS))
    amount = AmountField(load_default=None, allow_none=True)

    @validates_schema
    def fits_together(self, data: Mapping[str, Any], **_options: Any) -> None:
        everything, percent = data["scope"] is RateScope.ALL, data["kind"] is RateKind.PERCENT
        if everything and data["match"] is not None:
            raise ValidationError(_l("A rate for everything matches nothing in particular; leave this out."), "match")
        if not everything and data["match"] is None:
            raise ValidationError(_l("Say which category, brand or SKU this rate is for."), "match")
        _exactly(data, wanted="bps" if percent else "amount", unwanted="amount" if percent else "bps")


def _exactly(data: Mapping[str, Any], *, wanted: str, unwanted: str) -> None:
    if data[wanted] is None:
        raise ValidationError(_l("This kind of rate needs it."), wanted)
    if data[unwanted] is not None:
        raise ValidationError(_l("This kind of rate does not have it."), unwanted)


def _not_yet() -> fields.List[Any]:
    empty = validate.Length(max=0, error=_l("We do not offer this yet; leave it out."))
    return fields.List(fields.Raw(), allow_none=True, validate=empty)


class TermsSchema(web.Strict):
    valid_from = _moment(required=True)
    rates = fields.List(
        fields.Nested(RateSchema),
        required=True,
        validate=validate.Length(1, RATES_MAX, error=_l("Give 1 to 1,000 rates.")),
    )
    tiers = _not_yet()
    bonuses = _not_yet()
    caps = _not_yet()


def _bps() -> fields.Int:
    return fields.Int(load_default=0, strict=True, validate=validate.Range(0, money.BPS))


class SplitSchema(web.Strict):
    """Who gets which part of a commission, in basis points; a part left out is 0."""

    platform_bps = _bps()
    community_bps = _bps()
    curator_bps = _bps()
    evangelist_bps = _bps()

    @validates_schema
    def is_whole(self, data: Mapping[str, Any], **_options: Any) -> None:
        total = sum(data[part] for part in SPLIT_PARTS)
        if total != money.BPS:
            raise ValidationError(self.not_whole(total))

    def not_whole(self, total_bps: int) -> Any:
        """What is said about parts that do not make a whole."""
        return _l("The parts must sum to 10,000 basis points.")


class EnrollmentSchema(web.Strict):
    programme = _id()
    community = fields.Str(required=True, metadata={"description": "slug of the community"})
    split = fields.Nested(SplitSchema, required=True)
    valid_from = _moment(load_default=None, allow_none=True)


class PolicySchema(web.Strict):
    """How orders placed from `valid_from` on are credited; without a ladder the usual one for the coupon rule."""

    valid_from = _moment(required=True)
    model = fields.Enum(AttributionModel, by_value=True, load_default=AttributionModel.LAST_CLICK)
    coupon_rule = fields.Enum(CouponRule, by_value=True, load_default=CouponRule.CLICK_WINS)
    ladder = fields.List(
        fields.Enum(Rung, by_value=True), load_default=None, allow_none=True, validate=validate.Length(1, len(Rung))
    )


def _code() -> fields.Str:
    text = _l("Use 2 to 40 letters, digits, dots, hyphens and underscores.")
    return fields.Str(required=True, validate=validate.Regexp(r"^[A-Za-z0-9_.-]{2,40}(?!\n)$", error=text))


class CouponSchema(web.Strict):
    """A code of the shop that stands for a community, perhaps for one of its curators, for a time."""

    code = _code()
    community = fields.Str(required=True, metadata={"description": "slug of the community"})
    curator = fields.Str(load_default=None, allow_none=True, metadata={"description": "handle of its curator"})
    valid_from = _moment(load_default=None, allow_none=True)
    valid_until = _moment(load_default=None, allow_none=True)


class DayField(fields.Date):
    """A day from a form between 2000 and 2200; left empty it is None."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        day = super()._deserialize(value, attr, data, **kwargs) if value else None
        if day is not None and not EARLIEST.date() <= day <= LATEST.date():
            raise self.make_error("invalid", obj_type="date", input=value)
        return day


def _day() -> DayField:
    text = _l("Use a day between 2000 and 2200.")
    return DayField(load_default=None, allow_none=True, error_messages={"invalid": text})


class PolicyForm(web.Strict):
    """The same as PolicySchema from a form: steps one by one, and the day from which it holds, now where none."""

    valid_from = _day()
    model = fields.Enum(AttributionModel, by_value=True, required=True)
    coupon_rule = fields.Enum(CouponRule, by_value=True, required=True)
    step_1, step_2, step_3, step_4 = (fields.Str(load_default="") for _step in Rung)

    @post_load
    def ladder_from_steps(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        steps = [data.pop(f"step_{place}") for place in range(1, len(Rung) + 1)]
        return data | {"ladder": [Rung(step) for step in steps if step in set(Rung)]}


class CouponForm(web.Strict):
    """The same from a form, in days; the last one counts to its end."""

    code = _code()
    community = fields.Str(required=True)
    curator = Line(load_default="")
    valid_from = _day()
    valid_until = _day()


def policy_json(policy: AttributionPolicy, window_days: int) -> dict[str, Any]:
    """One version, also in words."""
    return {
        "programme": policy.programme_id,
        "version": policy.version,
        "valid_from": rfc3339(policy.valid_from),
        "model": policy.model.value,
        "coupon_rule": policy.coupon_rule.value,
        "ladder": policy.ladder,
        "window_days": window_days,
        "words": policy_sentences(policy.model, policy.ladder, policy.coupon_rule, window_days),
        "created_at": rfc3339(policy.created_at),
    }


def coupon_json(coupon: Coupon, community: Community, curator: Curator | None) -> dict[str, Any]:
    return {
        "id": coupon.id,
        "code": coupon.code,
        "community": community.slug,
        "curator": curator.handle if curator else None,
        "valid_from": rfc3339(coupon.valid_from),
        "valid_until": rfc3339(coupon.valid_until) if coupon.valid_until else None,
        "created_at": rfc3339(coupon.created_at),
    }


def merchant_json(merchant: Merchant) -> dict[str, Any]:
    return {
        "slug": merchant.slug,
        "name": merchant.name,
        "currency": merchant.currency,
        "shop_url": merchant.shop_url,
        "allowed_hosts": merchant.allowed_hosts,
        "click_param": merchant.click_param,
        "created_at": rfc3339(merchant.created_at),
    }


def webhook_key_json(key: WebhookKey, url: str) -> dict[str, Any]:
    """A key without its secret, which is told once, when it is made."""
    return {
        "id": key.id,
        "kind": key.kind.value,
        "url": url,
        "created_at": rfc3339(key.created_at),
        "revoked_at": rfc3339(key.revoked_at) if key.revoked_at else None,
    }


def programme_json(programme: Programme, merchant_slug: str) -> dict[str, Any]:
    return {
        "id": programme.id,
        "merchant": merchant_slug,
        "name": programme.name,
        "window_days": programme.window_days,
        "hold_days": programme.hold_days,
        "payable_when": programme.payable_when.value,
        "timezone": programme.timezone,
        "created_at": rfc3339(programme.created_at),
    }


def terms_json(terms: Terms, rates: Iterable[Rate]) -> dict[str, Any]:
    return {
        "programme": terms.programme_id,
        "version": terms.version,
        "valid_from": rfc3339(terms.valid_from),
        "rates": [_rate_json(rate) for rate in rates],
        "created_at": rfc3339(terms.created_at),
    }


def _rate_json(rate: Rate) -> dict[str, Any]:
    fixed = rate.amount_minor is not None and rate.currency is not None
    return {
        "scope": rate.scope.value,
        "match": rate.match,
        "kind": rate.kind.value,
        "bps": rate.rate_bps,
        "amount": web.money_json(rate.amount_minor or 0, rate.currency or "") if fixed else None,
    }


def enrollment_json(enrollment: Enrollment, community_slug: str, splits: Iterable[Split]) -> dict[str, Any]:
    """An enrollment with its newest split on top and all versions below."""
    versions = [_split_json(split) for split in splits]
    return {
        "id": enrollment.id,
        "programme": enrollment.programme_id,
        "community": community_slug,
        "enrolled_at": rfc3339(enrollment.enrolled_at),
        "ended_at": rfc3339(enrollment.ended_at) if enrollment.ended_at else None,
        "split": versions[-1]["split"] if versions else None,
        "versions": versions,
    }


def _split_json(split: Split) -> dict[str, Any]:
    return {
        "version": split.version,
        "valid_from": rfc3339(split.valid_from),
        "split": {part: getattr(split, part) for part in SPLIT_PARTS},
    }
