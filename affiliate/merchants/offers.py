"""The operator's pages of what a store offers: programmes, and their terms version by version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, render_template, request, url_for

from affiliate.communities import queries as communities
from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _
from affiliate.identity import guards
from affiliate.identity.models import Role
from affiliate.merchants import forms, queries, service
from affiliate.merchants.models import Programme, Rate, RateKind
from affiliate.merchants.rules import in_force
from affiliate.merchants.service import SPLIT_PARTS
from affiliate.merchants.views import bp
from affiliate.merchants.wording import (
    PAYABLE_NAMES,
    RATE_NAMES,
    SCOPE_NAMES,
    example_text,
    rate_text,
)

# Indonesia's three first, then the neighbours that stores here sell to; the API takes every zone there is.
ZONES = {
    "Asia/Jakarta": "WIB · Asia/Jakarta",
    "Asia/Makassar": "WITA · Asia/Makassar",
    "Asia/Jayapura": "WIT · Asia/Jayapura",
    **{name: name for name in ("Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Manila", "Asia/Bangkok",
       "Asia/Ho_Chi_Minh", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney", "Europe/Moscow", "UTC")},
}  # fmt: skip
BLANK = {"scope": "all", "match": "", "kind": "percent", "value": ""}


@bp.get("/admin/merchants/<slug>/programmes/new")
@guards.require(Role.ADMIN)
def new_programme(slug: str) -> str:
    return _programme_form(slug)


@bp.post("/admin/merchants/<slug>/programmes")
@guards.require(Role.ADMIN)
def create_programme(slug: str) -> Any:
    try:
        offer = web.load_form(forms.ProgrammeForm())
        with transaction(db.session) as session:
            merchant = queries.merchant_run_by(session, guards.actor(), slug)
            programme = service.create_programme(session, merchant, offer=offer, actor=guards.actor(), now=clock.now())
    except Invalid as refused:
        return _programme_form(slug, errors=refused.fields), refused.status
    flash(_("The programme is made. Give it its terms next: without them nothing is earned."), "good")
    return web.see_other(url_for(".new_terms", programme_id=programme.id))


@bp.get("/admin/programmes/<int:programme_id>")
@guards.require(Role.ADMIN)
def programme(programme_id: int) -> str:
    return programme_page(programme_id)


@bp.get("/admin/programmes/<int:programme_id>/terms/new")
@guards.require(Role.ADMIN)
def new_terms(programme_id: int) -> str:
    """A new version begins with the rates of the newest one."""
    offered = _offered(programme_id)
    versions = queries.frozen_terms(db.session, [programme_id])
    newest = versions[-1][1] if versions else []
    return _terms_form(offered, shown=[_row(rate, _currency(offered)) for rate in newest] or [BLANK])


@bp.post("/admin/programmes/<int:programme_id>/terms")
@guards.require(Role.ADMIN)
def add_terms(programme_id: int) -> Any:
    """The next version; "another row" only shows the form again, with one row more."""
    offered, given, now = _offered(programme_id), forms.rows(request.form), clock.now()
    if "more" in request.form:
        return _terms_form(offered, shown=[*_typed_rows(given), BLANK], day=request.form.get("valid_from", ""))
    try:
        rates = forms.rates(given, _currency(offered))
        begins = forms.begins(request.form.get("valid_from", ""), offered.timezone, now=now)
        with transaction(db.session) as session:
            offered = queries.programme_run_by(session, guards.actor(), programme_id)
            terms, _rates = service.add_terms(
                session, offered, valid_from=begins, rates=rates, actor=guards.actor(), now=now
            )
    except Invalid as refused:
        wrong = _renumbered(forms.of_form(refused.fields, given), given)
        shown = _typed_rows(given) or [BLANK]
        page = _terms_form(offered, shown=shown, day=request.form.get("valid_from", ""), errors=wrong)
        return page, refused.status
    flash(_("Terms %(version)s are kept. Orders from before keep theirs.", version=terms.version), "good")
    return web.see_other(url_for(".programme", programme_id=programme_id))


@bp.get("/admin/programmes/<int:programme_id>/example")
@guards.require(Role.ADMIN)
def example(programme_id: int) -> str:
    """What the rows that are being typed would pay: a fragment that the form asks for."""
    told = _told(_offered(programme_id), forms.rows(request.args))
    return render_template("affiliate/merchants/_example_rates.html", told=told)


def _offered(programme_id: int) -> Programme:
    return queries.programme_run_by(db.session, guards.actor(), programme_id)


def _currency(offered: Programme) -> str:
    return queries.merchant_of(db.session, offered).currency


def _row(rate: Rate, currency: str) -> dict[str, str]:
    """A kept rate, as somebody would have typed it."""
    by_percent = rate.kind is RateKind.PERCENT
    value = forms.typed_percent(rate.rate_bps or 0) if by_percent else forms.typed_amount(rate, currency)
    return {"scope": rate.scope.value, "match": rate.match or "", "kind": rate.kind.value, "value": value}


def _typed_rows(given: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{part: row[part] for part in forms.ROW_PARTS} for row in given]


def _renumbered(wrong: Mapping[str, Any], given: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Errors by the rows as they are shown again: empty ones in between have gone."""
    places = {row["row"]: str(place) for place, row in enumerate(given)}
    found = {}
    for name, text in wrong.items():
        part, _dash, number = name.partition("-")
        found[f"{part}-{places.get(number, number)}" if number else name] = text
    return found


