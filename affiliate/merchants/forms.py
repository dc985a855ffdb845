"""The admin's forms about stores: the API's schemas, fed with what people type ("12,5 %", "Rp5.000", a day)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, pre_load, validate, validates_schema

from affiliate.core import clock, money, typed, web
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l, format_bps, format_money
from affiliate.core.wording import one_line
from affiliate.merchants.matching import one_piece_pays
from affiliate.merchants.models import Merchant, Rate, RateKind, RateScope, Split
from affiliate.merchants.schemas import MerchantSchema, ProgrammeSchema, RateSchema, SplitSchema
from affiliate.merchants.service import SPLIT_PARTS, amount_of
from affiliate.merchants.wording import example_minor

ROW_PARTS = ("scope", "match", "kind", "value")
ROWS_MAX = 1000
_FOREIGN = re.compile(r"([0-9.]+) ([A-Z]{3})")  # an amount that is not in the store's own currency, as we show it


class Percent(fields.Int):
    """A percentage as people type it, as basis points."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        bps = typed.percent(value) if isinstance(value, str) else None
        if bps is None:
            raise ValidationError(_l("Write a percentage from 0 to 100, such as 7.5."))
        return bps


class ProfileForm(MerchantSchema):
    """What of a store may change. Its own hosts may stay as they are, whatever rule they were made under."""

    class Meta(web.Strict.Meta):
        exclude = ("slug", "currency")

    def __init__(self, present: Merchant) -> None:
        super().__init__()
        self.present = (present.shop_url, present.allowed_hosts)

    @validates_schema
    def hosts_are_plain(self, data: Mapping[str, Any], **options: Any) -> None:
        if (data["shop_url"], data["allowed_hosts"]) != self.present:
            super().hosts_are_plain(data, **options)

    @post_load
    def hosts_in_lower_case(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        if data["allowed_hosts"] == self.present[1]:
            return data
        return super().hosts_in_lower_case(data, **options)


class ProgrammeForm(ProgrammeSchema):
    """A programme of the store whose page it is; days come as text."""

    class Meta(web.Strict.Meta):
        exclude = ("merchant",)

    @pre_load
    def days_in_digits(self, data: Any, **_options: Any) -> Any:
        days = {name: data[name].strip() for name in ("window_days", "hold_days") if name in data}
        return {**data, **{name: int(text) for name, text in days.items() if text.isdecimal() and len(text) < 10}}


class RateForm(RateSchema):
    """One row of terms, its percentage typed."""

    bps = Percent(load_default=None, allow_none=True)


class RatesForm(web.Strict):
    rates = fields.List(
        fields.Nested(RateForm), required=True, validate=validate.Length(1, error=_l("Give at least one rate."))
    )


class SplitForm(SplitSchema):
    """The four parts as percentages; one left out is 0."""

    platform_bps = Percent(load_default=0)
    community_bps = Percent(load_default=0)
    curator_bps = Percent(load_default=0)
    evangelist_bps = Percent(load_default=0)

    @pre_load
    def nothing_is_none(self, data: Mapping[str, str], **_options: Any) -> dict[str, str]:
        return {name: value for name, value in data.items() if value.strip()}

    def not_whole(self, total_bps: int) -> Any:
        """As the form shows them: with the sum that came out."""
        return _l("The four parts must sum to 100 %%; these make %(sum)s.", sum=format_bps(total_bps))


class AdmissionForm(SplitForm):
    """A community and its first split."""

    community = fields.Str(required=True)


def rows(form: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows of a terms form, in order, without those that say nothing; each knows its number as "row"."""
    numbers = {int(end) for start, _dash, end in (name.partition("-") for name in form if name)  # a part may have none
               if start in ROW_PARTS and end.isdecimal() and len(end) < 5}  # fmt: skip
    found = []
    for number in sorted(numbers)[:ROWS_MAX]:
        row = {part: one_line(form.get(f"{part}-{number}", "")) for part in ROW_PARTS}
        if row["value"] or row["match"]:
            found.append({**row, "row": str(number)})
    return found


def rates(given: list[dict[str, str]], currency: str) -> list[dict[str, Any]]:
    """The rows as TermsSchema's rates. Raises Invalid, its fields named as the form names them: "value-0"."""
    asked = [_asked(row, currency) for row in given]
    try:
        return list(web.load(RatesForm(), {"rates": asked})["rates"])
    except Invalid as refused:
        raise Invalid(fields=of_form(refused.fields, given)) from None


def of_form(wrong: Mapping[str, Any], given: list[dict[str, str]]) -> dict[str, Any]:
    """Names of the API's fields as the form's: "rates.1.bps" is "value-3" when the second rate stands in row 3."""
    found: dict[str, Any] = {}
    for path, text in wrong.items():
        parts = path.split(".")
        if len(parts) == 3 and parts[0] == "rates" and parts[1].isdecimal():
            name = "value" if parts[2] in {"bps", "amount"} else parts[2]
            found.setdefault(f"{name}-{given[int(parts[1])]['row']}", text)
        else:
            found[path] = text
    return found


def _asked(row: Mapping[str, str], currency: str) -> dict[str, Any]:
    """One row as the API takes it; a field that people leave empty is left out."""
    by_percent = row["kind"] == RateKind.PERCENT
    value = row["value"] if by_percent else _plain(row["value"], currency)
    return {
        "scope": row["scope"],
        "kind": row["kind"],
        **({"match": row["match"]} if row["match"] else {}),
        **({"bps" if by_percent else "amount": value} if value else {}),
    }


def _plain(text: str, currency: str) -> Any:
    """A typed amount as the API takes it; what cannot be read stays, and is refused by its rule."""
    foreign = _FOREIGN.fullmatch(text)
    if foreign:
        return {"amount": foreign[1], "currency": foreign[2]}
    minor = typed.amount(text, currency)
    return text if minor is None else money.to_decimal(minor, currency)


def begins(text: str, zone: str, *, now: datetime) -> datetime:
    """When something counts from a typed day on: its first moment in the zone; today and nothing mean: at once.

    Raises Invalid for no day, one that is over, and one after 2199.
    """
    present = now.replace(microsecond=0)
    if not text.strip():
        return present
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        raise Invalid.field("valid_from", _l("Use a date such as 2026-11-01.")) from None
    today = clock.local_date(now, zone)
    if not today <= day or day.year >= 2200:
        raise Invalid.field("valid_from", _l("Choose today or a later day: what was agreed before stays as it was."))
    return present if day == today else clock.start_of_day(day, zone)


def typed_percent(bps: int) -> str:
    """Basis points as one would type them: 1250 is 12,5 (or 12.5, as the language writes it)."""
    return format_bps(bps).removesuffix("%").strip()


def typed_amount(rate: Rate, currency: str) -> str:
    """A fixed rate's amount as one would type it; with its code where it is not in the store's currency."""
    minor, own = rate.amount_minor or 0, rate.currency or currency
    if own != currency:
        return f"{money.to_decimal(minor, own)} {own}"
    text = format_money(minor, own)
    return text if typed.amount(text, own) == minor else money.to_decimal(minor, own)


def preview(rate: Mapping[str, Any], currency: str) -> Rate:
    """A rate that is only being typed, as a row that is never kept. Raises Invalid for an amount that is none."""
    minor, code = amount_of(rate, currency, 0)
    return Rate(
        scope=rate["scope"], match=rate["match"], kind=rate["kind"], rate_bps=rate["bps"], amount_minor=minor,
        currency=code,
    )  # fmt: skip


def shares(rates: Sequence[Rate], split: Split, currency: str) -> list[tuple[str, int]] | None:
    """An example order's commission by the rate for everything, and each part of it; None where no rate is for all."""
    rate = next((one for one in rates if one.scope is RateScope.ALL), None)
    if rate is None:
        return None
    pays = one_piece_pays(rate, example_minor(currency))
    weights = [getattr(split, part) for part in SPLIT_PARTS]
    return [("all", pays), *zip(SPLIT_PARTS, money.split(pays, weights), strict=True)]
