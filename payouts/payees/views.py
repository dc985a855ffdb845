"""The page on which a community's owner, or a curator, says where to pay them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from marshmallow import fields, validate

from affiliate.core import clock, web
from affiliate.core.db import db, transaction
from affiliate.core.errors import Invalid, NotFound
from affiliate.core.i18n import _
from affiliate.identity import guards
from payouts.payees import queries, rules, service
from payouts.payees.banks import BANKS, bank_name

bp = Blueprint("payees", __name__)


class AccountForm(web.Strict):
    """The form as posted; the rules of a bank account are the verb's."""

    owner = fields.Str(required=True, validate=validate.Length(max=40))
    holder_name = fields.Str(required=True)
    bank_code = fields.Str(required=True)
    account_number = fields.Str(required=True)


@bp.get("/portal/<slug>/payout-account")
@guards.require(*guards.COMMUNITY, *guards.FINANCE)
def edit(slug: str) -> Any:
    return _page(slug, request.args.get("payee"))


@bp.post("/portal/<slug>/payout-account")
@guards.require(*guards.COMMUNITY)
def give(slug: str) -> Any:
    try:
        data = web.load_form(AccountForm())
        with transaction(db.session) as session:
            _community, payees = queries.seen(session, guards.actor(), slug)
            payee = _chosen([payee for payee in payees if payee.is_mine], data.pop("owner"))
            service.give_account(session, payee, **data, actor=guards.actor(), now=clock.now())
    except Invalid as error:
        return _page(slug, request.form.get("owner"), error), error.status
    flash(_("Saved. The next payout goes to this account; one that is already under way does not change."), "good")
    return web.see_other(url_for(".edit", slug=slug, payee=payee.owner))


def _chosen(payees: list[queries.Payee], owner: str | None) -> queries.Payee:
    """The payee by its owner's key, the first by default; raises NotFound for one that is not theirs to change."""
    if owner is None:
        return payees[0]
    for payee in payees:
        if payee.owner == owner:
            return payee
    raise NotFound


def _page(slug: str, owner: str | None, error: Invalid | None = None) -> str:
    community, payees = queries.seen(db.session, guards.actor(), slug)
    payee = _chosen(payees, owner)
    return render_template(
        "payouts/payees/edit.html",
        community=community,
        payees=payees,
        payee=payee,
        earlier=queries.history(db.session, payee.owner)[1:],
        banks=sorted(BANKS.items(), key=lambda bank: bank[1]),
        bank_name=bank_name,
        masked=rules.masked,
        posted=request.form if error else {},
        error=error,
    )
