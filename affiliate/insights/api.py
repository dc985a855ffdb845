"""API: the funnel, with the same numbers as its pages."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.api import ApiBlueprint
from affiliate.core.db import db
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import DEFAULT_ZONE, _l
from affiliate.core.wording import Line, day_of
from affiliate.identity import guards
from affiliate.identity.actors import Actor
from affiliate.insights import days, reports, rules, words
from affiliate.insights.funnel import By, Row, Scope
from affiliate.insights.reports import Report
from affiliate.insights.rules import Amounts, Counts
from affiliate.merchants import queries as merchants

blp = ApiBlueprint("insights", __name__)


class FunnelArgs(web.Strict):
    """Whose funnel, of which days, by what; days are those of Asia/Jakarta, both included."""

    community = Line()
    merchant = Line()
    collection = fields.Int(validate=validate.Range(1, web.ID_MAX))
    link = Line()
    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")
    by = fields.Enum(By, by_value=True, load_default=By.DAY)


@blp.get("/insights/funnel")
@guards.require(*guards.EVERY_ROLE)
@blp.arguments(FunnelArgs, location="query")
@blp.response(200)
def funnel(args: dict[str, Any]) -> Any:
    """Views, clicks, orders, completed and refunded ones, with their sum and that of the days before"""
    actor = guards.actor()
    named = {name: args[key].isoformat() for name, key in (("from", "first"), ("to", "last")) if key in args}
    for name, text in named.items():
        if day_of(text) is None:
            raise Invalid.field(name, _l("Choose a day between 2000 and 2100."))
    period = rules.chosen_period(named, days.today(clock.now())).period
    return _json(reports.report(db.session, _scope(actor, args), args["by"], period))


def _scope(actor: Actor, args: dict[str, Any]) -> Scope:
    """What the actor named, begun from what is theirs."""
    session = db.session
    community, merchant = args.get("community"), args.get("merchant")
    community_id = communities.by_slug(session, community).id if community else None
    merchant_id = merchants.merchant_known_to(session, actor, merchant).id if merchant else None
    return reports.narrowed(
        session,
        _own(actor, community_id, merchant_id),
        community_id=community_id,
        merchant_id=merchant_id,
        collection_id=args.get("collection"),
        link_id=reports.link_by_code(session, args["link"]) if "link" in args else None,
    )


def _own(actor: Actor, community_id: int | None, merchant_id: int | None) -> Scope:
    """The community or store of the actor's that was named, or their only one. Raises NotFound for others' alone."""
    if actor.sees_all():
        return Scope(whole=True)
    if community_id in actor.communities:
        return Scope(community_id=community_id)
    if merchant_id in actor.merchants:
        return Scope(merchant_id=merchant_id, whole=True)
    if community_id is None and len(actor.communities) == 1:
        return Scope(community_id=next(iter(actor.communities)))
    if merchant_id is None and len(actor.merchants) == 1:
        return Scope(merchant_id=next(iter(actor.merchants)), whole=True)
    if community_id or merchant_id:
        raise NotFound
    raise Invalid.field("community", _l("Name a community or a store of yours."))


def _json(found: Report) -> dict[str, Any]:
    return {
        "by": found.by.value,
        "from": found.period.first.isoformat(),
        "to": found.period.last.isoformat(),
        "zone": DEFAULT_ZONE,
        "earned_is": "commission" if found.scope.whole else "community_part",
        "total": _counts(found.total),
        "before": {
            "from": found.period.before.first.isoformat(),
            "to": found.period.before.last.isoformat(),
            **_counts(found.total_before),
        },
        "items": [_item(found, row) for row in found.rows],
        "next": None,
    }


def _item(found: Report, row: Row) -> dict[str, Any]:
    if found.by is By.DAY:
        return {"day": str(row.key), **_counts(row.counts)}
    name = words.name_of(found.by, row.key, found.names)
    slug = {"link": name.slug, "pick": name.label} if found.by is By.PICK else {found.by.value: name.slug}
    more = {"id": row.key, "title": name.label} if found.by is By.COLLECTION else {}
    return {**slug, **more, **_counts(row.counts)}


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "views": counts.views,
        "clicks": counts.clicks,
        "orders": counts.orders,
        "open": counts.open,
        "completed": counts.completed,
        "refunded": counts.refunded,
        "cancelled": counts.cancelled,
        "earned": _money(counts.earned),
        "per_click": _money(counts.per_click),
        "click_through_bps": counts.click_bps,
        "conversion_bps": counts.order_bps,
        "completion_bps": counts.completed_bps,
        "refund_bps": counts.refunded_bps,
    }


def _money(amounts: Amounts) -> list[dict[str, str]]:
    return [web.money_json(minor, currency) for currency, minor in amounts]
