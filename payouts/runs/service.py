"""Plan a run, approve it, cancel it. The books move in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from affiliate.core.db import affected, is_postgres
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from payouts.payees import queries as payees
from payouts.payees.rules import payee_text
from payouts.rails.registry import DEFAULT
from payouts.runs import books, queries, rules
from payouts.runs.guards import require_approver, require_finance, require_planner
from payouts.runs.models import Payout, PayoutRun, PayoutStatus, RunLeftOut, RunStatus

CANCELLABLE = (RunStatus.DRAFT, RunStatus.APPROVED)


class DigestChanged(Conflict):
    code = "digest_changed"
    message = _l("This is not the list as it stands now. Nothing was changed; please read it again.")


class NotADraft(Conflict):
    code = "not_a_draft"
    message = _l("This run is no longer a draft: somebody has approved or cancelled it. Nothing was changed.")


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    message = _l("This run pays nobody, so there is nothing to approve. Cancel it and plan another.")


class NotCancellable(Conflict):
    code = "not_cancellable"
    message = _l("This run has been sent or cancelled already. Nothing was changed.")


class MoneyMoved(Conflict):
    code = "money_moved"
    message = _l("The books moved while the run was planned. Nothing was kept; please plan it again.")


def plan_run(
    session: Session, *, cutoff: datetime, currency: str, minimum_minor: int, actor: Actor, now: datetime
) -> PayoutRun:
    """A draft of everybody who is due at the cut-off; their money is reserved in the books from this moment on.

    Raises NotYourPart, Invalid for a negative minimum, MoneyMoved when another writer was in between.
    """
    require_planner(actor)
    if minimum_minor < 0:
        raise Invalid.field("minimum", _l("The minimum cannot be negative."))
    _one_planner(session, currency)
    plan = rules.plan(queries.positions(session, currency=currency, cutoff=cutoff), minimum_minor=minimum_minor)
    payouts = _payouts(session, plan.due, currency)
    run = PayoutRun(
        cutoff=cutoff,
        currency=currency,
        minimum_minor=minimum_minor,
        status=RunStatus.DRAFT,
        digest=rules.digest(currency, cutoff, [_line(payout) for payout in payouts]),
        total_minor=plan.total_minor,
        made_by=actor.ref,
        made_at=now,
    )
    session.add(run)
    session.flush()  # its id stands in the rows below
    for payout in payouts:
        payout.run_id = run.id
    session.add_all(payouts)
    session.add_all(
        RunLeftOut(run_id=run.id, owner=left.owner, reason=left.reason, amount_minor=left.amount_minor)
        for left in plan.left_out
    )
    try:
        session.flush()  # the payouts' ids name their entries; a second open payout of one owner is refused here
    except IntegrityError:
        raise MoneyMoved from None
    books.reserve(session, payouts, now=now)
    _check_reserved(session, plan, currency, cutoff)
    record(session, actor, "payout_run.planned", ("payout_run", run.id), now=now, digest=run.digest)
    return run


def approve(session: Session, run: PayoutRun, *, digest: str, actor: Actor, now: datetime) -> None:
    """Another person than the maker signs exactly this list.

    Raises SamePerson, NotYourPart, DigestChanged, NothingToPay, and NotADraft for whoever comes second.
    """
    require_approver(actor, made_by=run.made_by)
    if run.status != RunStatus.DRAFT:
        raise NotADraft
    if not (digest == run.digest == queries.digest_of_rows(session, run)):
        raise DigestChanged
    if run.total_minor == 0:
        raise NothingToPay
    draft = sa.update(PayoutRun).where(PayoutRun.id == run.id, PayoutRun.status == RunStatus.DRAFT)
    values = {"status": RunStatus.APPROVED, "approved_by": actor.ref, "approved_at": now}
    if not affected(session.execute(draft.values(values))):
        raise NotADraft
    planned = sa.update(Payout).where(Payout.run_id == run.id, Payout.status == PayoutStatus.PLANNED)
    session.execute(planned.values(status=PayoutStatus.APPROVED))
    record(session, actor, "payout_run.approved", ("payout_run", run.id), now=now, digest=run.digest)


def cancel(session: Session, run: PayoutRun, *, actor: Actor, now: datetime) -> None:
    """Give the reserved money back, as long as nothing has been sent. Raises NotYourPart, NotCancellable."""
    require_finance(actor)
    waiting = sa.update(PayoutRun).where(PayoutRun.id == run.id, PayoutRun.status.in_(CANCELLABLE))
    if not affected(session.execute(waiting.values(status=RunStatus.CANCELLED, closed_at=now))):
        raise NotCancellable
    payouts = queries.payouts_of(session, run.id)
    session.execute(sa.update(Payout).where(Payout.run_id == run.id).values(status=PayoutStatus.CANCELLED))
    books.release(session, payouts, now=now)
    record(session, actor, "payout_run.cancelled", ("payout_run", run.id), now=now)


def _one_planner(session: Session, currency: str) -> None:
    """Runs of one currency are planned one after another. SQLite has a single writer anyway."""
    if is_postgres(session):
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"payout_run:{currency}"))))


def _payouts(session: Session, due: Iterable[rules.Due], currency: str) -> list[Payout]:
    accounts = payees.newest_accounts(session, currency)
    found = []
    for entry in due:
        account = accounts.get(entry.owner)
        found.append(
            Payout(
                owner=entry.owner,
                role=rules.role_of(entry.owner),
                currency=currency,
                amount_minor=entry.amount_minor,
                payee=payee_text(account.holder_name, account.bank_code, account.account_number) if account else "",
                status=PayoutStatus.PLANNED,
                rail=account.rail if account else DEFAULT,
            )
        )
    return found


def _check_reserved(session: Session, plan: rules.Plan, currency: str, cutoff: datetime) -> None:
    """Read again what is left: nobody who is paid may owe us something for it."""
    left = {row.owner: row.available_minor for row in queries.positions(session, currency=currency, cutoff=cutoff)}
    if any(left.get(entry.owner, 0) < 0 for entry in plan.due):
        raise MoneyMoved


def _line(payout: Payout) -> rules.Line:
    return rules.Line(payout.owner, payout.amount_minor, payout.rail, payout.payee)
