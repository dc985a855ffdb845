"""The standard order webhook: signed bytes → facts, or Unreadable with the field and a stable reason.

Fields that we do not know are ignored here, so that shops may add some. Amounts are decimal texts or plain JSON
numbers, never exponents; ids are texts or whole numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from affiliate.core import money
from affiliate.orders import facts, loading
from affiliate.orders.facts import EventFacts, LineFacts, RefundFacts, RefundLineFacts

REF_MAX = 120
LINES_MAX = 1000
QUANTITY_MAX = 1_000_000
VERSION_MAX = 2**53 - 1
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
CODES: dict[str, Any] = {"required": "missing", "null": "missing"}  # marshmallow's sentences, as our codes
Told = TypeVar("Told")
_UNFIT = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")


class Unreadable(ValueError):
    """Signed, but not an order: `reason` is a stable code, `field` the place, such as data.lines.0.unit_price."""

    def __init__(self, reason: str, field: str | None = None, *, order_ref: str | None = None, topic: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.order_ref = order_ref
        self.topic = topic


class Number(str):
    """A JSON number with a point or an exponent, kept as it was written."""

    __slots__ = ()


class Coded(fields.Field[Told]):
    """A field whose refusals are codes for programs, not sentences."""

    default_error_messages = CODES


class Ref(Coded[str]):
    """An id: 1 to `longest` characters on one line; a whole number becomes text."""

    def __init__(self, longest: int = REF_MAX, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool | Number) or not isinstance(value, str | int):
            raise ValidationError("wrong_type")
        text = str(value)
        if _UNFIT.search(text):
            raise ValidationError("unfit_text")
        if not text.strip():
            raise ValidationError("missing")
        if len(text) > self.longest:
            raise ValidationError("too_long")
        return text


class Words(Coded[str | None]):
    """Text for people or for a rate: on one line, cut to `longest`; blank means that nothing was said."""

    def __init__(self, longest: int, **options: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **options)
        self.longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValidationError("wrong_type")
        return _UNFIT.sub(" ", str(value)).strip()[: self.longest] or None


class Amount(Coded[str]):
    """A plain decimal, as text or number, not negative; exponents, NaN and separators are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValidationError("wrong_type")
        text = str(value)
        if text.startswith("-") and text.strip("-0.") != "":
            raise ValidationError("negative_amount")
        return text


class Whole(Coded[int]):
    """A whole number from 0 up, as number or digits."""

    def __init__(self, largest: int, **options: Any) -> None:
        super().__init__(**options)
        self.largest = largest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValidationError("wrong_type")
        text = str(value)
        if text.startswith("-"):
            raise ValidationError("negative_number")
        if not _WHOLE_NUMBER.fullmatch(text):
            raise ValidationError("not_a_whole_number")
        if int(text) > self.largest:
            raise ValidationError("too_large")
        return int(text)


class Moment(Coded[datetime]):
    """RFC 3339 with a zone, between 2000 and 2200, as UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("wrong_type")
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValidationError("not_a_moment") from None
        if moment.tzinfo is None or not EARLIEST <= moment <= LATEST:
            raise ValidationError("not_a_moment")
        return moment.astimezone(UTC)


class YesNo(Coded[bool | None]):
    """true or false, nothing that only looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("wrong_type")
        return value


class _Liberal(Schema):
    error_messages = {"type": "wrong_type"}

    class Meta:
        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """marshmallow's own fields refuse in codes, too, and so do the members of a list."""
        field: Any = field_obj
        while field is not None:
            if not isinstance(field, Coded):
                field.error_messages = dict.fromkeys(field.error_messages, "wrong_type") | CODES
            field = getattr(field, "inner", None)


class LineSchema(_Liberal):
    line_id = Ref(required=True)
    sku = Words(120)
    title = Words(500)
    category = Words(500)
    brand = Words(200)
    quantity = Whole(QUANTITY_MAX, required=True)
    unit_price = Amount(required=True)
    discount = Amount(load_default="0")
    tax = Amount(load_default="0")


class RefundLineSchema(_Liberal):
    line_id = Ref(required=True)
    quantity = Whole(QUANTITY_MAX, load_default=0)
    amount = Amount(required=True)


class RefundSchema(_Liberal):
    refund_id = Ref(required=True)
    amount = Amount(load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(RefundLineSchema),
        load_default=list,
        validate=validate.Length(max=LINES_MAX, error="wrong_length"),
    )


class CustomerSchema(_Liberal):
    ref = Words(120)
    is_new = YesNo(load_default=None, allow_none=True)


class OrderSchema(_Liberal):
    order_id = Ref(required=True)
    version = Whole(VERSION_MAX, load_default=0)
    currency = fields.Str(required=True, validate=validate.OneOf(money.EXPONENTS, error="unknown_currency"))
    placed_at = Moment(load_default=None, allow_none=True)
    click_token = Words(80)
    coupon = Words(80)
    reference = Words(80)
    test = YesNo(load_default=None, allow_none=True)
    customer = fields.Nested(CustomerSchema, load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(LineSchema),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, LINES_MAX, error="wrong_length"),
    )
    shipping = Amount(load_default="0")
    refund = fields.Nested(RefundSchema, load_default=None, allow_none=True)


class EnvelopeSchema(_Liberal):
    timestamp = Moment(required=True)
    data = fields.Nested(OrderSchema, required=True)


_SCHEMA = EnvelopeSchema()


