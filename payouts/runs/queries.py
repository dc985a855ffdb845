"""What a run would pay, and runs as finance sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community, Curator
from affiliate.core.errors import NotFound
from affiliate.identity.actors import Actor
from payouts.ledger import queries as ledger
from payouts.ledger.accounts import PAYABLE, PAYABLE_UNFUNDED
from payouts.runs import rules
from payouts.runs.models import BLOCKING, Payout, PayoutAttempt, PayoutRun, PayoutStatus, RunLeftOut, RunStatus

ID_MAX = 2**63 - 1
CHUNK = 10_000  # values in one IN list


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with its rows, and names for the owners in them."""

    run: PayoutRun
    payouts: Sequence[Payout]
    left_out: Sequence[RunLeftOut]
    names: dict[str, str]

    def amount_in(self, *statuses: PayoutStatus) -> int:
        """The sum of the payouts in one of these states."""
        return sum(payout.amount_minor for payout in self.payouts if payout.status in statuses)

    def count_in(self, *statuses: PayoutStatus) -> int:
        return sum(payout.status in statuses for payout in self.payouts)


def positions(session: Session, *, currency: str, cutoff: datetime) -> list[rules.Position]:
    """What every owner has at the cut-off, from the books, with what is reserved for them by open payouts."""
    owed = ledger.positions(session, cutoff=cutoff, currency=currency)
    unfunded = ledger.balances(session, name=PAYABLE_UNFUNDED, currency=currency)
    under_way = sa.select(Payout.owner, Payout.amount_minor)
    under_way = under_way.where(Payout.currency == currency, Payout.status.in_(BLOCKING))
    reserved = {owner: int(amount) for owner, amount in session.execute(under_way)}
    owners = {owner for owner, _currency in (*owed, *unfunded)} | reserved.keys()
    nothing = ledger.Position(available=0, held=0)
    return [
        rules.Position(
            owner=owner,
            available_minor=owed.get((owner, currency), nothing).available,
            held_minor=owed.get((owner, currency), nothing).held,
            unfunded_minor=max(0, -unfunded.get((owner, currency), 0)),
            open_minor=reserved.get(owner, 0),
        )
        for owner in sorted(owners)
    ]


def currencies(session: Session) -> list[str]:
    """Every currency in which we have ever owed anybody anything; rupiah first."""
    found = {currency for _owner, currency in ledger.balances(session, name=PAYABLE)}
    return sorted(found | {"IDR"}, key=lambda code: (code != "IDR", code))


def run_for(session: Session, actor: Actor, run_id: int, *, lock: bool = False) -> PayoutRun:
    """A run for finance and admins. Raises NotFound for everybody else. `lock` keeps other writers out (PostgreSQL)."""
    if not actor.sees_all() or run_id > ID_MAX:
        raise NotFound
    query = sa.select(PayoutRun).where(PayoutRun.id == run_id).execution_options(populate_existing=True)
    found = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def payout_for(session: Session, actor: Actor, payout_id: int, *, run_id: int | None = None) -> Payout:
    """One payout, likewise; with `run_id` only one of that run."""
    if not actor.sees_all() or payout_id > ID_MAX:
        raise NotFound
    query = sa.select(Payout).where(Payout.id == payout_id).execution_options(populate_existing=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None or (run_id is not None and found.run_id != run_id):
        raise NotFound
    return found


def runs(session: Session, actor: Actor, *, limit: int, before: int | None = None) -> Sequence[PayoutRun]:
    """Runs, newest first; one more than `limit`, so that the caller sees whether there are more."""
    if not actor.sees_all():
        raise NotFound
    query = sa.select(PayoutRun).order_by(PayoutRun.id.desc()).limit(limit + 1)
    return session.execute(query.where(PayoutRun.id < before) if before is not None else query).scalars().all()


def payouts_of(session: Session, run_id: int) -> Sequence[Payout]:
    """A run's payouts by owner, as the database has them now."""
    query = sa.select(Payout).where(Payout.run_id == run_id).order_by(Payout.owner)
    return session.execute(query.execution_options(populate_existing=True)).scalars().all()


def left_out_of(session: Session, run_id: int) -> Sequence[RunLeftOut]:
    query = sa.select(RunLeftOut).where(RunLeftOut.run_id == run_id).order_by(RunLeftOut.owner)
    return session.execute(query).scalars().all()


def view(session: Session, run: PayoutRun) -> RunView:
    """Everything that a page or the API shows of a run, in a fixed number of queries."""
    payouts, left_out = payouts_of(session, run.id), left_out_of(session, run.id)
    owners = {row.owner for row in payouts} | {row.owner for row in left_out}
    return RunView(run, payouts, left_out, owner_names(session, owners))


def digest_of_rows(session: Session, run: PayoutRun) -> str:
    """The digest of what the rows say now: equal to the run's own as long as nobody has touched them."""
    lines = [rules.Line(row.owner, row.amount_minor, row.rail, row.payee) for row in payouts_of(session, run.id)]
    return rules.digest(run.currency, run.cutoff, lines)


def owner_names(session: Session, owners: Collection[str]) -> dict[str, str]:
    """Names of communities and curators by owner key; other owners stand under their key."""
    names = {owner: owner for owner in owners}
    for kind, table in (("community", Community), ("curator", Curator)):
        ids = [int(owner.partition(":")[2]) for owner in owners if owner.startswith(f"{kind}:")]
        for start in range(0, len(ids), CHUNK):
            query = sa.select(table.id, table.name).where(table.id.in_(ids[start : start + CHUNK]))
            names |= {f"{kind}:{row.id}": row.name for row in session.execute(query)}
    return names


def earlier_payouts(session: Session, run: PayoutRun) -> dict[str, Payout]:
    """Each owner's last payout before this run in its currency, of those that were not cancelled."""
    last = (
        sa.select(sa.func.max(Payout.id))
        .where(Payout.run_id < run.id, Payout.currency == run.currency, Payout.status != PayoutStatus.CANCELLED)
        .group_by(Payout.owner)
    )
    rows = session.execute(sa.select(Payout).where(Payout.id.in_(last))).scalars()
    return {row.owner: row for row in rows}


def indebted_before(session: Session, run: PayoutRun) -> frozenset[str]:
    """Owners whom the last run before this one, in its currency, left out for a debt."""
    last = sa.select(sa.func.max(PayoutRun.id)).where(
        PayoutRun.id < run.id, PayoutRun.currency == run.currency, PayoutRun.status != RunStatus.CANCELLED
    )
    query = sa.select(RunLeftOut.owner).where(
        RunLeftOut.run_id == last.scalar_subquery(), RunLeftOut.reason == rules.Reason.DEBT
    )
    return frozenset(session.execute(query).scalars())


def latest_attempts(session: Session, run_id: int) -> dict[int, PayoutAttempt]:
    """The last attempt of each payout of a run, by the payout's id."""
    query = (
        sa.select(PayoutAttempt)
        .join(Payout, Payout.id == PayoutAttempt.payout_id)
        .where(Payout.run_id == run_id)
        .order_by(PayoutAttempt.number)
    )
    return {row.payout_id: row for row in session.execute(query).scalars()}
