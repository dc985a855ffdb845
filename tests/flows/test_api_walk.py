"""The main walk by API alone, as three programs: upload → pick → publish → click → order → completion → hold → payout.

What is proved: one order of a store travels from its catalogue file to the payout report, every figure on the way is
the one computed here by hand, and the books balance at each stop. Nothing is mocked: only contract addresses are
called, and due work is done by the steps that the worker runs.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

import app as application
from affiliate.core import clock, work
from affiliate.core.signing import standard_signature
from affiliate.identity.models import Role
from tests.flows.books import violations

FEED = """id\ttitle\tlink\tprice\tavailability\tbrand\tproduct_type
Z-77\tSepatu Kulit Cokelat\thttps://toko-uji.test/p/z-77\t150000.00 IDR\tin_stock\tAcme\tSepatu
Z-78\tTas Anyaman\thttps://toko-uji.test/p/z-78\t99000.00 IDR\tin_stock\tAcme\tTas
Z-79\tTopi\thttps://lain.test/p/z-79\t50000.00 IDR\tin_stock\tAcme\tTopi
"""


class Walk:
    """Three programs and a store's server against one application."""

    def __init__(self, client: FlaskClient, make) -> None:
        self.client = client
        self.admin = make.key(Role.ADMIN)
        self.maker = make.key(Role.FINANCE_MAKER)
        self.approver = make.key(Role.FINANCE_APPROVER)
        self.sent = 0

    def post(self, path: str, body, key=None, status: int = 201):
        answer = self.client.post(f"/api/v1{path}", json=body, headers=key or self.admin)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def get(self, path: str, key=None, status: int = 200):
        answer = self.client.get(f"/api/v1{path}", headers=key or self.admin)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def deliver(self, url: str, secret: str, kind: str, data: dict, at: datetime | None = None) -> int:
        self.sent += 1
        now = clock.now()
        body = json.dumps({"type": kind, "timestamp": clock.rfc3339(at or now), "data": data}).encode()
        headers = {
            "webhook-id": f"walk-{self.sent}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standard_signature(secret, f"walk-{self.sent}", now, body),
        }
        return self.client.post(urlsplit(url).path, data=body, headers=headers).status_code


@pytest.fixture
def walk(client, make) -> Walk:
    return Walk(client, make)


def due_work() -> None:
    work.run_once(application.STEPS)


