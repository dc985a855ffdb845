"""Addresses of a funnel's page with other choices, and of the lists of orders behind its figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request, url_for

from affiliate.core import clock
from affiliate.core.i18n import _
from affiliate.insights import days, rules
from affiliate.insights.funnel import By, Key, Scope
from affiliate.insights.reports import Report
from affiliate.insights.rules import Chosen
from affiliate.insights.tables import COLUMNS, sort_asked

FILTERS = {"collection": "collection_id", "store": "merchant_id", "community": "community_id", "link": "link_id"}
_LISTS = {"community": "conversions.community_list", "store": "conversions.merchant_list"}
STAGES = ("orders", "completed", "refunded", "cancelled", "open")
_BELOW = {
    By.COLLECTION: ("collection", By.PICK),
    By.PICK: ("link", By.DAY),
    By.MERCHANT: ("store", By.PICK),
    By.COMMUNITY: ("community", By.PICK),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose funnel this is: the page's frame, and the groupings it offers."""

    area: str
    slug: str | None
    scope: Scope
    groupings: tuple[By, ...]
    title: str
    owner: dict[str, Any]


class Links:
    """Addresses of this page with other choices, and of the lists behind its figures."""

    def __init__(self, place: Place, found: Report) -> None:
        self._place = place
        self._found = found
        known = {"by", "days", "month", "from", "to", "sort", *FILTERS}
        self.args = {name: value for name, value in request.args.items() if name in known}
        self._own: dict[str, Any] = {"slug": place.slug} if place.slug else {}

    def place(self) -> str:
        """This page without a choice."""
        return url_for(request.endpoint or "", **self._own)

    def to(self, **changes: Any) -> str:
        """This page with some choices changed; None takes one away."""
        return url_for(request.endpoint or "", **self._own, **self._kept({**self.args, **changes}))

    def file(self) -> str:
        """The same table as a file."""
        return url_for(request.endpoint or "", ending="csv", **self._own, **self._kept(self.args))

    @staticmethod
    def _kept(named: dict[str, Any]) -> dict[str, Any]:
        return {name: str(value) for name, value in named.items() if value is not None}

    def opened(self, by: By, key: Key) -> str | None:
        """The rows that one row sums: its days, or on a day its picks; None where there is nothing below."""
        if key is None:
            return None
        if by is By.DAY:
            day: dict[str, Any] = {"from": key, "to": key, "days": None, "month": None, "sort": None}
            return None if self._found.scope.link_id else self.to(by=By.PICK, **day)
        name, below = _BELOW[by]
        return self.to(by=below, sort=None, **{name: key})

    def orders(self, by: By | None = None, key: Key = None) -> dict[str, str]:
        """The list of orders behind each figure by stage: of one row, or without a grouping of the whole scope.

        The platform has no list of its own: there a community's or store's row leads to that community's or store's.
        """
        own, name = self._list_of(by, key)
        if own is None or (by is not None and key is None):
            return {}
        scope, period = self._found.scope, self._found.period
        first, last = (key, key) if isinstance(key, date) else (period.first, period.last)
        named: dict[str, Any] = {
            "from": first, "to": last, "collection": scope.collection_id, "link": scope.link_id,
            "store": scope.merchant_id, "community": scope.community_id,
        }  # fmt: skip
        if by is not None and by is not By.DAY:
            named[_BELOW[by][0]] = key
        named.pop(name)  # the list is the owner's already
        kept = self._kept(named)
        return {stage: url_for(_LISTS[name], slug=own, stage=stage, **kept) for stage in STAGES}

    def _list_of(self, by: By | None, key: Key) -> tuple[str | None, str]:
        """(slug, "community" or "store") of whose list shows these orders; without a slug nobody's alone."""
        if self._place.slug:
            return self._place.slug, "community" if self._place.area == "portal" else "store"
        row = self._found.names.get(key) if by in {By.COMMUNITY, By.MERCHANT} else None
        return (row.slug if row else None), "community" if by is By.COMMUNITY else "store"

    def heads(self) -> list[tuple[str, str, str, str | None]]:
        """(column, address that sorts by it, class, how it is sorted now) of every column."""
        chosen, upwards = sort_asked(request.args)
        found = []
        for column in COLUMNS:
            is_now = column == chosen
            value = f"{column}.up" if (is_now and not upwards) or (column == "name" and not is_now) else column
            state = ("ascending" if upwards else "descending") if is_now else None
            found.append((column, self.to(sort=value), "" if column == "name" else "num", state))
        return found

    def periods(self, chosen: Chosen) -> list[tuple[str, str, bool]]:
        """(words, address, is chosen) of the periods to choose from."""
        today = days.today(clock.now())
        plain: dict[str, Any] = {"from": None, "to": None, "month": None, "days": None}
        found = [
            (_("%(days)s days", days=number), self.to(**plain | {"days": number}), chosen.days == number)
            for number in rules.PERIODS
        ]
        for text, day in ((_("This month"), today), (_("Last month"), rules.month_before(today))):
            month = f"{day:%Y-%m}"
            found.append((text, self.to(**plain | {"month": month}), chosen.month == month))
        return found
