"""The API: send a file, follow it, fetch its errors, find products; and who may not."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from affiliate.catalogue import queries, storage
from affiliate.catalogue.models import ProductStatus
from affiliate.core.errors import NotFound
from affiliate.identity.models import Role
from affiliate.merchants.models import Merchant
from tests.affiliate.catalogue.files import HOST, row, tsv, work
from tests.factories import Make


@pytest.fixture
def merchant(make: Make) -> Merchant:
    return make.merchant(slug="toko-kebaya", allowed_hosts=[HOST])


@pytest.fixture
def staff(make: Make, merchant: Merchant) -> dict[str, str]:
    return make.key(Role.MERCHANT_STAFF, merchant.id)


def _send(client: FlaskClient, headers: dict[str, str], body: bytes, slug: str = "toko-kebaya", **fields: str) -> Any:
    data = {"file": (io.BytesIO(body), "katalog.tsv"), **fields}
    return client.post(f"/api/v1/merchants/{slug}/catalogue/uploads", data=data, headers=headers)


def test_a_file_is_taken_read_and_reported(client: FlaskClient, staff: dict[str, str]) -> None:
    answer = _send(client, staff, tsv(row(1), row(2, price="=1+1"), row(3)))
    assert answer.status_code == 202
    path = urlsplit(answer.json["url"]).path
    assert path == f"/api/v1/catalogue/uploads/{answer.json['id']}"
    assert client.get(path, headers=staff).json["stage"] == "received"
    work()
    shown = client.get(path, headers=staff).json
    counts = ("rows_total", "rows_ok", "rows_failed", "created", "changed", "withdrawn")
    assert (shown["stage"], shown["format"]) == ("done", "google_tsv")
    assert [shown[name] for name in counts] == [3, 2, 1, 2, 0, 0]
    errors = client.get(urlsplit(shown["errors_url"]).path, headers=staff)
    assert errors.mimetype == "text/csv"
    found = list(csv.DictReader(io.StringIO(errors.text)))
    assert [(e["line"], e["column"], e["value"], e["code"]) for e in found] == [
        ("3", "price", "'=1+1", "price_not_a_number")
    ]
    assert found[0]["reason"]


def test_a_refused_file_says_why(client: FlaskClient, staff: dict[str, str]) -> None:
    answer = _send(client, staff, b"\x89PNG\r\n\x1a\n\0\0\0\0")
    work()
    shown = client.get(f"/api/v1/catalogue/uploads/{answer.json['id']}", headers=staff).json
    assert (shown["stage"], shown["failure"]) == ("failed", "not_text")
    assert shown["failure_text"].endswith(".")


def test_a_program_sends_its_mapping_along(client: FlaskClient, staff: dict[str, str]) -> None:
    body = f"x;nama;y;z\nA-1;Kebaya;https://{HOST}/1;5000\n".encode()
    waiting = _send(client, staff, body)
    work()
    shown = client.get(f"/api/v1/catalogue/uploads/{waiting.json['id']}", headers=staff).json
    assert (shown["failure"], shown["headings"]) == ("mapping_needed", ["x", "nama", "y", "z"])
    _send(client, staff, body, mapping='{"sku": "x", "title": "nama", "url": "y", "price": "z"}')
    work()
    [product] = client.get("/api/v1/products", headers=staff).json["items"]
    assert (product["sku"], product["price"]) == ("A-1", {"amount": "5000.00", "currency": "IDR"})


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"mode": "halb"}, "mode"),
        ({"format": "pdf"}, "format"),
        ({"currency": "TALER"}, "currency"),
        ({"mapping": "[]"}, "mapping"),
        ({"mapping": '{"preis": "z"}'}, "mapping"),
        ({"farbe": "rot"}, "farbe"),
    ],
)
def test_wrong_fields_are_named(client: FlaskClient, staff: dict[str, str], fields: dict[str, str], wrong: str) -> None:
    answer = _send(client, staff, tsv(row(1)), **fields)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [wrong]


def test_without_a_file_there_is_no_upload(client: FlaskClient, staff: dict[str, str]) -> None:
    address = "/api/v1/merchants/toko-kebaya/catalogue/uploads"
    missing = client.post(address, data={"mode": "full"}, headers=staff)
    assert (missing.status_code, list(missing.json["errors"])) == (422, ["file"])
    as_text = client.post(address, data={"file": "a,b"}, content_type="multipart/form-data", headers=staff)
    assert as_text.status_code == 422


def test_a_body_beyond_the_limit_is_413_and_leaves_nothing(
    app: Flask, client: FlaskClient, staff: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = app.config["ETALASE"].upload_dir
    folder.mkdir(exist_ok=True)
    before = set(folder.iterdir())
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 10_000)
    answer = _send(client, staff, b"x" * 20_000)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert set(folder.iterdir()) == before
    with pytest.raises(storage.FileTooLarge):
        storage.store(io.BytesIO(b"x" * 101), folder, limit=100)
    assert set(folder.iterdir()) == before


def test_who_may_not_upload_learns_nothing(client: FlaskClient, make: Make, merchant: Merchant) -> None:
    community = make.community()
    others = make.merchant()
    for role, scope in (
        (Role.CURATOR, community.id),
        (Role.COMMUNITY_OWNER, community.id),
        (Role.MERCHANT_STAFF, others.id),
        (Role.FINANCE_MAKER, None),
    ):
        headers = make.key(role, scope)
        assert _send(client, headers, tsv(row(1))).status_code in {403, 404}
        assert _send(client, headers, tsv(row(1)), slug="gibt-es-nicht").status_code == 404
    assert _send(client, {}, tsv(row(1))).status_code == 401
    assert queries.uploads(make.session, merchant.id, limit=10) == []


def test_an_upload_is_seen_by_its_merchant_and_the_platform_only(
    client: FlaskClient, make: Make, staff: dict[str, str]
) -> None:
    upload_id = _send(client, staff, tsv(row(1))).json["id"]
    addresses = [f"/api/v1/catalogue/uploads/{upload_id}{end}" for end in ("", "/errors.csv")]
    for role, scope, status in (
        (Role.ADMIN, None, 200),
        (Role.FINANCE_APPROVER, None, 200),
        (Role.MERCHANT_STAFF, make.merchant().id, 404),
        (Role.CURATOR, make.community().id, 404),
    ):
        headers = make.key(role, scope)
        assert [client.get(address, headers=headers).status_code for address in addresses] == [status, status]
    assert client.get("/api/v1/catalogue/uploads/99999999999999999999", headers=staff).status_code == 404


def test_products_are_found_by_all_words_in_any_case(client: FlaskClient, make: Make, staff: dict[str, str]) -> None:
    _send(client, staff, tsv(row(1, title="Batik Tulis Merah"), row(2, title="Batik cap 100%"), row(3, title="Ulos")))
    work()

    def found(query: str) -> list[str]:
        return [item["title"] for item in client.get(f"/api/v1/products?{query}", headers=staff).json["items"]]

    assert found("q=BATIK") == ["Batik Tulis Merah", "Batik cap 100%"]
    assert found("q=merah+batik") == ["Batik Tulis Merah"]
    assert found("q=100%25") == ["Batik cap 100%"]
    assert found("q=%25") == ["Batik cap 100%"]
    assert client.get("/api/v1/products?q=%00", headers=staff).status_code in {404, 422}
    assert found("sku=B-3") == ["Ulos"]
    assert found("sku=b-3") == []
    assert found("merchant=toko-kebaya&q=ulos") == ["Ulos"]
    assert client.get("/api/v1/products?cursor=x", headers=staff).status_code == 422


def test_products_page_by_cursor(client: FlaskClient, staff: dict[str, str]) -> None:
    _send(client, staff, tsv(*(row(number) for number in range(7))))
    work()
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/api/v1/products?limit=3{cursor}", headers=staff).json
        seen += [item["sku"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"B-{number}" for number in range(7)]


def test_communities_see_every_merchants_products_and_strangers_none(client: FlaskClient, make: Make) -> None:
    one, two = make.merchant(), make.merchant()
    first, second = make.product(one), make.product(two)
    make.product(two, status=ProductStatus.WITHDRAWN)
    curator, staff_of_one = make.key(Role.CURATOR, make.community().id), make.key(Role.MERCHANT_STAFF, one.id)

    def ids(headers: dict[str, str], query: str = "") -> list[int]:
        return [item["id"] for item in client.get(f"/api/v1/products?{query}", headers=headers).json["items"]]

    assert ids(curator) == [first.id, second.id]
    assert ids(curator, f"merchant={two.slug}") == [second.id]
    assert ids(staff_of_one) == [first.id]
    assert client.get(f"/api/v1/products?merchant={two.slug}", headers=staff_of_one).status_code == 404
    assert client.get("/api/v1/products?merchant=gibt-es-nicht", headers=curator).status_code == 404
    assert client.get("/api/v1/products").status_code == 401
    assert len(ids(curator, "status=withdrawn")) == 1


def test_one_product_is_fetched_through_the_person(session: Session, make: Make) -> None:
    product = make.product(make.merchant())
    owner = make.actor(make.user(Role.MERCHANT_STAFF, product.merchant_id))
    stranger = make.actor(make.user(Role.MERCHANT_STAFF, make.merchant().id))
    assert queries.product_for(session, owner, product.id).id == product.id
    for who, number in ((stranger, product.id), (owner, product.id + 1), (owner, 2**70), (owner, 0)):
        with pytest.raises(NotFound):
            queries.product_for(session, who, number)