def parse_standard(body: bytes) -> EventFacts | str:
    """The facts of a standard delivery, or its type where that does not concern orders. Raises Unreadable."""
    envelope = decoded(body)
    if not isinstance(envelope, dict):
        raise Unreadable("not_an_object")
    kind = envelope.get("type")
    if not isinstance(kind, str) or isinstance(kind, Number) or not kind:
        raise Unreadable("missing" if kind is None else "wrong_type", "type")
    topic = _UNFIT.sub("?", kind)[:80]
    if kind not in facts.KINDS:
        return topic
    try:
        return _facts(kind, loading.load(_SCHEMA, envelope))
    except ValidationError as error:
        field, reason = _first(error.normalized_messages())
        raise Unreadable(reason, field, order_ref=_likely_ref(envelope), topic=topic) from None
    except Unreadable as refusal:
        refusal.order_ref, refusal.topic = _likely_ref(envelope), topic
        raise


def decoded(body: bytes) -> Any:
    """JSON with its numbers as they were written. Raises Unreadable."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("not_utf8") from None
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_float=Number, parse_int=_integer, parse_constant=_no_number
        )
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable("not_json") from None
    except RecursionError:
        raise Unreadable("too_deep") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("duplicate_field")
    return found


def _integer(text: str) -> Any:
    """Integers beyond every field's range stay text, so that none costs more than its length to read."""
    return int(text) if len(text) <= 20 else Number(text)


def _no_number(_text: str) -> Any:
    raise Unreadable("not_json")  # NaN and Infinity are not JSON


def _likely_ref(envelope: Mapping[str, Any]) -> str | None:
    """The order's number for people, where the rest could not be read."""
    data = envelope.get("data")
    try:
        return Ref().deserialize(data.get("order_id")) if isinstance(data, dict) else None
    except ValidationError:
        return None


def _first(messages: Mapping[str, Any]) -> tuple[str, str]:
    """(field, reason) of the first problem in marshmallow's nested messages."""
    path: list[str] = []
    found: Any = messages
    while isinstance(found, Mapping):
        name, found = next(iter(found.items()))
        if name != "_schema":
            path.append(str(name))
    text = found[0] if isinstance(found, list) else found
    return ".".join(path), str(text)


def _facts(kind: str, envelope: Mapping[str, Any]) -> EventFacts:
    data = envelope["data"]
    currency, customer = data["currency"], data["customer"] or {}
    if kind not in {facts.CANCELLED, facts.REFUNDED} and data["lines"] is None:
        raise Unreadable("missing", "data.lines")
    if kind == facts.REFUNDED and data["refund"] is None:
        raise Unreadable("missing", "data.refund")
    told = EventFacts(
        kind=kind,
        order_ref=data["order_id"],
        version=data["version"],
        occurred_at=envelope["timestamp"],
        currency=currency,
        placed_at=data["placed_at"],
        click_token=data["click_token"],
        coupon=data["coupon"],
        reference=data["reference"],
        is_test=data["test"],
        customer_ref=customer.get("ref"),
        customer_is_new=customer.get("is_new"),
        shipping_minor=_minor(data["shipping"], currency, "data.shipping"),
        lines=None if data["lines"] is None else _lines(data["lines"], currency),
        refund=_refund(data["refund"], currency) if kind == facts.REFUNDED else None,
    )
    if told.shipping_minor + sum(line.gross_minor for line in told.lines or ()) > money.MINOR_MAX:
        raise Unreadable("too_large", "data.lines")
    return told


def _lines(told: list[Mapping[str, Any]], currency: str) -> tuple[LineFacts, ...]:
    lines = tuple(_line(line, currency, f"data.lines.{place}") for place, line in enumerate(told))
    seen: set[str] = set()
    for place, line in enumerate(lines):
        if line.line_ref in seen:
            raise Unreadable("duplicate_line", f"data.lines.{place}.line_id")
        seen.add(line.line_ref)
    return lines


def _line(told: Mapping[str, Any], currency: str, path: str) -> LineFacts:
    line = LineFacts(
        line_ref=told["line_id"],
        sku=told["sku"],
        title=told["title"],
        category=told["category"],
        brand=told["brand"],
        quantity=told["quantity"],
        unit_price_minor=_minor(told["unit_price"], currency, f"{path}.unit_price"),
        discount_minor=_minor(told["discount"], currency, f"{path}.discount"),
        tax_minor=_minor(told["tax"], currency, f"{path}.tax"),
    )
    if line.net_minor < 0:
        raise Unreadable("negative_net", path)
    return line


def _refund(told: Mapping[str, Any], currency: str) -> RefundFacts:
    lines = tuple(
        RefundLineFacts(
            line["line_id"], line["quantity"], _minor(line["amount"], currency, f"data.refund.lines.{place}.amount")
        )
        for place, line in enumerate(told["lines"])
    )
    if told["amount"] is None and not lines:
        raise Unreadable("missing", "data.refund.amount")
    named = sum(line.amount_minor or 0 for line in lines)
    amount = named if told["amount"] is None else _minor(told["amount"], currency, "data.refund.amount")
    if named > money.MINOR_MAX:
        raise Unreadable("too_large", "data.refund.lines")
    return RefundFacts(told["refund_id"], amount, lines)


def _minor(text: str, currency: str, path: str) -> int:
    try:
        return money.from_decimal(text, currency)
    except money.MoneyError as error:
        raise Unreadable(error.code, path) from None
