"""The pages of merchant staff."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from affiliate.identity.models import Role
from affiliate.merchants.models import Merchant
from tests.affiliate.catalogue.files import HOST, fresh, row, send, tsv, work
from tests.factories import PASSWORD, Make


@pytest.fixture
def merchant(make: Make) -> Merchant:
    return make.merchant(slug="toko-kebaya", allowed_hosts=[HOST])


@pytest.fixture
def staff(client: FlaskClient, make: Make, merchant: Merchant) -> FlaskClient:
    _sign_in(client, make, Role.MERCHANT_STAFF, merchant.id)
    return client


def _sign_in(client: FlaskClient, make: Make, role: Role, scope_id: int | None) -> None:
    user = make.user(role, scope_id, locale="en")
    make.session.commit()
    answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 303


def _post(client: FlaskClient, body: bytes, **fields: str) -> str:
    data = {"file": (io.BytesIO(body), "katalog.tsv"), "mode": "full", "currency": "IDR", **fields}
    answer = client.post("/merchant/toko-kebaya/catalogue", data=data)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_an_empty_list_says_what_to_do(staff: FlaskClient) -> None:
    page = staff.get("/merchant/toko-kebaya/catalogue")
    assert page.status_code == 200
    assert "No file yet" in page.text
    assert 'enctype="multipart/form-data"' in page.text
    assert "No products yet" in staff.get("/merchant/toko-kebaya/products").text


def test_a_file_is_sent_watched_and_shown(staff: FlaskClient) -> None:
    address = _post(staff, tsv(row(1), row(2, price="1,500"), row(3, link="https://evil.test/")))
    waiting = staff.get(address).text
    assert "data-upload-progress" in waiting
    assert 'aria-live="polite"' in waiting
    assert "js/catalogue.js" in waiting
    progress = staff.get(f"{address}/progress").json
    assert (progress["stage"], progress["finished"], progress["done"]) == ("received", False, 0)
    work()
    assert staff.get(f"{address}/progress").json["finished"] is True
    done = staff.get(address).text
    assert "data-upload-progress" not in done
    assert "The link leads to a site that is not among the store&#39;s own." in done
    assert "https://evil.test/" in done
    only = staff.get(f"{address}?cause=price_ambiguous").text
    assert "1,500" in only.split('id="rows"')[1]
    assert "evil.test" not in only.split('id="rows"')[1]
    assert "price_ambiguous" in staff.get(f"{address}/errors.csv").text
    listing = staff.get("/merchant/toko-kebaya/catalogue").text
    assert "katalog.tsv" in listing
    assert "No file yet" not in listing


def test_many_errors_come_in_pages(staff: FlaskClient) -> None:
    address = _post(staff, tsv(*(row(number, price="?") for number in range(60)), row("gut")))
    work()
    first = staff.get(address).text
    following = re.search(r'class="pager".*?href="([^"]+)"', first, re.DOTALL)
    assert following is not None
    second = staff.get(following.group(1).replace("&amp;", "&")).text
    assert ">61<" in second.split('id="rows"')[1]
    assert ">2<" not in second.split('id="rows"')[1]


def test_hostile_cells_stand_on_the_page_as_text(staff: FlaskClient) -> None:
    address = _post(staff, tsv(row(1, price="<script>alert(1)</script>"), row(2, title="<b>Kebaya</b> & co")))
    work()
    assert "<script>alert" not in staff.get(address).text
    assert "&lt;script&gt;alert" in staff.get(address).text
    assert "Kebaya &amp; co" in staff.get("/merchant/toko-kebaya/products").text


def test_a_person_says_which_column_is_which(staff: FlaskClient, session: Session) -> None:
    address = _post(staff, f"x;nama;y;z\nA-1;Kebaya;https://{HOST}/1;5000\n".encode())
    work()
    asking = staff.get(address).text
    assert "We need your help" in asking
    assert 'name="sku"' in asking
    columns = {"title": "nama", "url": "y", "price": "z"}
    refused = staff.post(f"{address}/columns", data={**columns, "sku": "gibt es nicht"})
    assert refused.status_code == 422
    assert "This column is not in the file." in refused.text
    assert staff.post(f"{address}/columns", data=columns).status_code == 422
    assert staff.post(f"{address}/columns", data={**columns, "sku": "x"}).status_code == 303
    work()
    assert fresh(session, int(address.rsplit("/", 1)[1])).created == 1
    assert "This is how the columns were read." in staff.get(address).text


def test_products_are_searched_and_filtered(staff: FlaskClient) -> None:
    _post(staff, tsv(row(1, title="Batik"), row(2, title="Ulos")))
    work()
    _post(staff, tsv(row(1, title="Batik")))
    work()
    address = "/merchant/toko-kebaya/products"
    assert "Ulos" not in staff.get(address).text
    assert "Ulos" in staff.get(f"{address}?status=withdrawn").text
    assert "Ulos" in staff.get(f"{address}?status=all&q=ULOS").text
    assert "Rp150.000" in staff.get(address).text
    assert "Nothing fits" in staff.get(f"{address}?q=songket").text


def test_a_form_without_a_file_is_answered_on_the_page(staff: FlaskClient) -> None:
    answer = staff.post("/merchant/toko-kebaya/catalogue", data={"mode": "full", "currency": "IDR"})
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text


@pytest.mark.parametrize("role", [Role.MERCHANT_STAFF, Role.CURATOR, Role.COMMUNITY_OWNER])
def test_strangers_find_nothing(client: FlaskClient, make: Make, merchant: Merchant, role: Role) -> None:
    upload_id = send(make.session, merchant, tsv(row(1)))
    own = make.merchant() if role is Role.MERCHANT_STAFF else make.community()
    _sign_in(client, make, role, own.id)
    base = "/merchant/toko-kebaya"
    for address in (
        "catalogue",
        "products",
        *(f"catalogue/uploads/{upload_id}{end}" for end in ("", "/progress", "/errors.csv")),
    ):
        assert client.get(f"{base}/{address}").status_code == 404
    assert client.post(f"{base}/catalogue", data={"file": (io.BytesIO(b"x"), "x")}).status_code == 404
    assert client.post(f"{base}/catalogue/uploads/{upload_id}/columns").status_code == 404


def test_an_upload_is_not_found_under_another_merchant(staff: FlaskClient, make: Make) -> None:
    foreign = send(make.session, make.merchant(), tsv(row(1)))
    assert staff.get(f"/merchant/toko-kebaya/catalogue/uploads/{foreign}").status_code == 404
    assert staff.get("/merchant/toko-kebaya/catalogue/uploads/99999999999999999999").status_code == 404
