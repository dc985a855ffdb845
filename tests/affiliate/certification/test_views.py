"""The pages of the practice ground, for staff, for those who only look, and for strangers."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from affiliate.certification import samples
from affiliate.certification.models import Certification, SandboxDelivery, SandboxKey
from affiliate.certification.steps import Step
from affiliate.core import clock
from affiliate.identity.models import AuditEntry, Role
from affiliate.merchants.models import SHOP_KINDS, WebhookKind
from tests.affiliate.certification.conftest import sign_in
from tests.affiliate.certification.practice import send, send_all

STANDARD = WebhookKind.STANDARD


def home(store) -> str:
    return f"/merchant/{store.slug}/certification"


def states(page: str) -> dict[str, str]:
    return dict(re.findall(r'id="step-(\w+)" data-state="(\w+)"', page))


def count(session, model) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()


def test_a_new_store_is_told_the_one_next_step_and_opens_its_sandbox(client, session, store, staff):
    page = client.get(home(store)).text
    assert "Ruang latihan Standard Webhooks belum dibuka" in page
    assert page.count("button-primary") == 1
    answer = client.post(f"{home(store)}/shopify/key")
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    key = session.execute(sa.select(SandboxKey)).scalar_one()
    assert key.secret in page
    assert f"/hooks/v1/{store.slug}/shopify/sandbox" in page
    assert "Kami menunggu permintaan pertama" in page
    assert set(states(page).values()) == {"missing"}
    assert "0 dari 12" in page
    client.post(f"{home(store)}/shopify/key")
    assert count(session, SandboxKey) == 1
    assert set(session.execute(sa.select(AuditEntry.action)).scalars()) >= {"sandbox.opened"}


def test_the_page_shows_what_came_and_what_it_would_pay(client, session, store, staff, keys):
    send_all(client, store.slug, keys[STANDARD])
    page = client.get(f"{home(store)}?kind=standard").text
    assert set(states(page).values()) == {"passed"}
    assert "13 dari 13" in page
    assert "Tersertifikasi untuk Standard Webhooks" in page
    assert "Hanya dengan contoh dari kami" in page
    assert "Rp66.300" in page  # a tenth of Rp663.000
    assert page.count('class="arrival"') == 23
    assert "contoh kami" in page


def test_a_page_that_has_seen_all_gets_no_content(client, session, store, staff, keys):
    page = client.get(f"{home(store)}?kind=adobe").text
    (stamp,) = re.findall(r"seen=([\w-]+)\"", page)
    same = client.get(f"{home(store)}?kind=adobe&seen={stamp}")
    assert (same.status_code, same.text) == (204, "")
    send(client, store.slug, keys[WebhookKind.ADOBE], samples.samples(WebhookKind.ADOBE, clock.now())[Step.PLACED][0])
    news = client.get(f"{home(store)}?kind=adobe&seen={stamp}")
    assert news.status_code == 200
    assert states(news.text)["placed"] == "passed"


def test_one_request_says_what_we_made_of_it(client, session, store, staff, keys):
    for sample in samples.samples(STANDARD, keys[STANDARD].created_at)[Step.PART_BY_LINE]:
        send(client, store.slug, keys[STANDARD], sample)
    row = session.execute(sa.select(SandboxDelivery).order_by(SandboxDelivery.id.desc())).scalars().first()
    page = client.get(f"{home(store)}/requests/{row.id}").text
    assert "Kemeja Batik Parang" in page
    assert "Rp374.000" in page  # 663.000 less one shirt
    assert "Rp37.400" in page
    assert "webhook-signature" in page
    assert "KEMBALI-" in page
    assert "uji coba" in page


def test_a_wrong_secret_is_explained(client, session, store, staff, keys):
    sample = samples.samples(STANDARD, clock.now())[Step.WRONG_SIGNATURE][0]
    assert send(client, store.slug, keys[STANDARD], sample).status_code == 401
    page = client.get(f"{home(store)}?kind=standard").text
    assert states(page)["placed"] == "failed"
    assert states(page)["wrong_signature"] == "passed"
    assert "rahasia" in page.split('id="step-placed"')[1].split("</li>")[0].lower()
    row = session.execute(sa.select(SandboxDelivery)).scalar_one()
    assert "Tanda tangannya tidak cocok" in client.get(f"{home(store)}/requests/{row.id}").text


def test_clearing_forgets_the_requests_of_one_shop_system_and_keeps_the_badge(client, session, store, staff, keys):
    send_all(client, store.slug, keys[STANDARD])
    send_all(client, store.slug, keys[WebhookKind.ADOBE])
    page = client.get(f"{home(store)}?kind=standard").text
    assert 'data-confirm="23 permintaan' in page
    assert client.post(f"{home(store)}/standard/clearing").status_code == 303
    kinds = set(session.execute(sa.select(SandboxDelivery.kind)).scalars())
    assert kinds == {WebhookKind.ADOBE}
    page = client.get(f"{home(store)}?kind=standard").text
    assert set(states(page).values()) == {"missing"}
    assert "Tersertifikasi untuk Standard Webhooks" in page
    assert count(session, Certification) == 2


def test_the_badge_stands_on_the_stores_pages_and_in_the_admins_list(client, make, session, store, staff, keys):
    pages = [f"/merchant/{store.slug}/", f"/merchant/{store.slug}/integration", f"/merchant/{store.slug}/settings"]
    assert not any("Tersertifikasi" in client.get(page).text for page in pages)
    send_all(client, store.slug, keys[WebhookKind.WOOCOMMERCE])
    for page in pages:
        assert "Tersertifikasi: WooCommerce" in client.get(page).text, page
    assert home(store) in client.get(pages[1]).text
    other = make.merchant(name="Toko Lain")
    admin = make.user(Role.ADMIN)
    session.commit()
    sign_in(client, admin)
    assert client.get("/admin/merchants").text.count("Tersertifikasi: WooCommerce") == 1
    assert "Tersertifikasi" in client.get(f"/admin/merchants/{store.slug}").text
    assert "Tersertifikasi" not in client.get(f"/admin/merchants/{other.slug}").text


def test_the_admins_list_asks_for_all_badges_at_once(client, make, session, store, keys, count_statements):
    admin = make.user(Role.ADMIN)
    session.commit()
    sign_in(client, admin)
    numbers = []
    for more in (1, 5):
        for _number in range(more):
            make.merchant()
        session.commit()
        with count_statements() as made:
            client.get("/admin/merchants")
        numbers += made
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("kind", list(SHOP_KINDS))
@pytest.mark.parametrize("name", ["samples", "signing"])
def test_scripts_are_downloaded(client, store, staff, keys, kind, name):
    answer = client.get(f"{home(store)}/{kind.value}/{name}.sh")
    assert answer.status_code == 200
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="etalase-{store.slug}-{kind.value}-{name}.sh"'
    )
    assert answer.text.startswith("#!/bin/sh\nset -eu\n")
    assert answer.text.count("<<'ETALASE'") == len(
        [one for parts in samples.samples(kind, keys[kind].created_at).values() for one in parts]
    )
    assert (keys[kind].secret in answer.text) == (name == "signing")


def test_without_a_sandbox_there_is_no_script(client, store, staff):
    assert client.get(f"{home(store)}/standard/samples.sh").status_code == 404
    assert client.get(f"{home(store)}/standard/others.sh").status_code == 404


@pytest.mark.parametrize("secret", ["kurz", "mit leer zeichen", "x" * 201, "baris\nbaru-lagi", "é" * 20])
def test_a_secret_that_cannot_be_one_is_refused_with_a_reason(client, session, store, staff, secret):
    answer = client.post(f"{home(store)}/shopify/key", data={"secret": secret})
    assert answer.status_code == 422
    assert count(session, SandboxKey) == 0
    assert client.post(f"{home(store)}/standard/key", data={"secret": "x" * 40}).status_code == 422


def test_a_shops_secret_is_kept_and_never_shown(client, session, store, staff):
    client.post(f"{home(store)}/shopify/key")
    client.post(f"{home(store)}/shopify/key", data={"secret": "0c" * 32})
    page = client.get(f"{home(store)}?kind=shopify").text
    assert "0c" * 32 not in page
    assert "Sudah ada" in page
    assert session.execute(sa.select(SandboxKey.shop_secret)).scalar_one() == "0c" * 32


def test_finance_looks_without_secrets_and_samples(client, make, session, store, keys):
    user = make.user(Role.FINANCE_MAKER)
    session.commit()
    send_all(client, store.slug, keys[STANDARD])
    sign_in(client, user)
    page = client.get(f"{home(store)}?kind=standard").text
    assert states(page)["placed"] == "passed"
    assert keys[STANDARD].secret not in page
    assert "curl" not in page
    for place in ("standard/key", "standard/clearing"):
        assert client.post(f"{home(store)}/{place}").status_code == 404
    assert client.get(f"{home(store)}/standard/samples.sh").status_code == 404
    assert count(session, SandboxDelivery) == 23


@pytest.mark.parametrize("role", [Role.MERCHANT_STAFF, Role.COMMUNITY_OWNER, Role.CURATOR, None])
def test_strangers_find_nothing(client, make, session, store, keys, role):
    send_all(client, store.slug, keys[STANDARD])
    scope = {
        Role.MERCHANT_STAFF: make.merchant, Role.COMMUNITY_OWNER: make.community, Role.CURATOR: make.community,
    }.get(role)  # fmt: skip
    user = make.user(role, scope().id if scope else None)
    session.commit()
    sign_in(client, user)
    row = session.execute(sa.select(SandboxDelivery.id)).scalars().first()
    for place in ("", "?kind=standard&seen=0-0-0", f"/requests/{row}", "/standard/samples.sh", "/standard/signing.sh"):
        assert client.get(home(store) + place).status_code == 404, place
    for place in ("/standard/key", "/standard/clearing"):
        assert client.post(home(store) + place).status_code == 404, place
    assert count(session, SandboxDelivery) == 23


def test_another_stores_request_is_not_there_under_ones_own_address(client, make, session, store, staff, keys):
    other = make.merchant()
    session.commit()
    send_all(client, store.slug, keys[STANDARD])
    row = session.execute(sa.select(SandboxDelivery)).scalars().first()
    row.merchant_id = other.id
    session.commit()
    assert client.get(f"{home(store)}/requests/{row.id}").status_code == 404


@pytest.mark.parametrize("kind", ["", "lainnya", "\u202e", "standard"])
def test_whatever_kind_is_asked_for_there_is_a_page(client, store, staff, kind):
    assert client.get(home(store), query_string={"kind": kind, "seen": kind}).status_code == 200


def test_in_english(client, session, store, staff, keys):
    send_all(client, store.slug, keys[STANDARD])
    page = client.get(f"{home(store)}?kind=standard", headers={"Accept-Language": "en"}).text
    assert "Certified for Standard Webhooks" in page
    assert "Partial refund by line" in page
