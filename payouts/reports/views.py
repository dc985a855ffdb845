"""Pages that show the books: a community's balance, what a store owes, and finance's trial balance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, render_template, request, stream_with_context, url_for

from affiliate.communities import queries as communities
from affiliate.core import clock, money, web
from affiliate.core.db import db
from affiliate.core.i18n import DEFAULT_ZONE, day_text, format_money
from affiliate.core.streams import csv_stream
from affiliate.identity import guards
from affiliate.merchants import queries as merchants
from payouts.receivables import queries as receivables
from payouts.reports import balances, books, owed, statements, words

bp = Blueprint("reports", __name__)
CHART_DAYS = 30


def _before() -> int | None:
    cursor = web.decode_cursor(request.args.get("cursor"))
    return cursor[0] if cursor else None


def _page(rows: Sequence[Any], key: Any, **address: Any) -> tuple[Sequence[Any], str | None]:
    """One page of rows, of which one more than a page was read, and the address of the next."""
    shown = rows[: web.PAGE_SIZE]
    if len(rows) <= web.PAGE_SIZE:
        return shown, None
    assert request.endpoint is not None  # a view is running
    return shown, url_for(request.endpoint, cursor=web.encode_cursor(key(shown[-1])), **address)


@bp.get("/portal/<slug>/balance")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def community_balance(slug: str) -> Any:
    """What is estimated, on the way, payable and paid, in one currency at a time, and the lines behind it."""
    now = clock.now()
    community = communities.seen_by(db.session, guards.actor(), slug)
    found = balances.balances(db.session, community, now=now)
    asked = request.args.get("currency", "")
    chosen = next((one for one in found if one.currency == asked), found[0] if found else None)
    names = balances.owners(db.session, community)
    shown: dict[str, Any] = {}
    if chosen:
        days = balances.expected(db.session, list(names), chosen.currency, now=now)
        rows = statements.lines(db.session, list(names), chosen.currency, before=_before(), limit=web.PAGE_SIZE + 1)
        lines, older = _page(rows, lambda line: line.key, slug=slug, currency=chosen.currency)
        shown = {
            "days": days,
            "chart": _chart(days, chosen.currency, clock.local_date(now, DEFAULT_ZONE)),
            "lines": lines,
            "older": older,
        }
    return render_template(
        "payouts/reports/community_balance.html",
        community=community, currencies=[one.currency for one in found], balance=chosen, names=names, words=words,
        now=now, **shown,
    )  # fmt: skip


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(DEFAULT_ZONE))


def _chart(days: dict[date, int], currency: str, today: date) -> list[tuple[str, int, str]]:
    """(day, value in whole units, amount as people write it) up to the last day that brings something, at most
    CHART_DAYS ahead; nothing below zero is drawn.
    """
    unit = 10 ** money.exponent(currency)
    ahead = min(max((day - today).days for day in days), CHART_DAYS) if days else 0
    points = []
    for number in range(ahead + 1):
        day = today + timedelta(days=number)
        amount = max(0, days.get(day, 0))
        points.append((day_text(_noon(day)), amount // unit, format_money(amount, currency)))
    return points


@bp.get("/merchant/<slug>/owed")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant_owed(slug: str) -> Any:
    """What a store owes us and why, order by order, beside what it has paid."""
    actor = guards.actor()
    merchant = merchants.merchant_for(db.session, actor, slug)
    rows = owed.orders(db.session, merchant, before=_before(), limit=web.PAGE_SIZE + 1)
    orders, older = _page(rows, lambda order: order.key, slug=slug)
    standings = receivables.standings_of(db.session, merchant)
    return render_template(
        "payouts/reports/merchant_owed.html",
        merchant=merchant,
        standings=standings,
        reached={standing.currency: standing.up_to_event for standing in standings},
        receipts=receivables.receipts(db.session, actor, before=None, limit=web.PAGE_SIZE, merchant_id=merchant.id),
        orders=orders,
        older=older,
    )


CSV_HEADS = ("order", "placed_at", "community", "currency", "earned", "taken_back", "owed", "status", "explanation")


@bp.get("/merchant/<slug>/owed.csv")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant_owed_csv(slug: str) -> Any:
    """The same as a file: every order, amounts as plain decimals."""
    merchant = merchants.merchant_for(db.session, guards.actor(), slug)
    reached = {one.currency: one.up_to_event for one in receivables.standings_of(db.session, merchant)}
    base = current_app.config["ETALASE"].public_url

    def row(order: owed.OwedOrder) -> tuple[str, ...]:
        amounts = (order.earned_minor, order.taken_back_minor, order.owed_minor)
        return (
            order.order_ref,
            clock.rfc3339(order.placed_at),
            order.community,
            order.currency,
            *(money.to_decimal(amount, order.currency) for amount in amounts),
            "covered" if order.key <= reached.get(order.currency, 0) else "open",
            f"{base}{url_for('commissions.explain', commission_id=order.commission_id)}",
        )

    rows = (row(order) for order in owed.all_orders(db.session, merchant))
    answer = Response(stream_with_context(csv_stream(CSV_HEADS, rows)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="owed-{merchant.slug}.csv"'
    return answer


@bp.get("/finance/books", endpoint="books")
@guards.require(*guards.FINANCE)
def books_page() -> Any:
    """The trial balance of every currency, with the proof that both sides are equal."""
    return render_template("payouts/reports/books.html", trials=books.trials(db.session, guards.actor()), words=words)


@bp.get("/finance/books/<currency>/<name>")
@guards.require(*guards.FINANCE)
def books_accounts(currency: str, name: str) -> Any:
    """The accounts that a line of the trial balance sums."""
    rows = books.accounts(
        db.session, guards.actor(), currency=currency, name=name, before=_before(), limit=web.PAGE_SIZE + 1
    )
    shown, older = _page(rows, lambda row: row.account.id, currency=currency, name=name)
    names = words.owner_names(db.session, {row.account.owner for row in shown})
    return render_template(
        "payouts/reports/accounts.html", rows=shown, older=older, currency=currency, name=name, names=names, words=words
    )


@bp.get("/finance/books/accounts/<int:account_id>")
@guards.require(*guards.FINANCE)
def books_account(account_id: int) -> Any:
    """One account, posting by posting."""
    found = books.account(db.session, guards.actor(), account_id)
    rows = books.postings(db.session, account_id, before=_before(), limit=web.PAGE_SIZE + 1)
    shown, older = _page(rows, lambda row: row[0].id, account_id=account_id)
    return render_template(
        "payouts/reports/account.html",
        balance=found,
        rows=shown,
        older=older,
        names=words.owner_names(db.session, {found.account.owner}),
        words=words,
    )
