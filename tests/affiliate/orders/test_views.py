"""The pages of deliveries and orders, and the API of orders, for those who may see them and for strangers."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from affiliate.core import clock
from affiliate.identity.models import Role
from affiliate.merchants.models import WebhookKind
from affiliate.orders import service
from affiliate.orders.models import Delivery, DeliveryStatus
from tests.affiliate.orders.adapters import shops
from tests.affiliate.orders.shop import line, message, refund, send
from tests.factories import PASSWORD


@pytest.fixture
def shop(make, session):
    merchant = make.merchant(name="Zalia")
    key = make.webhook_key(merchant)
    session.commit()
    return merchant, key


@pytest.fixture
def sign_in(client, make, session):
    def as_(role: Role, scope_id: int | None = None):
        user = make.user(role, scope_id)
        session.commit()
        client.post("/sign-out")
        assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303

    return as_


@pytest.fixture
def staff(sign_in, shop):
    sign_in(Role.MERCHANT_STAFF, shop[0].id)


def work(session) -> None:
    ids = service.claim(session, limit=100, now=clock.now())
    service.work(session, ids, now=clock.now())
    session.commit()


def arrive(client, session, shop, *contents) -> list[int]:
    """Send these by webhook and work them; ids of the deliveries."""
    merchant, key = shop
    ids = []
    for content in contents:
        answer = send(client, merchant.slug, key, f"msg_{id(content)}", content)
        assert answer.status_code == 202
        ids.append(answer.json["delivery"])
    work(session)
    return ids


def text(client, path: str, status: int = 200) -> str:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def test_before_the_first_delivery_the_page_says_what_to_do(client, shop, staff):
    page = text(client, f"/merchant/{shop[0].slug}/deliveries")
    assert "We are waiting for your first delivery" in page
    assert f"/merchant/{shop[0].slug}/settings" in page


def test_the_list_shows_verdict_and_reason_and_filters_by_them(client, session, shop, staff):
    arrive(client, session, shop, message(), message(order_id="B-7", lines=[line(tax="-1")]), b"\xff")
    base = f"/merchant/{shop[0].slug}/deliveries"
    page = text(client, base)
    assert "Accepted" in page
    assert "data.lines.0.tax" in page
    assert f"/merchant/{shop[0].slug}/orders/A-1001" in page
    assert f"/merchant/{shop[0].slug}/orders/B-7" not in page  # no order came of it
    unreadable = text(client, f"{base}?verdict=unreadable")
    assert "B-7" in unreadable
    assert "A-1001" not in unreadable
    assert "B-7" not in text(client, f"{base}?verdict=unreadable&reason=not_utf8")
    assert "Nothing fits this choice" in text(client, f"{base}?verdict=stale")
    assert "A-1001" in text(client, f"{base}?verdict=nonsense&reason=nonsense")


def test_more_than_a_page_goes_on_behind_a_link(client, session, shop, staff):
    arrive(client, session, shop, *(message(order_id=f"N-{number}") for number in range(52)))
    page = text(client, f"/merchant/{shop[0].slug}/deliveries")
    assert "N-51<" in page
    assert "N-1<" not in page
    cursor = page.split("cursor=")[1].split('"')[0]
    assert "N-1<" in text(client, f"/merchant/{shop[0].slug}/deliveries?cursor={cursor}")


def test_a_foreign_cursor_is_refused(client, shop, staff):
    text(client, f"/merchant/{shop[0].slug}/deliveries?cursor=rubbish", status=422)


def test_a_delivery_shows_what_came_and_what_we_made_of_it(client, session, shop, staff):
    (first,) = arrive(client, session, shop, message(lines=[line(title="<b>Batik</b>")]))
    page = text(client, f"/merchant/{shop[0].slug}/deliveries/{first}")
    assert "It told us something new about this order." in page
    assert "&lt;b&gt;Batik&lt;/b&gt;" in page
    assert "<b>Batik</b>" not in page
    assert "Rp270.000" in page
    assert "webhook-timestamp" in page


@pytest.mark.parametrize("body", [b"\xff\x00\xfe", b"[" * 100_000, b'{"type": "\\ud800"}', b"", b'"<script>"'])
def test_a_delivery_that_is_no_order_is_shown_all_the_same(client, session, shop, staff, body):
    (first,) = arrive(client, session, shop, body)
    page = text(client, f"/merchant/{shop[0].slug}/deliveries/{first}")
    assert "Cannot be read" in page or "Does not concern us" in page
    assert "<script>" not in page.split('<main id="main"')[1].split("</main>")[0]


def test_staff_replay_a_parked_delivery(client, session, shop, staff):
    merchant, key = shop
    delivery_id = send(client, merchant.slug, key, "msg_1", message()).json["delivery"]
    session.execute(sa.update(Delivery).values(status=DeliveryStatus.PARKED, attempts=10))
    session.commit()
    path = f"/merchant/{merchant.slug}/deliveries/{delivery_id}"
    assert "Work it once more" in text(client, path)
    assert client.post(f"{path}/replay").status_code == 303
    assert "Work it once more" not in text(client, path)
    assert client.post(f"{path}/replay").status_code == 409
    work(session)
    assert "Accepted" in text(client, path)


def test_an_order_shows_lines_refunds_and_everything_said(client, session, shop, staff):
    part = [{"line_id": "1", "quantity": 1, "amount": "135000"}]
    arrive(client, session, shop, message("order.completed", version=3), refund("R-9", "135000", refund_lines=part))
    page = text(client, f"/merchant/{shop[0].slug}/orders/A-1001")
    for shown in ("Completed", "R-9", "Rp270.000", "Rp135.000", "Refunded", "Acme"):
        assert shown in page


def test_an_order_number_with_slashes_has_its_page(client, session, shop, staff):
    arrive(client, session, shop, message(order_id="2026/11/1"))
    assert "2026/11/1" in text(client, f"/merchant/{shop[0].slug}/orders/2026/11/1")


def test_the_pages_speak_indonesian(client, session, shop, staff):
    (first,) = arrive(client, session, shop, message())
    for path in ("deliveries", f"deliveries/{first}", "orders/A-1001"):
        answer = client.get(f"/merchant/{shop[0].slug}/{path}", headers={"Accept-Language": "id"})
        assert 'lang="id"' in answer.get_data(as_text=True)
        assert "What we made of it" not in answer.get_data(as_text=True)


def test_strangers_find_nothing(client, session, make, shop, sign_in):
    merchant = shop[0]
    (first,) = arrive(client, session, shop, message())
    paths = ["deliveries", f"deliveries/{first}", "orders/A-1001"]
    for role, scope_id in ((Role.MERCHANT_STAFF, make.merchant().id), (Role.CURATOR, make.community().id)):
        sign_in(role, scope_id)
        assert {client.get(f"/merchant/{merchant.slug}/{path}").status_code for path in paths} == {404}
        assert client.post(f"/merchant/{merchant.slug}/deliveries/{first}/replay").status_code == 404


def test_a_delivery_of_another_store_is_not_found_under_ones_own(client, session, make, shop, sign_in):
    (first,) = arrive(client, session, shop, message())
    other = make.merchant()
    sign_in(Role.MERCHANT_STAFF, other.id)
    assert client.get(f"/merchant/{other.slug}/deliveries/{first}").status_code == 404
    assert client.get(f"/merchant/{other.slug}/orders/A-1001").status_code == 404


def test_finance_looks_but_does_not_replay(client, session, shop, sign_in):
    (first,) = arrive(client, session, shop, message())
    sign_in(Role.FINANCE_MAKER)
    page = text(client, f"/merchant/{shop[0].slug}/deliveries/{first}")
    assert "Work it once more" not in page
    assert client.post(f"/merchant/{shop[0].slug}/deliveries/{first}/replay").status_code == 404


def test_the_api_tells_an_order_whole(client, session, make, shop):
    merchant = shop[0]
    part = [{"line_id": "1", "quantity": 1, "amount": "135000.00"}]
    arrive(client, session, shop, message("order.completed", shipping="20000"), refund("R-1", refund_lines=part))
    key = make.key(Role.MERCHANT_STAFF, merchant.id)
    answer = client.get(f"/api/v1/orders?merchant={merchant.slug}&ref=A-1001", headers=key)
    (order,) = answer.json["items"]
    assert answer.json["next"] is None
    assert (order["ref"], order["status"], order["currency"]) == ("A-1001", "completed", "IDR")
    assert (order["placed_at"], order["completed_at"]) == ("2026-11-01T09:00:00Z", "2026-11-01T09:00:00Z")
    assert order["total"] == {"amount": "290000.00", "currency": "IDR"}
    assert order["net"] == {"amount": "135000.00", "currency": "IDR"}
    assert order["lines"][0]["refunded"]["amount"] == "135000.00"
    assert order["refunds"][0]["lines"][0]["amount"]["amount"] == "135000.00"
    assert [event["type"] for event in order["events"]] == ["order.completed", "order.refunded"]


def test_the_api_pages_and_filters_by_rights(client, session, make, shop):
    merchant = shop[0]
    arrive(client, session, shop, *(message(order_id=f"N-{number}") for number in range(3)))
    own, finance = make.key(Role.MERCHANT_STAFF, merchant.id), make.key(Role.FINANCE_MAKER)
    stranger, community = make.key(Role.MERCHANT_STAFF, make.merchant().id), make.key(Role.CURATOR, make.community().id)
    first = client.get("/api/v1/orders?limit=2", headers=own).json
    rest = client.get(f"/api/v1/orders?limit=2&cursor={first['next']}", headers=own).json
    assert [order["ref"] for order in first["items"] + rest["items"]] == ["N-0", "N-1", "N-2"]
    assert rest["next"] is None
    assert len(client.get("/api/v1/orders", headers=finance).json["items"]) == 3
    assert client.get("/api/v1/orders", headers=stranger).json["items"] == []
    assert client.get(f"/api/v1/orders?merchant={merchant.slug}", headers=stranger).status_code == 404
    assert client.get("/api/v1/orders", headers=community).status_code == 404
    assert client.get("/api/v1/orders").status_code == 401


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=x"])
def test_a_query_that_makes_no_sense_is_422(client, make, query):
    assert client.get(f"/api/v1/orders?{query}", headers=make.key(Role.ADMIN)).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/merchant/%00/deliveries",
        "/merchant/x/deliveries/99999999999999999999",
        "/merchant/x/orders/%00",
        "/api/v1/orders?ref=%00",
        "/api/v1/programmes/9223372036854775808",
    ],
)
def test_an_address_that_no_database_keeps_leads_nowhere(client, make, path):
    assert client.get(path, headers=make.key(Role.ADMIN)).status_code == 404


def test_a_wrong_signature_is_explained_on_the_page_until_one_fits(client, session, make, shop, staff):
    merchant, _key = shop
    shopify = make.webhook_key(merchant, WebhookKind.SHOPIFY)
    shopify.secret = "shpss_" + "0a" * 16
    session.commit()
    path, body = f"/merchant/{merchant.slug}/deliveries", shops.body_of(shops.shopify_order())
    given = shops.headers(shopify, body)
    client.post(f"/hooks/v1/{merchant.slug}/shopify", data=body + b" ", headers=given)
    page = text(client, path)
    assert "1 request with a wrong signature today" in page
    assert "Enter the signing secret that stands on that page, too." in page
    assert client.post(f"/hooks/v1/{merchant.slug}/shopify", data=body, headers=given).status_code == 202
    page = text(client, path)
    assert "Signatures have fitted since." in page
    assert "Enter the signing secret" not in page


def test_a_shops_own_order_is_shown_as_we_read_it(client, session, make, shop, staff):
    merchant, _key = shop
    shopify = make.webhook_key(merchant, WebhookKind.SHOPIFY)
    session.commit()
    cards = [shops.shopify_line(), shops.shopify_line(2, gift_card=True)]
    content = shops.shopify_order(line_items=cards, refunds=[shops.shopify_refund()], test=True)
    delivery = shops.send(client, merchant.slug, shopify, content, topic="orders/paid").json["delivery"]
    work(session)
    page = text(client, f"/merchant/{merchant.slug}/deliveries/{delivery}")
    for expected in ("Shopify", "orders/paid", "9007199254740995", "gift card", "1 piece, with its share", "a test"):
        assert expected in page, expected
    listed = text(client, f"/merchant/{merchant.slug}/deliveries")
    assert "orders/paid" in listed


def test_an_order_of_which_more_was_refunded_than_paid_is_flagged(client, session, shop, staff):
    merchant, _key = shop
    arrive(client, session, shop, message("order.completed"), refund("R-1", "99000000.00"))
    assert "More was refunded than was paid" in text(client, f"/merchant/{merchant.slug}/orders/A-1001")
    arrive(client, session, shop, message("order.completed", order_id="A-2"), refund("R-1", "1000.00", order_id="A-2"))
    assert "More was refunded than was paid" not in text(client, f"/merchant/{merchant.slug}/orders/A-2")


def test_replay_by_filter_takes_what_was_chosen_and_nothing_else(client, session, shop, staff):
    merchant, _key = shop
    wrong = message(order_id="B-1", lines=[line(tax="-1")])
    good, bad, other = arrive(client, session, shop, message(), wrong, b"{}")
    path = f"/merchant/{merchant.slug}/deliveries/replays"
    assert client.post(path, data={"verdict": "unreadable", "reason": "negative_amount"}).status_code == 303
    waiting = session.execute(sa.select(Delivery.id).where(Delivery.status == DeliveryStatus.RECEIVED)).scalars().all()
    assert waiting == [bad]
    work(session)
    assert client.post(path, data={"verdict": "unreadable"}).status_code == 303
    waiting = session.execute(sa.select(Delivery.id).where(Delivery.status == DeliveryStatus.RECEIVED)).scalars().all()
    assert sorted(waiting) == [bad, other]
    for data in ({}, {"verdict": "nonsense"}):
        assert client.post(path, data=data).status_code == 422
    assert good not in waiting


def test_replay_by_filter_is_for_the_stores_own_staff(client, make, session, shop, sign_in):
    path = f"/merchant/{shop[0].slug}/deliveries/replays"
    sign_in(Role.MERCHANT_STAFF, make.merchant().id)
    assert client.post(path, data={"verdict": "unreadable"}).status_code == 404
    sign_in(Role.FINANCE_MAKER)  # looks, but does not change
    assert client.post(path, data={"verdict": "unreadable"}).status_code == 404


def test_what_is_set_aside_is_a_choice_of_its_own(client, session, shop, staff):
    merchant, _key = shop
    parked, _fine = arrive(client, session, shop, message(), message(order_id="B-1"))
    session.execute(sa.update(Delivery).where(Delivery.id == parked).values(status=DeliveryStatus.PARKED))
    session.commit()
    page = text(client, f"/merchant/{merchant.slug}/deliveries?verdict=parked")
    assert "Ten tries failed; it waits for a person." in page
    assert ("A-1001" in page, "B-1" in page) == (True, False)
    assert client.post(f"/merchant/{merchant.slug}/deliveries/replays", data={"verdict": "parked"}).status_code == 303
    assert session.execute(sa.select(Delivery.attempts).where(Delivery.id == parked)).scalar_one() == 0


def test_a_page_of_deliveries_that_has_seen_all_gets_no_content(client, session, shop, staff):
    """The page asks again by itself: news is a wrong signature, a delivery, and what we made of it."""
    page = f"/merchant/{shop[0].slug}/deliveries"

    def seen() -> str:
        (stamp,) = re.findall(r"seen=(\w+)\"", client.get(page).text)
        assert client.get(f"{page}?seen={stamp}").status_code == 204
        return stamp

    empty = seen()
    client.post(f"/hooks/v1/{shop[0].slug}/standard", data=b"{}")
    refused = seen()
    assert send(client, shop[0].slug, shop[1], "msg_neu", message()).status_code == 202
    waiting = seen()
    assert "Toko Anda sudah tersambung" not in client.get(page).text
    work(session)
    green = seen()
    assert len({empty, refused, waiting, green}) == 4
    assert "Toko Anda sudah tersambung" in client.get(page).text
    assert client.get(f"{page}?seen={empty}").status_code == 200


def test_a_filtered_or_long_list_stays_put_under_its_reader(client, session, shop, staff):
    arrive(client, session, shop, *[message(order_id=f"A-{number}") for number in range(51)])
    page = f"/merchant/{shop[0].slug}/deliveries"
    for address in (page, f"{page}?verdict=accepted"):
        told = client.get(address).text
        assert "hx-get" not in told
        assert "Toko Anda sudah tersambung" not in told
