"""The funnel's pages, for a community, a store and the platform, and the same table as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_babel import format_date

from affiliate.communities import queries as communities
from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.i18n import NO_BREAK, _, format_number
from affiliate.core.streams import csv_stream
from affiliate.core.wording import number_of
from affiliate.identity import guards
from affiliate.insights import days, reports, rules, tables, words
from affiliate.insights.addresses import FILTERS, Links, Place
from affiliate.insights.funnel import By, Row, Scope
from affiliate.insights.reports import Name, Report
from affiliate.insights.rules import Chosen, Counts
from affiliate.merchants import queries as merchants

bp = Blueprint("funnels", __name__)
ROWS_MAX = 200  # on a page; the file has all
Points = list[tuple[str, int, str]]


@bp.get("/portal/<slug>/insights")
@bp.get("/portal/<slug>/insights.<any(csv):ending>")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def community(slug: str, ending: str | None = None) -> Any:
    """What a community's pages led to."""
    row = communities.seen_by(db.session, guards.actor(), slug)
    groupings = (By.DAY, By.COLLECTION, By.PICK, By.MERCHANT)
    return _answer(
        Place(
            "portal", slug, Scope(community_id=row.id), groupings, row.name,
            {"community": row},
        ),
        ending,
    )  # fmt: skip


@bp.get("/merchant/<slug>/insights")
@bp.get("/merchant/<slug>/insights.<any(csv):ending>")
@guards.require(*guards.MERCHANT, *guards.FINANCE)
def merchant(slug: str, ending: str | None = None) -> Any:
    """What communities brought a store."""
    row = merchants.merchant_for(db.session, guards.actor(), slug)
    groupings = (By.DAY, By.COMMUNITY, By.PICK)
    scope = Scope(merchant_id=row.id, whole=True)
    return _answer(Place("merchant", slug, scope, groupings, row.name, {"merchant": row}), ending)


@bp.get("/finance/insights")
@bp.get("/finance/insights.<any(csv):ending>")
@guards.require(*guards.FINANCE)
def platform(ending: str | None = None) -> Any:
    """What all communities brought all stores."""
    groupings = (By.DAY, By.COMMUNITY, By.MERCHANT, By.PICK)
    return _answer(Place("finance", None, Scope(whole=True), groupings, "Etalase", {}), ending)


def _answer(place: Place, ending: str | None) -> Any:
    chosen = rules.chosen_period(request.args, days.today(clock.now()))
    asked = request.args.get("by", "")
    by = By(asked) if asked in set(place.groupings) else place.groupings[0]
    narrow = {field: number_of(request.args.get(name)) for name, field in FILTERS.items()}
    scope = reports.narrowed(db.session, place.scope, **narrow)
    found = reports.report(db.session, scope, by, chosen.period)
    if ending:
        return _file(place, found)
    return render_template("affiliate/insights/funnel.html", **_page(place, found, chosen), **place.owner)