def test_one_order_travels_from_catalogue_to_payout_report(walk: Walk, session):
    store = {
        "slug": "toko-uji", "name": "Toko Uji", "currency": "IDR", "shop_url": "https://toko-uji.test",
        "allowed_hosts": ["toko-uji.test"], "click_param": "ref",
    }  # fmt: skip
    walk.post("/merchants", store)
    hook = walk.post("/merchants/toko-uji/webhook-keys", {"kind": "standard"})
    walk.post("/communities", {"slug": "lemari-uji", "name": "Lemari Uji"})
    programme = walk.post(
        "/programmes",
        {"merchant": "toko-uji", "name": "Umum", "window_days": 30, "hold_days": 14, "payable_when": "held",
         "timezone": "Asia/Jakarta"},
    )  # fmt: skip
    rates = [
        {"scope": "all", "kind": "percent", "bps": 500},
        {"scope": "category", "match": "sepatu", "kind": "percent", "bps": 1234},
    ]
    terms = walk.post(f"/programmes/{programme['id']}/terms", {"valid_from": "2026-01-01T00:00:00Z", "rates": rates})
    assert terms["version"] == 1
    split = {"platform_bps": 1000, "community_bps": 6000, "curator_bps": 3000, "evangelist_bps": 0}
    walk.post("/enrollments", {"programme": programme["id"], "community": "lemari-uji", "split": split})

    upload = walk.client.post(
        "/api/v1/merchants/toko-uji/catalogue/uploads",
        data={"file": (io.BytesIO(FEED.encode()), "katalog.tsv"), "mode": "full"},
        headers=walk.admin,
    )
    assert upload.status_code == 202
    due_work()
    read = walk.get(f"/catalogue/uploads/{upload.json['id']}")
    assert (read["stage"], read["rows_total"], read["rows_ok"], read["rows_failed"]) == ("done", 3, 2, 1)

    product = walk.get("/products?merchant=toko-uji&sku=Z-77")["items"][0]
    assert product["price"] == {"amount": "150000.00", "currency": "IDR"}
    pick = walk.post(
        "/communities/lemari-uji/picks",
        {"product": product["id"], "collection": "Pilihan", "note": "Kuat dan empuk.", "curator": "ada"},
    )
    shown = walk.client.get("/c/lemari-uji").get_data(as_text=True)
    assert "Kuat dan empuk." in shown
    assert f"/go/{pick['link']['code']}" in shown

    away = walk.client.get(f"/go/{pick['link']['code']}", headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14)"})
    assert away.status_code == 302
    target = urlsplit(away.headers["Location"])
    assert (target.netloc, target.path) == ("toko-uji.test", "/p/z-77")
    token = parse_qs(target.query)["ref"][0]

    placed = clock.now() + timedelta(seconds=1)
    line = {"line_id": "1", "sku": "Z-77", "category": "Sepatu", "brand": "Acme", "quantity": 2,
            "unit_price": "150000.00", "discount": "30001.00", "tax": "0.00"}  # fmt: skip
    order = {"order_id": "A-1001", "version": 1, "currency": "IDR", "placed_at": clock.rfc3339(placed),
             "click_token": token, "lines": [line], "shipping": "20000.00"}  # fmt: skip
    assert walk.deliver(hook["url"], hook["secret"], "order.placed", order) == 202
    due_work()
    # 12.34 % of 269,999.00 is 33,317.8766, in whole minor units 33,317.88
    waiting = walk.get("/conversions?merchant=toko-uji&order=A-1001")["items"][0]
    assert (waiting["status"], waiting["estimate"]) == ("pending", {"amount": "33317.88", "currency": "IDR"})
    assert walk.get("/commissions?merchant=toko-uji&order=A-1001")["items"] == []
    balance = walk.get("/balances?community=lemari-uji")["items"][0]
    assert balance["held"]["amount"] == "0.00"
    assert balance["estimated"]["amount"] != "0.00"

    assert walk.deliver(hook["url"], hook["secret"], "order.completed", order | {"version": 2}) == 202
    due_work()
    commission = walk.get("/commissions?merchant=toko-uji&order=A-1001")["items"][0]
    assert commission["earned"] == {"amount": "33317.88", "currency": "IDR"}
    parts = {part["role"]: part["amount"]["amount"] for part in commission["by"]}
    assert parts == {"platform": "3331.79", "community": "19990.73", "curator": "9995.36"}
    explained = walk.get(f"/commissions/{commission['id']}/explanation")
    assert explained
    assert violations(session) == {}

    early = walk.post("/payout-runs", {"cutoff": clock.rfc3339(clock.now()), "currency": "IDR"}, walk.maker)
    assert early["payouts"] == []
    assert {left["reason"] for left in early["left_out"]} == {"held"}

    after_hold = clock.rfc3339(datetime.now(UTC) + timedelta(days=16))
    run = walk.post("/payout-runs", {"cutoff": after_hold, "currency": "IDR"}, walk.maker)
    assert sorted(payout["amount"]["amount"] for payout in run["payouts"]) == ["19990.73", "9995.36"]
    own = walk.client.post(
        f"/api/v1/payout-runs/{run['id']}/approval", json={"digest": run["digest"]}, headers=walk.maker
    )
    assert own.status_code == 403
    walk.post(f"/payout-runs/{run['id']}/approval", {"digest": "0" * 64}, walk.approver, status=409)
    walk.post(f"/payout-runs/{run['id']}/approval", {"digest": run["digest"]}, walk.approver, status=200)
    for _again in range(2):
        walk.post(f"/payout-runs/{run['id']}/submission", {}, walk.maker, status=200)

    report = walk.client.get(f"/api/v1/payout-runs/{run['id']}/report.csv", headers=walk.maker)
    rows = list(csv.DictReader(io.StringIO(report.get_data(as_text=True))))
    assert list(rows[0])[:9] == ["payout", "run", "owner", "role", "currency", "amount", "status", "rail", "reference"]
    assert {(row["role"], row["amount"], row["status"]) for row in rows} == {
        ("community", "19990.73", "sent"), ("curator", "9995.36", "sent"),
    }  # fmt: skip
    assert violations(session) == {}

    refund = {"order_id": "A-1001", "version": 3, "currency": "IDR",
              "refund": {"refund_id": "R-1", "lines": [{"line_id": "1", "quantity": 2, "amount": "269999.00"}],
                         "amount": "269999.00"}}  # fmt: skip
    assert walk.deliver(hook["url"], hook["secret"], "order.refunded", refund) == 202
    due_work()
    taken_back = walk.get("/commissions?merchant=toko-uji&order=A-1001")["items"][0]
    assert taken_back["earned"]["amount"] == "0.00"
    owed = walk.get("/balances?community=lemari-uji")["items"][0]
    assert owed["owed_back"]["amount"] == "29986.09"
    assert owed["available"]["amount"] == "0.00"
    assert violations(session) == {}


def test_a_click_and_an_unfinished_order_pay_nothing(walk: Walk, make, session):
    community, merchant = make.community(), make.merchant()
    make.enrollment(make.programme(merchant), community)
    pick = make.pick(community, make.product(merchant), curator=make.curator(community))
    session.commit()
    key = walk.post(f"/merchants/{merchant.slug}/webhook-keys", {"kind": "standard"})
    due_work()
    for version, kind in enumerate(("order.placed", "order.paid", "order.cancelled"), 1):
        data = {"order_id": "B-1", "version": version, "currency": "IDR", "placed_at": clock.rfc3339(clock.now()),
                "lines": [{"line_id": "1", "sku": "x", "quantity": 1, "unit_price": "1000.00"}]}  # fmt: skip
        assert walk.deliver(key["url"], key["secret"], kind, data) == 202
        due_work()
        assert walk.get(f"/commissions?community={community.slug}")["items"] == []
    assert pick.link_id
    assert violations(session) == {}
