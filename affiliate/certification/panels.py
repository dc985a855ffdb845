"""The badge on other rooms' pages."""

from __future__ import annotations

from collections import defaultdict

from flask import g
from markupsafe import Markup

from affiliate.certification import queries
from affiliate.certification.models import Certification
from affiliate.core.db import db
from affiliate.core.slots import rendered
from affiliate.identity.actors import Actor
from affiliate.merchants.models import Merchant
from affiliate.merchants.wording import KIND_NAMES


def badge(_actor: Actor, merchant: Merchant) -> Markup | None:
    """A store's badges with date and shop system; one query a page, however many stores stand on it."""
    if "certifications" not in g:
        found: dict[int, list[Certification]] = defaultdict(list)
        for row in queries.certifications(db.session):
            found[row.merchant_id].append(row)
        g.certifications = found
    own = g.certifications.get(merchant.id)
    return rendered("affiliate/certification/_badges.html", badges=own, kind_names=KIND_NAMES) if own else None
