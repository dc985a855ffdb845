"""Record what a merchant paid: kept, booked, and what it covers made payable, all at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from affiliate.core.db import upsert
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.wording import one_line
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants.models import Merchant
from payouts.booking import chart
from payouts.booking import service as booking
from payouts.ledger.service import post
from payouts.receivables.models import Receipt

REFERENCE_MAX = 120


class ReferenceUsed(Conflict):
    code = "receipt_reference_used"
    message = _l("A receipt of this store with this reference is recorded already. Nothing was recorded twice.")


def record_receipt(
    session: Session,
    merchant: Merchant,
    *,
    amount_minor: int,
    currency: str,
    reference: str,
    received_at: datetime,
    actor: Actor,
    now: datetime,
) -> Receipt:
    """Money that a merchant sent us, by its bank reference, once.

    Raises Invalid for an amount that is not positive or a reference that is empty or too long, ReferenceUsed for one
    that was recorded before.
    """
    reference = one_line(reference)
    _check(amount_minor, reference)
    values = {
        "merchant_id": merchant.id,
        "currency": currency,
        "amount_minor": amount_minor,
        "reference": reference,
        "received_at": received_at,
        "recorded_at": now,
        "recorded_by": actor.ref,
    }
    insert = upsert(session, Receipt).values(values).on_conflict_do_nothing(index_elements=["merchant_id", "reference"])
    receipt = session.execute(insert.returning(Receipt)).scalar_one_or_none()
    if receipt is None:
        raise ReferenceUsed
    entry = chart.receipt(
        receipt.id, merchant_id=merchant.id, currency=currency, amount_minor=amount_minor, received_at=received_at
    )
    post(session, [entry], now=now)
    booking.cover(session, [(merchant.id, currency)], now=now)
    detail = {"amount_minor": amount_minor, "currency": currency, "reference": reference}
    record(session, actor, "receipt.recorded", ("receipt", receipt.id), now=now, merchant=merchant.slug, **detail)
    return receipt


def _check(amount_minor: int, reference: str) -> None:
    wrong = {}
    if amount_minor <= 0:
        wrong["amount"] = _l("Write an amount above zero.")
    if not reference or len(reference) > REFERENCE_MAX:
        wrong["reference"] = _l("Write the bank's reference, 1 to 120 characters.")
    if wrong:
        raise Invalid(fields=wrong)