def _told(offered: Programme, given: list[dict[str, str]]) -> list[tuple[str, str]]:
    """(rate, what it pays) in words for the rows that can be read; the form itself refuses the others."""
    currency = _currency(offered)
    told = []
    for row in given:
        try:
            rate = forms.preview(forms.rates([row], currency)[0], currency)
        except Invalid:
            continue
        told.append((rate_text(rate), example_text(rate, currency)))
    return told


def _programme_form(slug: str, errors: Mapping[str, Any] | None = None) -> str:
    return render_template(
        "affiliate/merchants/programme_new.html",
        store=queries.merchant_run_by(db.session, guards.actor(), slug),
        payable=PAYABLE_NAMES,
        zones=ZONES,
        errors=errors or {},
        typed=request.form,
    )


def _terms_form(
    offered: Programme,
    *,
    shown: Sequence[Mapping[str, str]],
    day: str = "",
    errors: Mapping[str, Any] | None = None,
) -> str:
    numbered = [{**row, "row": str(place)} for place, row in enumerate(shown)]
    return render_template(
        "affiliate/merchants/terms_new.html",
        programme=offered,
        store=queries.merchant_of(db.session, offered),
        rows=numbered,
        day=day,
        today=clock.local_date(clock.now(), offered.timezone),
        scopes=[(scope.value, name) for scope, name in SCOPE_NAMES.items()],
        kinds=[(kind.value, name) for kind, name in RATE_NAMES.items()],
        told=_told(offered, [dict(row) for row in numbered if row["value"] or row["match"]]),
        errors=errors or {},
    )


def programme_page(programme_id: int, **context: Any) -> str:
    """A programme with its terms and its communities; after a refusal with what was typed for a new one."""
    offered, now = _offered(programme_id), clock.now()
    versions = queries.frozen_terms(db.session, [programme_id])
    store = queries.merchant_of(db.session, offered)
    enrolled = [
        row
        for row in queries.enrollments(db.session, guards.actor(), merchant_id=store.id)
        if row[1].id == programme_id
    ]
    inside, splits = {row[2].id for row in enrolled}, queries.splits_of(db.session, [row[0].id for row in enrolled])
    others = [one for one in communities.communities(db.session, guards.actor()) if one.id not in inside]
    return render_template(
        "affiliate/merchants/programme.html",
        programme=offered,
        store=store,
        versions=versions,
        present=in_force([terms for terms, _rates in versions], now),
        enrolled=enrolled,
        splits={row[0].id: queries.split_shown(splits, row[0], now) for row in enrolled},
        others=[(one.slug, one.name) for one in others],
        payable_names=PAYABLE_NAMES,
        rate_text=rate_text,
        example_text=example_text,
        now=now,
        parts=SPLIT_PARTS,
        **context,
    )
