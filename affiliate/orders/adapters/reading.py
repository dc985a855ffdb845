"""Reading a shop's JSON field by field: what is needed is checked and named when it is wrong, the rest is left alone.

Unlike our own format, which refuses what it does not know, a shop's order is taken as it comes: amounts with more
decimals than the currency has are rounded half-even once, words of the wrong type are as good as none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from marshmallow import ValidationError, fields

from affiliate.core import money
from affiliate.core.signing import keyed_hash
from affiliate.orders.facts import EventFacts
from affiliate.orders.schemas import LINES_MAX, Moment, Number, Ref, Unreadable, Whole, Words, decoded

VERSION_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PIECES_MAX = 1_000_000
CLICK_TOKEN_MAX = 80
QUERY_FIELDS_MAX = 100
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,30})?")
_UNPRINTABLE = re.compile("[\0-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Shop:
    """What reading needs to know of the shop: the name under which our token goes to it, and a key for pseudonyms."""

    merchant_id: int
    click_param: str = ""
    customer_key: bytes = b""

    @property
    def click_names(self) -> frozenset[str]:
        """Where a shop may bring our click token back: as it got it, as a hidden field, or under its plain name."""
        own = {self.click_param, f"_{self.click_param}"} if self.click_param else set()
        return frozenset(own | {"click_token", "_click_token"})

    def customer(self, *known_as: object) -> str | None:
        """A pseudonym of the first of these that says anything (an id, else an e-mail address); ours alone."""
        who = next((str(one).strip().lower() for one in known_as if one not in (None, "", 0, "0")), None)
        if who is None or not self.customer_key:
            return None
        return keyed_hash(self.customer_key, f"{self.merchant_id}:{who}".encode(errors="replace")).hex()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one delivery says. Without events it does not concern us; notes name what was left out, for people."""

    topic: str
    events: tuple[EventFacts, ...] = ()
    notes: tuple[str, ...] = ()


def customer_key(secret_key: str) -> bytes:
    """The key of customers' pseudonyms, from SECRET_KEY."""
    return keyed_hash(secret_key.encode(), b"customers of shops", size=32)


class Told:
    """One JSON object and where it stands, so that a refusal names its field."""

    __slots__ = ("content", "path")

    def __init__(self, content: Mapping[str, Any], path: str = "") -> None:
        self.content = content
        self.path = path

    @classmethod
    def of(cls, body: bytes) -> Told:
        """The object that a body is. Raises Unreadable."""
        content = decoded(body)
        if not isinstance(content, dict):
            raise Unreadable("not_an_object")
        return cls(content)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Any:
        return self.content.get(name)

    def _read(self, field: fields.Field[Any], name: str) -> Any:
        try:
            return field.deserialize(self.content.get(name))
        except ValidationError as error:
            raise Unreadable(str(error.messages[0]), self.at(name)) from None

    def ref(self, name: str) -> str:
        """An id, as text: 64 bits survive. Required."""
        return str(self._read(_REF, name))

    def words(self, name: str, longest: int) -> str | None:
        """Text for people or rates; None for anything else."""
        value = self.content.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return Words(longest).deserialize(value)

    def word(self, name: str) -> str:
        """A word that decides something, such as a status; empty where there is none. Raises for another type."""
        value = self.content.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or isinstance(value, Number):
            raise Unreadable("wrong_type", self.at(name))
        return value

    def flag(self, name: str) -> bool | None:
        value = self.content.get(name)
        return value if isinstance(value, bool) else None

    def moment(self, name: str) -> datetime:
        """A required moment; one without a zone is in UTC, as WooCommerce and Magento write theirs."""
        value = self.content.get(name)
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?", value):
            return _moment(f"{value}Z", self.at(name))
        return _moment(value, self.at(name))

    def moment_if_told(self, name: str) -> datetime | None:
        return None if self.content.get(name) in (None, "") else self.moment(name)

    def currency(self, name: str) -> str:
        value = self.content.get(name)
        if value is None or value == "":
            raise Unreadable("missing", self.at(name))
        if not isinstance(value, str) or value not in money.EXPONENTS:
            raise Unreadable("unknown_currency", self.at(name))
        return value

    def minor(self, name: str, currency: str, *, default: int | None = None, signed: bool = False) -> int:
        """An amount in minor units, rounded half-even. `default` where it is not told; None makes it required."""
        value = self.content.get(name)
        if value is None or value == "":
            if default is None:
                raise Unreadable("missing", self.at(name))
            return default
        exact = _decimal(value, self.at(name)).scaleb(money.exponent(currency))
        minor = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
        if abs(minor) > money.MINOR_MAX:
            raise Unreadable("too_large", self.at(name))
        if minor < 0 and not signed:
            raise Unreadable("negative_amount", self.at(name))
        return minor

    def pieces(self, name: str) -> int:
        """A quantity. Half a kilo is one piece: a rate for each item counts what was bought, not its weight."""
        exact = _decimal(0 if self.content.get(name) is None else self.content[name], self.at(name))
        if exact < 0:
            raise Unreadable("negative_number", self.at(name))
        if exact > PIECES_MAX:
            raise Unreadable("too_large", self.at(name))
        return int(exact) if exact == exact.to_integral_value() else 1

    def count(self, name: str) -> int | None:
        """A whole number, or None where there is none that can be used."""
        try:
            return Whole(PIECES_MAX).deserialize(self.content.get(name))
        except ValidationError:
            return None

    def part(self, name: str) -> Told | None:
        """An object inside this one."""
        value = self.content.get(name)
        return Told(value, self.at(name)) if isinstance(value, dict) else None

    def rows(self, name: str) -> list[Told]:
        """The objects of a list, none where it is not told."""
        value = self.content.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Unreadable("wrong_type", self.at(name))
        if len(value) > LINES_MAX:
            raise Unreadable("wrong_length", self.at(name))
        for place, row in enumerate(value):
            if not isinstance(row, dict):
                raise Unreadable("wrong_type", self.at(f"{name}.{place}"))
        return [Told(row, self.at(f"{name}.{place}")) for place, row in enumerate(value)]


_REF = Ref(required=True)
_MOMENT = Moment(required=True)


def _moment(value: Any, path: str) -> datetime:
    try:
        moment = _MOMENT.deserialize(value)
    except ValidationError as error:
        raise Unreadable(str(error.messages[0]), path) from None
    assert moment is not None, "a required field has a value"
    return moment


def _decimal(value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable("wrong_type", path)
    if not _DECIMAL.fullmatch(str(value)):
        raise Unreadable("not_a_number", path)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Unreadable("not_a_number", path) from None


def milliseconds(moment: datetime) -> int:
    """A version from the moment of the last change: the one thing that every shop system tells."""
    return (moment - VERSION_EPOCH) // timedelta(milliseconds=1)


def named_value(rows: list[Told], name: str, names: frozenset[str]) -> str | None:
    """The value of the first name/value pair whose name, under the key `name`, is one of `names`."""
    for row in rows:
        if isinstance(row.get(name), str) and row.get(name) in names:
            value = row.words("value", CLICK_TOKEN_MAX + 1)
            if value is not None and len(value) <= CLICK_TOKEN_MAX:
                return value
    return None


def query_value(address: Any, names: frozenset[str]) -> str | None:
    """The value of one of these names in an address's query, whole or relative."""
    if not isinstance(address, str):
        return None
    try:
        pairs = parse_qsl(urlsplit(address).query, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        return None
    fits = (value for name, value in pairs if name in names and 0 < len(value) <= CLICK_TOKEN_MAX)
    return next((value for value in fits if not _UNPRINTABLE.search(value)), None)
