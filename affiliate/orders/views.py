"""What a store sent, what we made of it, and its orders: for the store's staff, finance and admins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.clock import local_date
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import DEFAULT_ZONE, _, _l, _n
from affiliate.core.signing import sha256_hex
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.merchants.wording import KIND_NAMES as SHOPS
from affiliate.orders import adapters, queries, service, wording
from affiliate.orders.adapters.reading import Reading, Shop
from affiliate.orders.files import sources
from affiliate.orders.models import Delivery, DeliveryStatus, Verdict
from affiliate.orders.schemas import Unreadable

bp = Blueprint("orders", __name__)
KIND_NAMES = {**SHOPS, WebhookKind.FILE: _l("Order file")}
PARKED = DeliveryStatus.PARKED.value  # beside the verdicts in the page's choice
JUST_CONNECTED = 5  # deliveries
LOOKERS = (*guards.MERCHANT, *guards.FINANCE)


@bp.get("/merchant/<slug>/deliveries")
@guards.require(*LOOKERS)
def deliveries(slug: str) -> Any:
    """Newest first, by verdict and reason; asked with what the page has `seen`, 204 while that is all."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    refused = queries.refused_on(db.session, merchant, local_date(clock.now(), DEFAULT_ZONE))
    reasons = queries.reasons(db.session, merchant)
    verdict = _chosen_verdict(request.args.get("verdict"))
    reason = _chosen_reason(request.args.get("reason"), {name for name, _count in reasons})
    cursor = web.decode_cursor(request.args.get("cursor"))
    parked = request.args.get("verdict") == PARKED
    rows = queries.deliveries(
        db.session,
        merchant,
        verdict=verdict,
        reason=reason,
        parked=parked,
        before=cursor[0] if cursor else None,
        limit=web.PAGE_SIZE + 1,
    )
    shown = rows[: web.PAGE_SIZE]
    older = web.encode_cursor(shown[-1].id) if len(rows) > web.PAGE_SIZE else None
    is_chosen = bool(verdict or reason or parked or cursor)
    stamp = None if is_chosen or older else _stamp(shown, refused)  # a long list stays put under a reader
    if stamp and request.args.get("seen") == stamp:
        return "", 204
    return render_template(
        "affiliate/orders/deliveries.html",
        merchant=merchant,
        deliveries=shown,
        older=older,
        known=queries.known_refs(db.session, merchant, {row.order_ref for row in shown if row.order_ref}),
        reasons=reasons,
        refused=refused,
        first_green=_first_green(shown) if stamp else None,
        stamp=stamp,
        kind_names=KIND_NAMES,
        verdict=PARKED if parked else verdict.value if verdict else "",
        reason=reason or "",
        may_replay=guards.actor().runs_merchant(merchant.id),
        words=wording,
    )


def _first_green(rows: Sequence[Any]) -> Any:
    """The first delivery that told us something, while a shop has only just been connected."""
    fits = [row for row in rows if row.verdict is Verdict.ACCEPTED]
    return fits[-1] if fits and len(rows) <= JUST_CONNECTED else None


def _stamp(rows: Sequence[Any], refused: Sequence[Any]) -> str:
    """Changes with whatever the first page shows."""
    shown = [(row.id, row.repeats, row.status, row.verdict, row.attempts) for row in rows]
    counts = [(row.kind, row.count, fits_since) for row, fits_since in refused]
    return sha256_hex(repr((shown, counts)).encode())[:16]


def _chosen_verdict(text: str | None) -> Verdict | None:
    return Verdict(text) if text in set(Verdict) else None


def _chosen_reason(text: str | None, known: set[str]) -> str | None:
    return text if text in known else None


@bp.get("/merchant/<slug>/deliveries/<int:delivery_id>")
@guards.require(*LOOKERS)
def delivery(slug: str, delivery_id: int) -> str:
    """One delivery: as it came, and line by line as we read it."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    row = queries.delivery(db.session, merchant, delivery_id)
    reading = _read(merchant, row)
    return render_template(
        "affiliate/orders/delivery.html",
        merchant=merchant,
        delivery=row,
        kind_name=KIND_NAMES[row.kind],
        reading=reading,
        order=queries.order_if_known(db.session, merchant, row.order_ref),
        raw=wording.pretty(row.body),
        may_replay=guards.actor().runs_merchant(merchant.id) and row.status not in service.DUE,
        parked=row.status is DeliveryStatus.PARKED,
        source=sources.of_delivery(row),
        words=wording,
    )


def _read(merchant: Merchant, row: Delivery) -> Reading | None:
    """What a delivery says, read again; None for what cannot be read or says nothing of an order."""
    try:
        reading = adapters.read(row.kind, row.body, row.headers, Shop(merchant.id, merchant.click_param))
    except Unreadable:
        return None
    return reading if reading.events else None


@bp.post("/merchant/<slug>/deliveries/<int:delivery_id>/replay")
@guards.require(*guards.MERCHANT)
def replay(slug: str, delivery_id: int) -> Any:
    """Work a delivery once more; nothing is booked twice."""
    actor = guards.actor()
    with transaction(db.session) as session:
        merchant = merchants.merchant_run_by(session, actor, slug)
        row = queries.delivery(session, merchant, delivery_id)
        service.replay(session, row, actor=actor, now=clock.now())
    flash(_("It is in the queue again. What was known counts once."), "good")
    return web.see_other(url_for(".delivery", slug=slug, delivery_id=delivery_id))


@bp.post("/merchant/<slug>/deliveries/replays")
@guards.require(*guards.MERCHANT)
def replay_chosen(slug: str) -> Any:
    """Work all deliveries of the page's choice once more, after what was wrong has been put right."""
    actor = guards.actor()
    reason, parked = request.form.get("reason") or None, request.form.get("verdict") == PARKED
    verdict = _chosen_verdict(request.form.get("verdict"))
    if not (verdict or reason or parked):
        raise Invalid.field("verdict", _("Choose a verdict or a reason first."))
    with transaction(db.session) as session:
        merchant = merchants.merchant_run_by(session, actor, slug)
        count = service.replay_chosen(
            session,
            merchant,
            verdict=verdict,
            reason=reason,
            parked=parked,
            actor=actor,
            now=clock.now(),
        )
    text = _n(
        "%(count)s delivery is in the queue again. What was known counts once.",
        "%(count)s deliveries are in the queue again. What was known counts once.",
        count,
        count=count,
    )
    flash(text, "good")
    return web.see_other(url_for(".deliveries", slug=slug))


@bp.get("/merchant/<slug>/orders/<path:ref>")
@guards.require(*LOOKERS)
def order(slug: str, ref: str) -> str:
    """One order as it follows from everything the store said about it."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    row = queries.order(db.session, merchant, ref)
    lines, refunds, events = queries.parts(db.session, [row])
    return render_template(
        "affiliate/orders/order.html",
        merchant=merchant,
        order=row,
        lines=lines[row.id],
        refunds=refunds[row.id],
        events=events[row.id],
        sources=sources.of_events(db.session, events[row.id]),
        words=wording,
    )
