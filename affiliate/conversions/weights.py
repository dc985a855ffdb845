"""How the touches of an order share it: whole basis points that sum to 10,000. Pure, by largest remainder.

| model | who gets what |
| --- | --- |
| last click | all to the last |
| first click | all to the first |
| linear | all the same |
| position | 40 % first, 40 % last, 20 % even among those between; two share evenly |
| time decay | a touch seven days older than another counts half of it |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from affiliate.core import money
from affiliate.merchants.models import AttributionModel

HALF_LIFE = timedelta(days=7)
_SCALE = Decimal(10) ** 18
_MICROSECOND = timedelta(microseconds=1)


def shares(model: AttributionModel, moments: Sequence[datetime]) -> list[int]:
    """Basis points for touches at these moments, the oldest first; same order, sum 10,000. At least one touch."""
    return money.split(money.BPS, _weights(model, moments))


def _weights(model: AttributionModel, moments: Sequence[datetime]) -> list[int]:
    count = len(moments)
    if model is AttributionModel.LINEAR:
        return [1] * count
    if model is AttributionModel.TIME_DECAY:
        return [_decayed(moments[-1] - moment) for moment in moments]
    if model is AttributionModel.POSITION:
        between = count - 2
        return [2 * between, *[1] * between, 2 * between] if between > 0 else [1] * count
    chosen = 0 if model is AttributionModel.FIRST_CLICK else count - 1
    return [int(place == chosen) for place in range(count)]


def _decayed(age: timedelta) -> int:
    """2^(−age ÷ half-life) as a whole number; exact decimals, so that every machine comes to the same."""
    with localcontext() as context:
        context.prec = 40
        exponent = -Decimal(age // _MICROSECOND) / Decimal(HALF_LIFE // _MICROSECOND)
        return int((Decimal(2) ** exponent * _SCALE).to_integral_value())
