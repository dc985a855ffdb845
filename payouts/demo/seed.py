"""`flask demo seed`: two communities, three stores, a month of clicks and orders, a payout, a refund after it.

The month is told to Etalase day by day, with the clock of that day, through the same doors and jobs as any other:
signed deliveries, lines of the click spool, the pipeline, booking, a run made by one and approved by another. All of
it is one transaction: who kills it half-way finds the database as it was, and the next start tells the month anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa
from flask import current_app

from affiliate import pipeline
from affiliate.catalogue import jobs as catalogue
from affiliate.claims import jobs as claim_jobs
from affiliate.communities.models import Community
from affiliate.core import clock
from affiliate.core.db import all_or_nothing, db, transaction
from affiliate.core.settings import Settings
from affiliate.core.signing import standard_signature
from affiliate.merchants.models import Merchant, WebhookKey, WebhookKind
from affiliate.orders import intake
from affiliate.tracking import records, tokens
from affiliate.tracking import service as tracking
from affiliate.tracking.pageviews import records as view_records
from affiliate.tracking.pageviews import service as pageviews
from affiliate.tracking.rollups import jobs as rollups
from payouts.booking import jobs as booking
from payouts.demo import claims, hearing, journeys, world
from payouts.demo.month import DAYS, Month, Telling, View, Visit, imagine
from payouts.demo.story import CLUBS
from payouts.rails.registry import RAILS
from payouts.receivables import service as receivables
from payouts.runs import queries as runs_queries
from payouts.runs import sending, settlement
from payouts.runs import service as runs
from payouts.runs.models import PayoutStatus

SEED = 20261101
PAY_DAY = 23
HEARD_FROM = 20  # programs listen from this day on
MINIMUM_MINOR = 10_000_00
MAKER, APPROVER = "fina@etalase.example", "agus@etalase.example"


def seed(now: datetime) -> bool:
    """Tell the month that ends now. False when the demo is there already."""
    settings: Settings = current_app.config["ETALASE"]
    with all_or_nothing(db.session) as session:
        if session.execute(sa.select(Community.id).where(Community.slug == CLUBS[0].slug)).scalar() is not None:
            return False
        begin = clock.start_of_day(clock.local_date(now, "Asia/Jakarta"), "Asia/Jakarta") - timedelta(days=DAYS)
        opening = begin - timedelta(days=3)
        world.make_clubs(session, opening)
        world.make_stores(session, settings, opening)
        world.make_people(session, opening)
        world.give_payout_accounts(session, opening)
        while catalogue.run(opening):
            pass
        picks = world.make_shelves(session, opening)
        world.make_links(session, settings, opening)
        shared_from = begin + timedelta(days=journeys.SHARED_FROM)
        world.say_how_orders_are_credited(session, journeys.COUPONS, shared_from=shared_from, now=opening)
        clicked = [pick for pick in picks if (pick.club, pick.store.slug) != journeys.ONLY_IN_JOURNEYS]
        month = imagine(clicked, begin=begin, end=now - timedelta(minutes=1), seed=SEED)
        journeys.add(month, picks, begin=begin)
        _live(month, begin, now, settings)
        with transaction(session):
            claims.tell(session, now)
        _work(now)
    return True


def _live(month: Month, begin: datetime, now: datetime, settings: Settings) -> None:
    """Day by day, so that nothing knows of tomorrow."""
    secrets = _secrets()
    keys = tokens.keys(settings.secret_key)
    dice = Random(SEED)  # noqa: S311  the demo's
    for day in range(DAYS + 1):
        start = begin + timedelta(days=day)
        until = min(start + timedelta(days=1), now)
        _look([view for view in month.views if start <= view.at < until])
        _click([visit for visit in month.visits if start <= visit.at < until])
        with transaction(db.session) as session:
            for telling in (one for one in month.tellings if start <= one.at < until):
                merchant_id, secret = secrets[telling.store]
                body = _body(telling, keys)
                headers = {
                    "webhook-id": telling.message_id,
                    "webhook-timestamp": str(int(telling.at.timestamp())),
                    "webhook-signature": standard_signature(secret, telling.message_id, telling.at, body),
                }
                intake.keep(session, merchant_id, WebhookKind.STANDARD, headers=headers, body=body, now=telling.at)
        _work(until)
        if day == PAY_DAY:
            _stores_pay(until)
            _pay(until)
        with transaction(db.session) as session:
            if day == HEARD_FROM:
                hearing.listen(session, now=until)
            hearing.send(session, dice, is_last=day >= DAYS - 1, now=until)


def _work(now: datetime) -> None:
    while rollups.run(now):
        pass
    while pipeline.run(now):
        pass
    while claim_jobs.run(now):
        pass
    while booking.run(now):
        pass


def _look(views: Sequence[View]) -> None:
    """Load the day's lines of a spool; not from a file, which would outlive a kill that undoes the rest."""
    parsed = view_records.parse(b"".join(_view_line(view) for view in views))
    with transaction(db.session) as session:
        pageviews.load(session, parsed.records)


