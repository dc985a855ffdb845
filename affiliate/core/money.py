"""Money: whole minor units with a currency. No floats, one rounding, splits that sum.

Exponents are those of ISO 4217 (IDR 2, JPY 0, KWD 3). Rounding is half-even and happens once, in `apply_rate`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

BPS = 10_000  # basis points in a whole: 250 bps = 2.5 %
MINOR_MAX = 2**53 - 1  # exact in every JSON reader, and far below BIGINT

_EXPONENT_NOT_2 = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "UYW": 4, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
_EXPONENT_2 = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
    COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
    MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
""".split()  # noqa: SIM905  a list of 150 lines would say no more
EXPONENTS: dict[str, int] = {**dict.fromkeys(_EXPONENT_2, 2), **_EXPONENT_NOT_2}

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")


class MoneyError(ValueError):
    """An amount or currency that cannot be used; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CurrencyMismatch(MoneyError):
    """Two currencies met in one sum."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__("currency_mismatch", f"{left} and {right} cannot be added.")


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` whole minor units of `currency`: Money(14900000, "IDR") is Rp149.000."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)

    @property
    def decimal(self) -> str:
        """Plain decimal text with the currency's own number of decimals: "149000.00"."""
        return to_decimal(self.minor, self.currency)


def exponent(currency: str) -> int:
    """Decimals of a currency; raises MoneyError(unknown_currency)."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise MoneyError("unknown_currency", f"{currency!r} is not a currency of ISO 4217.") from None


def to_decimal(minor: int, currency: str) -> str:
    """149000.00 for 14900000 IDR minor units: a plain decimal without separators."""
    digits = exponent(currency)
    if digits == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def from_decimal(text: str, currency: str) -> int:
    """Minor units of a plain decimal such as "149000.00".

    Raises MoneyError: `not_a_number` (NaN, 1e9, separators), `too_precise` (more decimals than the currency has,
    unless they are zeros), `too_large`.
    """
    digits = exponent(currency)
    if not isinstance(text, str) or not _PLAIN_DECIMAL.fullmatch(text):
        raise MoneyError("not_a_number", f"{text!r} is not a plain decimal amount.")
    scaled = Decimal(text).scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise MoneyError("too_precise", f"{currency} has {digits} decimals; {text} has more.")
    minor = int(scaled)
    if abs(minor) > MINOR_MAX:
        raise MoneyError("too_large", f"{text} {currency} is larger than an amount can be.")
    return minor


def apply_rate(minor: int, rate_bps: int) -> int:
    """rate_bps basis points of an amount, rounded half-even, once."""
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(minor) * Decimal(rate_bps) / BPS
        return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


def split(minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by whole weights so that the parts sum to it exactly (largest remainder, ties to the first).

    Shapes: one part per weight, same order. A negative amount is split as its mirror image, so that taking back
    gives exactly what was given. Raises ValueError when the weights sum to nothing or one is negative.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be whole, not negative, and sum to more than zero")
    sign, amount = (-1, -minor) if minor < 0 else (1, minor)
    floors = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    left = amount - sum(floors)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        floors[index] += 1
    return [sign * part for part in floors]
