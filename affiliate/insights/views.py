"""Where a manager's and a store's day begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import format_date

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.db import db
from affiliate.core.i18n import format_number
from affiliate.identity import guards
from affiliate.insights import communities as brought
from affiliate.insights import days, places, rules, stores
from affiliate.insights.rules import Period
from affiliate.merchants import queries as merchants

bp = Blueprint("insights", __name__)


@bp.get("/portal/")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def portal() -> Any:
    """The only community of this person, or the choice between several."""
    found = places.communities(db.session, guards.actor())
    if len(found) == 1:
        return web.see_other(url_for(".portal_home", slug=found[0].slug))
    return render_template("affiliate/insights/portal.html", communities=found)


@bp.get("/portal/<slug>/")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def portal_home(slug: str) -> Any:
    """The manager's morning: what yesterday brought, what sells, what is ill."""
    community = communities.seen_by(db.session, guards.actor(), slug)
    today = days.today(clock.now())
    chosen = rules.chosen_days(request.args.get("days"))
    period = rules.period(today, chosen)
    yesterday = today - timedelta(days=1)
    return render_template(
        "affiliate/insights/portal_home.html",
        community=community,
        chosen=chosen,
        period=period,
        periods=rules.PERIODS,
        steps=brought.steps(db.session, community),
        figures=brought.figures(db.session, community, period),
        yesterday=brought.figures(db.session, community, Period(yesterday, yesterday)),
        week=brought.figures(db.session, community, Period(rules.monday_of(today), today)),
        visits=_points(brought.visits_by_day(db.session, community, period)),
        orders=_points(brought.orders_by_day(db.session, community, period)),
        top=brought.top_picks(db.session, community, period),
        ill=brought.ill_picks(db.session, community),
    )


@bp.get("/merchant/")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant() -> Any:
    """The only store of this person, or the choice between several."""
    found = places.merchants(db.session, guards.actor())
    if len(found) == 1:
        return web.see_other(url_for(".merchant_home", slug=found[0].slug))
    return render_template("affiliate/insights/merchant.html", merchants=found)


@bp.get("/merchant/<slug>/")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant_home(slug: str) -> Any:
    """The store's morning: what came in today, what is owed, how the catalogue stands."""
    store = merchants.merchant_for(db.session, guards.actor(), slug)
    today = days.today(clock.now())
    chosen = rules.chosen_days(request.args.get("days"))
    period = rules.period(today, chosen)
    return render_template(
        "affiliate/insights/merchant_home.html",
        merchant=store,
        chosen=chosen,
        periods=rules.PERIODS,
        steps=stores.steps(db.session, store),
        deliveries=stores.deliveries(db.session, store, Period(today, today)),
        troubled=stores.troubled(db.session, store, rules.period(today, 7)),
        orders=_points(stores.orders_by_day(db.session, store, period)),
        owed=stores.owed(db.session, store, Period(today.replace(day=1), today)),
        shelf=stores.shelf(db.session, store),
    )


def _points(series: Sequence[tuple[date, int]]) -> list[tuple[str, int, str]]:
    """(day, value, value as text) as a chart takes them; today only once something has happened."""
    shown = series if series[-1][1] else series[:-1]
    return [(format_date(day, "d MMM"), value, format_number(value)) for day, value in shown]
