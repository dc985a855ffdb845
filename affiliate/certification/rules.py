"""The checklist: what a store's integration has shown, step by step. Pure; a function of the recorded requests.

A step is passed as soon as one request shows it, whatever else has come; failed where requests meant it and did not
get there, with the reason; else missing. What a shop system cannot produce is not demanded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from affiliate.certification.evidence import PASSES
from affiliate.certification.faults import FAULTS
from affiliate.certification.history import History
from affiliate.certification.steps import Case, Excuse, Result, State, Step
from affiliate.core import money
from affiliate.merchants.models import WebhookKind

VERSION = 1


def checklist(told: History, *, kind: WebhookKind, currency: str, prices: Mapping[str, int]) -> list[Result]:
    """Every step with its state, for a store of this shop system and currency."""
    case, excuses = Case(kind, told, prices), not_demanded(kind, currency)
    return [_judged(step, case, excuses.get(step)) for step in Step]


def not_demanded(kind: WebhookKind, currency: str) -> dict[Step, Excuse]:
    """Steps that this shop system cannot produce, with the reason."""
    if kind is WebhookKind.STANDARD:
        return {}
    excuses: dict[Step, Excuse] = {}
    if kind is WebhookKind.WOOCOMMERCE:
        excuses[Step.PART_BY_LINE] = Excuse.SUMS_ONLY
    if kind is not WebhookKind.SHOPIFY:
        excuses[Step.EARLY_REFUND] = Excuse.INSIDE
    if currency != "IDR":
        excuses[Step.IDR] = Excuse.ONE_CURRENCY
    if money.exponent(currency) != 0:
        excuses[Step.ZERO_DECIMAL] = Excuse.ONE_CURRENCY
    return excuses


def demanded(results: Sequence[Result]) -> list[Result]:
    return [one for one in results if one.excuse is None]


def is_passed(results: Sequence[Result]) -> bool:
    """True when all demanded steps are."""
    return all(one.state is State.PASSED for one in demanded(results))


def _judged(step: Step, case: Case, excuse: Excuse | None) -> Result:
    shown = PASSES[step](case)
    if shown is not None:
        return Result(step, State.PASSED, excuse, shown.id)
    fault = next((found for find in FAULTS[step] if (found := find(case, step)) is not None), None)
    if fault is not None:
        return Result(step, State.FAILED, excuse, fault.by.id, fault.why, fault.code, fault.field)
    return Result(step, State.MISSING, excuse)
