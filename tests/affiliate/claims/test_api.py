"""Claims by program."""

from __future__ import annotations

from datetime import timedelta

import pytest

from affiliate.core import clock
from affiliate.core.clock import local_date
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.identity.models import Role


def body(claims, **over):
    day = local_date(clock.now(), DEFAULT_ZONE) - timedelta(days=2)
    return {"community": claims.community.slug, "merchant": claims.merchant.slug, "order_ref": "B-1",
            "ordered_on": day.isoformat(), "amount": {"amount": "150000.00", "currency": "IDR"}} | over  # fmt: skip


def test_a_claim_is_filed_listed_and_answered_once(client, make, claims):
    ours, store = make.key(Role.CURATOR, claims.community.id), make.key(Role.MERCHANT_STAFF, claims.merchant.id)
    filed = client.post("/api/v1/claims", json=body(claims), headers=ours)
    assert filed.status_code == 201
    told = filed.get_json()
    assert (told["status"], told["finding"], told["evidence"]["is_weak"]) == ("open", "unknown_order", True)
    assert client.post("/api/v1/claims", json=body(claims), headers=ours).get_json()["code"] == "already_claimed"
    for key in (ours, store):
        listed = client.get("/api/v1/claims?status=open", headers=key).get_json()
        assert [one["id"] for one in listed["items"]] == [told["id"]]
    here = f"/api/v1/claims/{told['id']}"
    assert client.get(here, headers=ours).get_json() == told
    yes = {"outcome": "accepted", "order_ref": "B-1"}
    assert client.post(f"{here}/answer", json=yes, headers=ours).status_code == 404
    done = client.post(f"{here}/answer", json=yes, headers=store)
    assert (done.status_code, done.get_json()["status"]) == (200, "accepted")
    again = client.post(f"{here}/answer", json={"outcome": "declined", "reason": "not_found"}, headers=store)
    assert (again.status_code, again.get_json()["code"]) == (409, "answered_already")
    claims.work(clock.now())
    assert claims.books("B-1")["earned"] == 1_500_000


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"amount": {"amount": "1", "currency": "USD"}}, "amount.currency"),
        ({"amount": {"amount": "1e9", "currency": "IDR"}}, "amount"),
        ({"amount": {"amount": "-1", "currency": "IDR"}}, "amount"),
        ({"order_ref": "x" * 121}, "order_ref"),
        ({"ordered_on": "2020-01-01"}, "ordered_on"),
        ({"more": 1}, "more"),
    ],
)
def test_a_wrong_field_is_named(client, make, claims, over, field):
    answer = client.post(
        "/api/v1/claims", json=body(claims, **over), headers=make.key(Role.CURATOR, claims.community.id)
    )
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]


def test_a_stranger_files_and_reads_nothing(client, make, claims):
    claim = claims.file("B-9")
    for key in (make.key(Role.CURATOR, make.community().id), make.key(Role.MERCHANT_STAFF, make.merchant().id)):
        assert client.get("/api/v1/claims", headers=key).get_json()["items"] == []
        assert client.get(f"/api/v1/claims/{claim.id}", headers=key).status_code == 404
        assert client.post("/api/v1/claims", json=body(claims), headers=key).status_code == 404