def _page(place: Place, found: Report, chosen: Chosen) -> dict[str, Any]:
    links = Links(place, found)
    lines = [_line(links, found, row) for row in tables.ordered(found, *tables.sort_asked(request.args))]
    return {
        "area": place.area,
        "report": found,
        "total": found.total,
        "total_lists": links.orders(),
        "title": place.title,
        "sums_line": _Line(Name(""), None, found.total_of_rows, links.orders()),
        "lines": lines[:ROWS_MAX],
        "left_out": max(0, len(lines) - ROWS_MAX),
        "steps": _steps(links, found),
        "periods": links.periods(chosen),
        "groupings": [(words.BY[by], links.to(by=by, sort=None), by is found.by) for by in place.groupings],
        "heads": links.heads(),
        "choices": reports.choices(db.session, place.scope),
        "scope": found.scope,
        "own": place.scope,
        "is_new": found.is_empty and not reports.has_anything(db.session, place.scope),
        "longer": links.to(**{"from": None, "to": None, "month": None, "days": rules.PERIODS[-1]}),
        "narrowed_to": _narrowed_to(found.scope),
        "everything": links.to(collection=None, store=None, community=None, link=None),
        "plain_address": links.place(),
        "kept": {name: value for name, value in links.args.items() if name in {"by", "sort", "link"}},
        "file": links.file(),
        "row_words": words.ROW[found.by],
        "head": words.HEADS[found.by],
        "period_text": words.period_text(found.period),
        "before_text": words.before_text(chosen),
        "clicks": _series(found, "clicks"),
        "orders": _series(found, "orders"),
    }


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of the table as it is shown: name, where it opens, numbers, where its orders are listed by stage."""

    name: Name
    href: str | None
    counts: Counts
    lists: dict[str, str]


def _line(links: Links, found: Report, row: Row) -> _Line:
    name = words.name_of(found.by, row.key, found.names)
    return _Line(name, links.opened(found.by, row.key), row.counts, links.orders(found.by, row.key))


def _steps(links: Links, found: Report) -> list[dict[str, Any]]:
    """The drawing's steps. Refunded ones are no step forward: they stand below, in grey."""
    now, before, lists = found.total, found.total_before, links.orders()
    plan = (
        ("views", _("Views"), None, ""),
        ("clicks", _("Clicks"), now.click_bps, _("of views led to a click")),
        ("orders", _("Orders"), now.order_bps, _("of clicks led to an order")),
        ("completed", _("Completed"), now.completed_bps, _("of orders are completed")),
        ("refunded", _("Refunded"), now.refunded_bps, _("of completed orders were refunded, wholly or in part")),
    )
    below = links.to(by=By.DAY if found.scope.link_id else By.PICK, sort=None) + "#table"
    opened = {"views": links.to(by=By.DAY, sort=None) + "#table"}
    notes = {"completed": _open_words(now)}
    return [
        {
            "name": name,
            "value": getattr(now, step),
            "href": lists.get(step) or opened.get(step, below),
            "rate": "–" if bps is None else _percent(bps),
            "rate_words": rate_words,
            "change": words.change_text(getattr(now, step), getattr(before, step)),
            "note": notes.get(step),
            "lost": None,
            "quiet": step == "refunded",
        }
        for step, name, bps, rate_words in plan
    ]


def _open_words(now: Counts) -> str | None:
    if not now.orders:
        return None
    return _(
        "%(open)s still open, %(cancelled)s cancelled",
        open=format_number(now.open),
        cancelled=format_number(now.cancelled),
    )


def _percent(bps: int) -> str:
    return f"{format_number(bps / 100, digits=1)}{NO_BREAK}%"


def _narrowed_to(scope: Scope) -> list[str]:
    """Names of what the page is narrowed to, where no choice of the filters says so: a single link."""
    if scope.link_id is None:
        return []
    return [name.label for name in reports.names(db.session, By.PICK, {scope.link_id}).values()]


def _series(found: Report, step: str) -> tuple[Points, Points]:
    """(the period, the time before) as a chart takes them; a day that has only begun stands there once it has one."""
    rows, before = found.days, found.before
    if rows[-1].key == days.today(clock.now()) and not getattr(rows[-1].counts, step) and len(rows) > 1:
        rows, before = rows[:-1], before[:-1]
    return _points(rows, step), _points(before, step)


def _points(rows: list[Row], step: str) -> Points:
    """(day, value, value as text), oldest first."""
    values = [(row.key, getattr(row.counts, step)) for row in rows]
    return [(format_date(day, "d MMM"), value, format_number(value)) for day, value in values]


def _file(place: Place, found: Report) -> Response:
    """The whole table as CSV."""
    name = (
        f"{place.area}{'-' + place.slug if place.slug else ''}-{found.by}-{found.period.first}-{found.period.last}.csv"
    )
    response = Response(stream_with_context(csv_stream(tables.heads(found), tables.cells(found))), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
