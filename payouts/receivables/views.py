"""Finance's page of receipts: record what a store paid, see what each owes and how far its money reaches."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import AppError, Conflict, Invalid, NotFound
from affiliate.core.i18n import DEFAULT_ZONE, _, format_money
from affiliate.identity import guards
from affiliate.identity import queries as people
from affiliate.identity.models import Role
from affiliate.merchants import queries as merchants
from payouts.receivables import queries, schemas, service

bp = Blueprint("receivables", __name__)


@bp.get("/finance/receipts")
@guards.require(*guards.FINANCE)
def index() -> Any:
    return _page()


@bp.post("/finance/receipts")
@guards.require(Role.FINANCE_MAKER)
def record() -> Any:
    actor, now = guards.actor(), clock.now()
    try:
        data = web.load_form(schemas.ReceiptForm())
        with transaction(db.session) as session:
            merchant = _merchant(session, actor, data["merchant"])
            amount_minor, currency = schemas.typed_amount(data["amount"], merchant)
            service.record_receipt(
                session,
                merchant,
                amount_minor=amount_minor,
                currency=currency,
                reference=data["reference"],
                received_at=schemas.arrival(data["received_on"], now),
                actor=actor,
                now=now,
            )
    except (Invalid, Conflict) as error:
        return _page(error), error.status
    amount = format_money(amount_minor, currency)
    flash(_("%(amount)s from %(store)s is in the books.", amount=amount, store=merchant.name), "good")
    return web.see_other(url_for(".index"))


def _merchant(session: Any, actor: Any, slug: str) -> Any:
    try:
        return merchants.merchant_for(session, actor, slug)
    except NotFound:
        raise Invalid.field("merchant", _("Choose one of the stores.")) from None


def _page(error: AppError | None = None) -> str:
    actor = guards.actor()
    cursor = web.decode_cursor(request.args.get("cursor"))
    rows = queries.receipts(db.session, actor, before=cursor[0] if cursor else None, limit=web.PAGE_SIZE + 1)
    shown = rows[: web.PAGE_SIZE]
    following = web.encode_cursor(shown[-1][0].id) if len(rows) > web.PAGE_SIZE else None
    return render_template(
        "payouts/receivables/index.html",
        standings=queries.standings(db.session, actor),
        receipts=shown,
        names=people.people(db.session, {receipt.recorded_by for receipt, _merchant in shown}),
        next_url=url_for(".index", cursor=following) if following else None,
        stores=[(merchant.slug, merchant.name) for merchant in merchants.merchants(db.session, actor)],
        may_record=actor.is_admin or Role.FINANCE_MAKER in actor.roles,
        today=clock.local_date(clock.now(), DEFAULT_ZONE).isoformat(),
        posted=request.form if error else {},
        error=error,
    )
