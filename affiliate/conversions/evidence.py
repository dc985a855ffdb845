"""What is kept of a verdict, as plain values: every candidate with its verdict, and the rule that decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from affiliate.conversions.judging import Judged
from affiliate.conversions.touches import Offer, Policy, Step


def evidence_of(
    judged: Sequence[Judged], offer: Offer | None, policy: Policy | None, deciding: Step | None = None
) -> dict[str, Any]:
    """Plain values: the candidates, the latest first, and the rule that decided among them."""
    return {
        "candidates": [_told(one) for one in reversed(judged)],
        "rule": None
        if offer is None
        else {
            "programme": offer.programme_id,
            "window_days": offer.window_days,
            "version": policy.version if policy else None,
            "model": policy.model.value if policy else None,
            "ladder": [rung.value for rung in policy.ladder] if policy else None,
            "coupon_rule": policy.coupon_rule.value if policy else None,
        },
        "decided_by": deciding.value if deciding else None,
    }


def _told(judged: Judged) -> dict[str, Any]:
    """A candidate as evidence, for people and programs."""
    one, offer = judged.candidate, judged.offer
    return {
        "source": one.source.value,
        "at": _text(one.at),
        "link": one.link_id,
        "community": one.community_id,
        "curator": one.curator_id,
        "clicked_at": _text(one.at) if one.is_click and not one.fault else None,
        "visit": one.visit,
        "code": one.code,
        "verdict": judged.verdict,
        "weight_bps": judged.weight_bps,
        "programme": offer.programme_id if offer else None,
        "window_days": offer.window_days if offer else None,
    }


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
