"""Verbs of a test: make the sandbox's link, note what the click gave, write the order that a store would send."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Product
from affiliate.communities import service as communities
from affiliate.communities.models import Community
from affiliate.core import clock, money
from affiliate.identity.actors import Actor, system
from affiliate.identity.service import record
from affiliate.integration import queries
from affiliate.integration.models import LinkTest
from affiliate.links import service as links
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import Merchant

# A slug that no form lets through, so that it is nobody else's.
SANDBOX_SLUG = "_uji-coba"
SANDBOX_NAME = "Uji coba (Etalase)"


def sandbox(session: Session, *, now: datetime) -> Community:
    """The community that test links belong to. It joins no programme, so nothing that it brings is credited."""
    wanted = sa.select(Community).where(Community.slug == SANDBOX_SLUG)
    found = session.execute(wanted).scalar_one_or_none()
    if found is not None:
        return found
    try:
        return communities.create(session, SANDBOX_SLUG, name=SANDBOX_NAME, actor=system("integration"), now=now)
    except communities.SlugTaken:  # somebody else's first test came between
        return session.execute(wanted).scalar_one()


def begin(
    session: Session, merchant: Merchant, product: Product, community: Community | None, *, actor: Actor, now: datetime
) -> tuple[LinkTest, TrackingLink]:
    """A test with a link of its own, whose code nobody else learns."""
    link = links.create(session, sandbox(session, now=now), product, now=now)
    test = LinkTest(
        merchant_id=merchant.id,
        product_id=product.id,
        link_id=link.id,
        community_id=community.id if community else None,
        deliveries_before=queries.newest_delivery(session, merchant),
        started_at=now,
        started_by=actor.ref,
    )
    session.add(test)
    session.flush()  # its id is needed
    record(session, actor, "link_test.begun", ("merchant", merchant.id), now=now, test=test.id, product=product.id)
    return test, link


def clicked(session: Session, test: LinkTest, *, landing_url: str | None, token: str | None, now: datetime) -> None:
    """Note where the redirect led, and close the link: it was made for one visit."""
    noted = {"landing_url": landing_url, "token": (token or "")[:80] or None}
    session.execute(sa.update(LinkTest).where(LinkTest.id == test.id).values(noted))
    links.withdraw(session, test.link_id, now=now)


def sent(session: Session, test: LinkTest, status: int) -> None:
    """Note what our webhook answered to the order that we sent for the store."""
    session.execute(sa.update(LinkTest).where(LinkTest.id == test.id).values(sent_status=status))


def order_ref(test: LinkTest) -> str:
    return f"ETALASE-UJI-{test.id}"


def order_message(test: LinkTest, product: Product, *, now: datetime) -> dict[str, Any]:
    """The order of one piece of the product as the store would send it, marked as a test."""
    sale = product.sale_price_minor
    price = product.price_minor if sale is None else min(sale, product.price_minor)
    line = {
        "line_id": "1", "sku": product.sku, "title": product.title[:200], "category": product.category or "",
        "brand": product.brand or "", "quantity": 1, "unit_price": money.to_decimal(price, product.currency),
    }  # fmt: skip
    moment = clock.rfc3339(now.replace(microsecond=0))
    data = {
        "order_id": order_ref(test), "version": int(now.timestamp()), "currency": product.currency,
        "placed_at": moment, "click_token": test.token or "", "test": True, "lines": [line],
    }  # fmt: skip
    return {"type": "order.placed", "timestamp": moment, "data": data}


def body_of(message: dict[str, Any]) -> bytes:
    return json.dumps(message, indent=2).encode()
