"""The walk of a missing order: claimed, accepted, reported late by the shop, partly refunded, and the books hold."""

from __future__ import annotations

from datetime import timedelta

from affiliate.core import clock
from affiliate.core.clock import local_date
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.identity.models import Role
from tests.affiliate.claims.filed import Claims
from tests.affiliate.orders.shop import message, refund, send
from tests.flows.books import violations


def test_a_missing_order_is_claimed_earns_once_and_gives_back_what_is_refunded(client, make):
    claims = Claims(make)
    hook = make.webhook_key(claims.merchant)
    ours, store = make.key(Role.CURATOR, claims.community.id), make.key(Role.MERCHANT_STAFF, claims.merchant.id)
    day = local_date(clock.now(), DEFAULT_ZONE) - timedelta(days=5)
    filed = client.post("/api/v1/claims", headers=ours, json={
        "community": claims.community.slug, "merchant": claims.merchant.slug, "order_ref": "#HILANG-1",
        "ordered_on": day.isoformat(), "amount": {"amount": "400000.00", "currency": "IDR"},
    }).get_json()  # fmt: skip
    assert filed["finding"] == "unknown_order"

    def earned() -> int:
        claims.work(clock.now())
        found = claims.books("HILANG-1")
        return found["earned"] if found else 0

    assert earned() == 0
    yes = {"outcome": "accepted", "order_ref": "HILANG-1", "amount": {"amount": "300000.00", "currency": "IDR"}}
    assert client.post(f"/api/v1/claims/{filed['id']}/answer", json=yes, headers=store).status_code == 200
    assert earned() == 3_000_000

    at = clock.rfc3339((clock.now() - timedelta(days=4)).replace(microsecond=0))
    late = message("order.completed", timestamp=at, order_id="HILANG-1", placed_at=at)
    for _twice in range(2):
        assert send(client, claims.merchant.slug, hook, "d-1", late).status_code == 202
        assert earned() == 2_700_000, "the shop's own Rp270.000 at 10 %, not both"

    back = refund(order_id="HILANG-1", version=2, timestamp=at, amount="27000.00")
    assert send(client, claims.merchant.slug, hook, "d-2", back).status_code == 202
    assert earned() == 2_430_000
    assert claims.books("HILANG-1")["credits"] == [("claim", claims.community.id, 10_000, None)]
    assert violations(claims.session) == {}

    again = client.post("/api/v1/claims", headers=ours, json={
        "community": claims.community.slug, "merchant": claims.merchant.slug, "order_ref": "HILANG-1",
        "ordered_on": day.isoformat(), "amount": {"amount": "400000.00", "currency": "IDR"},
    })  # fmt: skip
    assert again.get_json()["code"] == "already_credited"
    told = client.get(
        f"/api/v1/conversions/attribution?merchant={claims.merchant.slug}&order=HILANG-1", headers=ours
    ).get_json()
    (claim,) = (one for one in told["candidates"] if one["source"] == "claim")
    assert (claim["code"], claim["verdict"], told["decided_by"]) == (str(filed["id"]), "won", "claim")
