"""How a commission was reckoned, as one structure of plain values: kept with every event, shown to people as it is.

Amounts are minor units in fields that end in `_minor`; the API shows the same fields as money (`for_programs`).
"""

from __future__ import annotations

from typing import Any

from affiliate.commissions.facts import Conditions, Facts, Reckoned
from affiliate.commissions.rules import PricedLine, RateLine
from affiliate.core import clock
from affiliate.core.web import money_json

_MINOR = "_minor"


def of(facts: Facts, reckoned: Reckoned) -> dict[str, Any]:
    """Order, lines with the rate that won and those it beat, the sum, the split, and whose click it was."""
    order, conversion, conditions = facts.order, facts.conversion, facts.conditions
    return {
        "order": {
            "ref": order.ref,
            "status": order.status.value,
            "currency": order.currency,
            "placed_at": clock.rfc3339(order.placed_at),
            "completed_at": clock.rfc3339(order.completed_at) if order.completed_at else None,
        },
        "attribution": _attribution(conversion),
        "terms": _terms(conditions, facts) if conditions else None,
        "lines": [_line(priced) for priced in reckoned.priced.lines],
        "once": [_rate(rate) for rate in reckoned.priced.once],
        "reckoned_minor": reckoned.priced.total_minor,
        "total_minor": sum(reckoned.due.values()),
        "zero_because": None if facts.is_due else conversion.reason or order.status.value,
        "credits": [
            {"community": credit.community_id, "curator": credit.curator_id, "weight_bps": credit.weight_bps}
            for credit in facts.credits
        ],
        "split": [
            {
                "owner": share.owner,
                "role": share.role.value,
                "weight_bps": share.weight_bps,
                "amount_minor": share.amount_minor if facts.is_due else 0,
                "community": credit.community_id,
                "curator": credit.curator_id,
                "link": credit.link_id,
                "credit_bps": credit.weight_bps,
            }
            for credit, shares in zip(facts.credits, reckoned.by_credit, strict=False)
            for share in shares
        ],
    }


def for_programs(value: Any, currency: str) -> Any:
    """The structure with every `…_minor` as money under its plain name; a part may name a currency of its own."""
    if isinstance(value, list):
        return [for_programs(inner, currency) for inner in value]
    if not isinstance(value, dict):
        return value
    code = value.get("currency", currency)
    return {
        name.removesuffix(_MINOR): _money(inner, code) if name.endswith(_MINOR) else for_programs(inner, code)
        for name, inner in value.items()
    }


def _money(minor: int | None, currency: str) -> dict[str, str] | None:
    return None if minor is None else money_json(minor, currency)


def _attribution(conversion: Any) -> dict[str, Any]:
    return {
        "status": conversion.status.value,
        "reason": conversion.reason,
        "clicked_at": clock.rfc3339(conversion.clicked_at) if conversion.clicked_at else None,
        "candidates": conversion.evidence.get("candidates", []),
        "rule": conversion.evidence.get("rule"),
        "decided_by": conversion.evidence.get("decided_by"),
    }


def _terms(conditions: Conditions, facts: Facts) -> dict[str, Any]:
    return {
        "programme": conditions.programme_name,
        "version": conditions.terms_version,
        "valid_from": clock.rfc3339(conditions.valid_from),
        "window_days": conditions.window_days,
        "hold_days": conditions.hold_days,
        "split_version": facts.credits[0].split_version if facts.credits else None,
    }


def _line(priced: PricedLine) -> dict[str, Any]:
    line = priced.line
    return {
        "line": line.ref,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "refunded_quantity": line.refunded_quantity,
        "unit_price_minor": line.unit_price_minor,
        "discount_minor": line.discount_minor,
        "tax_minor": line.tax_minor,
        "net_minor": line.net_minor,
        "refunded_minor": line.refunded_minor,
        "counted_minor": line.left_minor,
        "excluded": priced.excluded,
        "rate": _rate(priced.rate) if priced.rate else None,
        "beaten": [_rate(rate) for rate in priced.beaten],
        "exact": priced.exact,  # minor units before rounding, as a plain decimal
        "commission_minor": priced.commission_minor,
    }


def _rate(rate: RateLine) -> dict[str, Any]:
    return {
        "position": rate.position,
        "scope": rate.scope.value,
        "match": rate.match,
        "kind": rate.kind.value,
        "bps": rate.rate_bps,
        "amount_minor": rate.amount_minor,
    }