def _view_line(view: View) -> bytes:
    ms, collection_id = tokens.milliseconds(view.at), view.collection_id or 0
    return view_records.line(ms, view.nonce, view.community_id, collection_id, view.visitor, view.link_ids)


def _click(visits: Sequence[Visit]) -> None:
    """As `_look`."""
    parsed = records.parse(b"".join(_line(visit) for visit in visits))
    with transaction(db.session) as session:
        tracking.load(session, parsed.records)


def _line(visit: Visit) -> bytes:
    ms = tokens.milliseconds(visit.at)
    link_id, referrer = visit.pick.link_id, visit.referrer_host
    return records.line(ms, visit.nonce, link_id, visit.visitor, visit.device, visit.reason, referrer)


def _body(telling: Telling, keys: tokens.TokenKeys) -> bytes:
    """The delivery as its store sends it; a repeat of a telling has the same bytes."""
    data = dict(telling.data)
    if telling.visit is not None and telling.kind != "refunded":
        visit = telling.visit
        data["click_token"] = tokens.mint(visit.pick.link_id, visit.at, visit.nonce, keys)
    moment = clock.rfc3339(telling.at.replace(microsecond=0))
    return json.dumps({"type": f"order.{telling.kind}", "timestamp": moment, "data": data}).encode()


def _secrets() -> dict[str, tuple[int, str]]:
    rows = db.session.execute(
        sa.select(Merchant.slug, Merchant.id, WebhookKey.secret).join(WebhookKey, WebhookKey.merchant_id == Merchant.id)
    )
    return {slug: (merchant_id, secret) for slug, merchant_id, secret in rows}


def _stores_pay(now: datetime) -> None:
    """Two of the three stores have paid their bill of the first weeks."""
    for slug, amount_minor in (("rumah-anggun", 900_000_00), ("panggung-resmi", 500_000_00)):
        with transaction(db.session) as session:
            merchant = session.execute(sa.select(Merchant).where(Merchant.slug == slug)).scalar_one()
            receivables.record_receipt(
                session, merchant, amount_minor=amount_minor, currency="IDR", reference=f"TRF-{merchant.id}-0001",
                received_at=now, actor=world.person(session, MAKER), now=now,
            )  # fmt: skip


def _pay(now: datetime) -> None:
    """A run that one made, another approved, and both saw through to the bank's answer."""
    with transaction(db.session) as session:
        maker, approver = world.person(session, MAKER), world.person(session, APPROVER)
        run = runs.plan_run(session, cutoff=now, currency="IDR", minimum_minor=MINIMUM_MINOR, actor=maker, now=now)
        run_id = run.id
    later = now + timedelta(hours=1)
    with transaction(db.session) as session:
        run = runs_queries.run_for(session, approver, run_id, lock=True)
        runs.approve(session, run, digest=run.digest, actor=approver, now=later)
    with transaction(db.session) as session:
        run = runs_queries.run_for(session, maker, run_id)
        sending.begin(session, run, actor=maker, now=later)
    for payout_id in sending.due(db.session, run_id, now=later):
        with transaction(db.session) as session:
            claimed = sending.claim(session, payout_id, now=later)
            assert claimed is not None
        outcome = RAILS[claimed.rail].send(claimed.instruction, claimed.key)
        with transaction(db.session) as session:
            sending.record_outcome(session, claimed, outcome, now=later)
    with transaction(db.session) as session:
        run = runs_queries.run_for(session, maker, run_id, lock=True)
        payouts = runs_queries.payouts_of(session, run.id)
        settlement.settle(
            session, run, payouts, status=PayoutStatus.PAID, reference=f"BI-FAST {now:%d%m}-01", actor=maker,
            now=later + timedelta(hours=3),
        )  # fmt: skip
