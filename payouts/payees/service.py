"""Give a payout account. The old one stays in the history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from payouts.payees import rules
from payouts.payees.banks import BANKS
from payouts.payees.models import PayoutAccount
from payouts.payees.queries import CURRENCY, Payee


def give_account(
    session: Session,
    payee: Payee,
    *,
    holder_name: str,
    bank_code: str,
    account_number: str,
    actor: Actor,
    now: datetime,
) -> PayoutAccount:
    """A new account for this payee; the very same again changes nothing. Raises Invalid with every wrong field."""
    holder, number = rules.holder_name(holder_name), rules.account_number(account_number)
    wrong: dict[str, object] = {}
    if holder is None:
        wrong["holder_name"] = _l("Write the name as it stands at the bank, up to 120 characters.")
    if bank_code not in BANKS:
        wrong["bank_code"] = _l("Choose a bank from the list.")
    if number is None:
        wrong["account_number"] = _l("An account number has 5 to 20 digits.")
    if holder is None or number is None or wrong:
        raise Invalid(fields=wrong)
    old = payee.account
    if old is not None and (old.holder_name, old.bank_code, old.account_number) == (holder, bank_code, number):
        return old
    account = PayoutAccount(
        owner=payee.owner,
        currency=CURRENCY,
        holder_name=holder,
        bank_code=bank_code,
        account_number=number,
        created_at=now,
        created_by=actor.ref,
    )
    session.add(account)
    session.flush()  # its id stands in the audit entry
    record(
        session,
        actor,
        "payout_account.changed",
        ("payout_account", account.id),
        now=now,
        owner=payee.owner,
        bank=bank_code,
        ends_in=number[-4:],
    )
    return account
