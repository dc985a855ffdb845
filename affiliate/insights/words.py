"""The funnel's steps and groupings in words, for people."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import format_date

from affiliate.core.i18n import MINUS, NO_BREAK, _, _l, format_number
from affiliate.insights import rules
from affiliate.insights.funnel import By, Key
from affiliate.insights.reports import Name
from affiliate.insights.rules import Chosen, Period

TELLING_BPS = 30_000  # beyond it a change in percent is no help
BY: dict[By, Any] = {
    By.DAY: _l("By day"),
    By.COLLECTION: _l("By collection"),
    By.PICK: _l("By pick"),
    By.MERCHANT: _l("By store"),
    By.COMMUNITY: _l("By community"),
}
HEADS: dict[By, Any] = {
    By.DAY: _l("Day"),
    By.COLLECTION: _l("Collection"),
    By.PICK: _l("Pick"),
    By.MERCHANT: _l("Store"),
    By.COMMUNITY: _l("Community"),
}
NAMELESS: dict[By, Any] = {
    By.COLLECTION: _l("Links outside of collections"),
    By.PICK: _l("Without a link"),
}
ROW: dict[By, Any] = {
    By.DAY: _l(
        "One row is one day (Jakarta time): what was viewed and clicked on it, and the orders placed on it as they "
        "stand today. An order that is completed next week is counted on the day it was placed."
    ),
    By.COLLECTION: _l(
        "One row is one collection: how often a page with it was viewed, the clicks on its picks, and the orders "
        "placed in the period as they stand today. A page can show several collections, so their views add up to more."
    ),
    By.PICK: _l(
        "One row is one pick: how often a page with it was viewed, the clicks on it, and the orders placed in the "
        "period as they stand today. A page shows several picks, so their views add up to more."
    ),
    By.MERCHANT: _l(
        "One row is one store: how often a page with its products was viewed, the clicks to it, and the orders placed "
        "in the period as they stand today. A page can show several stores, so their views add up to more."
    ),
    By.COMMUNITY: _l(
        "One row is one community: the views of its pages, the clicks on its links, and the orders placed in the "
        "period as they stand today."
    ),
}


def name_of(by: By, key: Key, names: dict[Any, Name]) -> Name:
    """A row's name; a day is named by its date."""
    if isinstance(key, date):
        return Name(format_date(key, "EEE, d MMM y"))
    return names.get(key) or Name(str(NAMELESS.get(by, _l("Unknown"))))


def period_text(period: Period) -> str:
    """1 Nov – 30 Nov 2026."""
    if period.first == period.last:
        return format_date(period.first, "d MMM y")
    begin = "d MMM" if period.first.year == period.last.year else "d MMM y"
    return f"{format_date(period.first, begin)} – {format_date(period.last, 'd MMM y')}"


def before_text(chosen: Chosen) -> str:
    """What the period is compared with."""
    days = len(chosen.period.days)
    return _("the day before") if days == 1 else _("the %(count)s days before", count=format_number(days))


def change_text(now: int, before: int) -> str:
    """+12 % or −4 %; what it was where a percentage would say nothing; nothing where there was nothing before."""
    bps = rules.change_bps(now, before)
    if bps is None:
        return ""
    if abs(bps) > TELLING_BPS:
        return _("before: %(count)s", count=format_number(before))
    percent = round(bps / 100)
    sign = "+" if percent > 0 else MINUS if percent < 0 else "±"
    return f"{sign}{format_number(abs(percent))}{NO_BREAK}%"
