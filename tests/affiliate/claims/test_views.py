"""The pages of claims: what each side sees and may do."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.claims import service
from affiliate.claims.models import Claim, ClaimStatus, Decline
from affiliate.claims.pictures import read_picture
from affiliate.core import clock
from affiliate.core.clock import local_date
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.identity.models import Role
from tests.affiliate.claims.filed import photo
from tests.affiliate.conversions.test_views import page, sign_in


@pytest.fixture
def today():
    return local_date(clock.now(), DEFAULT_ZONE)


def form(claims, today, **over):
    return {"merchant": claims.merchant.slug, "order_ref": "B-1", "ordered_on": (today - timedelta(days=3)).isoformat(),
            "amount": "150.000"} | over  # fmt: skip


def count(session) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(Claim)).scalar_one()


def test_a_curator_claims_with_a_picture_and_the_store_accepts(client, make, claims, today):
    sign_in(client, make, Role.CURATOR, claims.community.id)
    home = f"/portal/{claims.community.slug}/claims"
    assert "Belum ada klaim" in page(client, home)
    sent = form(claims, today, picture=(io.BytesIO(photo()), "struk.exe"), note="Lewat aplikasi")
    answer = client.post(home, data=sent)
    assert answer.status_code == 303
    here = answer.location
    assert "Menunggu toko" in page(client, home)
    shown = page(client, here)
    assert "belum pernah melaporkan" in shown
    assert "Klaimnya jadi lemah" in shown
    assert "Terima klaim" not in shown
    picture = client.get(f"{here}/picture")
    assert (picture.mimetype, picture.headers["Cache-Control"]) == ("image/webp", "private, no-store")
    client.post("/sign-out")
    sign_in(client, make, Role.MERCHANT_STAFF, claims.merchant.id)
    assert "Perlu dijawab" in page(client, f"/merchant/{claims.merchant.slug}/claims")
    assert "Terima klaim" in page(client, here)
    taken = client.post(f"{here}/answer", data={"outcome": "accepted", "order_ref": "B-1", "amount": "140.000"})
    assert taken.status_code == 303
    claims.work(clock.now())
    assert claims.books("B-1")["earned"] == 1_400_000
    assert "Pesanannya dihitung untuk" in page(client, here)
    again = client.post(f"{here}/answer", data={"outcome": "declined", "reason": "not_found"})
    assert again.status_code == 409
    assert "sudah dijawab orang lain" in again.get_data(as_text=True)


@pytest.mark.parametrize(
    ("over", "status", "text"),
    [
        ({"amount": "nol"}, 422, "Isi jumlahnya"),
        ({"amount": "0"}, 422, "Isi jumlahnya"),
        ({"amount": "9" * 30}, 422, "Isi jumlahnya"),
        ({"order_ref": " "}, 422, "Isi nomor pesanan"),
        ({"ordered_on": "kemarin"}, 422, "Pilih tanggal"),
        ({"ordered_on": "0001-01-01"}, 422, "60 hari"),
        ({"ordered_on": "9999-12-31"}, 422, "60 hari"),
        ({"link": "tidak-ada"}, 422, "tidak punya tautan"),
        ({"picture": (io.BytesIO(b"%PDF-1.7"), "struk.png")}, 422, "PNG, JPEG"),
        ({"merchant": "tidak-ada"}, 404, ""),
    ],
)
def test_what_cannot_be_filed_is_said_at_its_field_and_nothing_is_kept(client, make, claims, today, over, status, text):
    if "picture" in over:
        over = {"picture": (io.BytesIO(b"%PDF-1.7"), "struk.png")}
    sign_in(client, make, Role.CURATOR, claims.community.id)
    answer = client.post(f"/portal/{claims.community.slug}/claims", data=form(claims, today, **over))
    assert answer.status_code == status
    assert text in answer.get_data(as_text=True)
    assert count(claims.session) == 0


def test_the_second_claim_of_an_order_is_refused_in_words(client, make, claims, today):
    sign_in(client, make, Role.CURATOR, claims.community.id)
    home = f"/portal/{claims.community.slug}/claims"
    assert client.post(home, data=form(claims, today)).status_code == 303
    again = client.post(home, data=form(claims, today, order_ref="#b-1"))
    assert again.status_code == 409
    assert "sudah pernah mengklaim" in again.get_data(as_text=True)
    assert count(claims.session) == 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"outcome": "declined"}, "Pilih salah satu alasan"),
        ({"outcome": "declined", "reason": "x"}, "Pilih salah satu alasan"),
        ({"outcome": "declined", "reason": "other"}, "Jelaskan singkat"),
        ({"outcome": "accepted", "order_ref": ""}, "Isi nomor pesanan"),
        ({"outcome": "accepted", "order_ref": "B-1", "amount": "-5"}, "Isi jumlahnya"),
        ({"outcome": "maybe"}, "Terima"),
        ({}, "Klaim"),
    ],
)
def test_an_answer_that_says_too_little_changes_nothing(client, make, claims, data, text):
    claim = claims.file("B-1")
    sign_in(client, make, Role.MERCHANT_STAFF, claims.merchant.id)
    answer = client.post(f"/claims/{claim.id}/answer", data=data)
    assert answer.status_code == 422
    assert text in answer.get_data(as_text=True)
    claims.session.refresh(claim)
    assert claim.status is ClaimStatus.OPEN


def test_a_declined_claim_is_appealed_and_the_admin_decides(client, make, claims):
    claim, now = claims.file("B-1", now=clock.now(), ordered_on=local_date(clock.now(), DEFAULT_ZONE)), clock.now()
    service.decline(claims.session, claim, reason=Decline.OTHER, answer="Bukan pesanan kami.", actor=claims.staff,
                    now=now)  # fmt: skip
    sign_in(client, make, Role.CURATOR, claims.community.id)
    here = f"/claims/{claim.id}"
    assert "Bukan pesanan kami." in page(client, here)
    assert client.post(f"{here}/appeal", data={"words": "pendek"}).status_code == 422
    assert client.post(f"{here}/appeal", data={"words": "Nomornya ada di email toko."}).status_code == 303
    assert client.post(f"{here}/appeal", data={"words": "Nomornya ada di email toko."}).status_code == 409
    client.post("/sign-out")
    sign_in(client, make, Role.ADMIN)
    assert here in page(client, "/admin/claims")
    assert "Nomornya ada di email toko." in page(client, here)
    assert client.post(f"{here}/answer", data={"outcome": "accepted", "order_ref": "B-1"}).status_code == 303
    assert "Tidak ada yang perlu diputuskan" in page(client, "/admin/claims")


def test_flags_are_the_stores_and_strangers_see_nothing(client, make, claims):
    picture = read_picture(photo("navy"))
    first = claims.file("B-1", picture=picture)
    claims.file("B-2", picture=picture)
    make.session.commit()
    for role, scope, sees in (
        (Role.MERCHANT_STAFF, claims.merchant.id, True),
        (Role.CURATOR, claims.community.id, False),
    ):
        sign_in(client, make, role, scope)
        assert ("persis sama" in page(client, f"/claims/{first.id}")) is sees
        client.post("/sign-out")
    sign_in(client, make, Role.CURATOR, make.community().id)
    assert client.get(f"/claims/{first.id}").status_code == 404
    assert client.get(f"/claims/{first.id}/picture").status_code == 404
    assert client.post(f"/claims/{first.id}/appeal", data={"words": "Ini punya kami semua."}).status_code == 404


def test_both_homes_say_what_waits_and_what_was_answered(client, make, claims):
    ours, store = f"/portal/{claims.community.slug}/", f"/merchant/{claims.merchant.slug}/"
    claim = claims.file("B-1", now=clock.now(), ordered_on=local_date(clock.now(), DEFAULT_ZONE))
    sign_in(client, make, Role.MERCHANT_STAFF, claims.merchant.id)
    assert "1 klaim pesanan yang hilang menunggu jawaban Anda." in page(client, store)
    service.decline(claims.session, claim, reason=Decline.NOT_FOUND, actor=claims.staff, now=clock.now())
    make.session.commit()
    assert "menunggu jawaban Anda" not in page(client, store)
    client.post("/sign-out")
    sign_in(client, make, Role.COMMUNITY_OWNER, claims.community.id)
    assert "1 klaim Anda dijawab dalam tujuh hari terakhir." in page(client, ours)
