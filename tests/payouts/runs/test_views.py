"""Finance's pages, without a script: plan, read back, send, mark as paid, prove."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import g
from flask.testing import FlaskClient

from affiliate.identity.models import Role
from payouts.payees.models import PayoutAccount
from payouts.runs.models import Payout, PayoutRun
from tests.conftest import NOW
from tests.factories import EARLY, PASSWORD
from tests.payouts.runs.paying import CUTOFF, DAY, assert_in_order, earned


class Browser(FlaskClient):
    """One of several browsers in a test: the shared application context must not remember who asked last."""

    def open(self, *args, **kwargs):
        g.pop("_login_user", None)
        return super().open(*args, **kwargs)


def sign_in(app, make, role, **over):
    """A browser in which somebody with this role is signed in."""
    user = make.user(role, over.pop("scope_id", None), **over)
    make.session.commit()
    browser = Browser(app, app.response_class)
    assert browser.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
    return browser


@pytest.fixture
def maker(app, make):
    return sign_in(app, make, Role.FINANCE_MAKER, name="Maya Pembuat")


@pytest.fixture
def approver(app, make):
    return sign_in(app, make, Role.FINANCE_APPROVER, name="Seto Penyetuju")


def planned(client, session, **over):
    """The id of a run that was planned with the form."""
    answer = client.post("/finance/runs", data={"cutoff": CUTOFF, "currency": "IDR", "minimum": ""} | over)
    assert answer.status_code == 303, answer.text
    return int(answer.location.rsplit("/", 1)[1])


def digest(session, run_id):
    return session.execute(sa.select(PayoutRun.digest).where(PayoutRun.id == run_id)).scalar_one()


def approve(client, session, run_id, total="Rp900", **over):
    data = {"digest": digest(session, run_id), "total": total} | over
    return client.post(f"/finance/runs/{run_id}/approval", data=data)


def test_from_an_empty_desk_to_a_proved_run(maker, approver, session, make):
    assert "Belum ada pencairan" in maker.get("/finance/").text
    earnings = earned(make, 100_000)
    run_id = planned(maker, session)
    page = maker.get(f"/finance/runs/{run_id}").text
    assert "Rp900" in page
    assert earnings.community.name in page
    assert "menunggu persetujuan orang lain" in page
    assert f'action="/finance/runs/{run_id}/approval"' not in page
    assert "Maya Pembuat" in approver.get(f"/finance/runs/{run_id}").text
    assert approve(approver, session, run_id).status_code == 303
    assert maker.post(f"/finance/runs/{run_id}/submission").status_code == 303
    assert "0 dari 2 selesai" in maker.get(f"/finance/runs/{run_id}").text
    done = maker.post(f"/finance/runs/{run_id}/settlement", data={"reference": "BCA 0091"})
    assert done.status_code == 303
    closed = maker.get(f"/finance/runs/{run_id}").text
    assert "2 pembayaran ditandai sudah dibayar" in closed
    assert "Seto Penyetuju" in closed
    assert "badge-bad" not in closed.split('id="proof"')[1]
    assert_in_order(session)


def test_the_sum_must_be_read_back(maker, approver, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session)
    for wrong in ("Rp90", "900.00.0", "", "Rp901"):
        answer = approve(approver, session, run_id, total=wrong)
        assert answer.status_code == 422
        assert "Itu bukan jumlah pencairan ini" in answer.text
    for right in ("Rp900", "900", "900,00"):
        assert approve(approver, session, run_id, total=right, digest="0" * 64).status_code == 409
    assert approve(approver, session, run_id, total="900,00").status_code == 303


def test_the_maker_cannot_approve_by_hand_either(maker, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session)
    assert approve(maker, session, run_id).status_code == 403


def test_the_minimum_is_read_as_people_write_it(maker, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session, minimum="Rp301")
    assert session.execute(sa.select(PayoutRun.minimum_minor).where(PayoutRun.id == run_id)).scalar_one() == 30_100
    assert "Di bawah minimum" in maker.get(f"/finance/runs/{run_id}").text


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"cutoff": "besok"}, "cutoff"),
        ({"currency": "XXX"}, "currency"),
        ({"minimum": "banyak"}, "minimum"),
        ({"minimum": "-5"}, "minimum"),
        ({"minimum": "1.5.0"}, "minimum"),
    ],
)
def test_a_wrong_plan_shows_the_form_again(maker, session, over, field):
    answer = maker.post("/finance/runs", data={"cutoff": CUTOFF, "currency": "IDR"} | over)
    assert answer.status_code == 422
    assert f'id="f-{field}"' in answer.text
    assert 'class="wrong"' in answer.text
    assert session.execute(sa.select(sa.func.count(PayoutRun.id))).scalar_one() == 0


def test_what_is_due_and_what_waits_stands_on_the_desk(maker, session, make):
    earnings = earned(make)
    earnings.earn(100_000, available_on=EARLY)
    earnings.book()
    waiting = earned(make)
    waiting.earn(50_000, available_on=NOW + 3650 * DAY)
    waiting.book()
    session.commit()
    page = maker.get("/finance/").text
    assert "Rp900" in page
    assert waiting.community.name in page
    assert "Masih ditahan" in page


def test_changes_since_the_last_run_stand_beside_the_payout(maker, approver, session, make):
    earnings = earned(make, 100_000)
    run_id = planned(maker, session)
    assert "Pencairan pertama" in maker.get(f"/finance/runs/{run_id}").text
    approve(approver, session, run_id)
    maker.post(f"/finance/runs/{run_id}/submission")
    account = {"holder_name": "SITI RAHMA", "bank_code": "014", "account_number": "0012345678"}
    session.add(
        PayoutAccount(
            owner=earnings.owner, currency="IDR", created_at=NOW, created_by="user:1", rail="manual", **account
        )
    )
    earnings.earn(400_000, available_on=NOW + DAY)
    session.commit()
    page = maker.get(f"/finance/runs/{planned(maker, session)}").text
    assert "SITI RAHMA · BCA (014) · 0012345678" in page
    assert "Rekening baru" in page
    assert "tiga kali" in page
    assert "Pencairan pertama" not in page


def test_one_payout_comes_back(maker, approver, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session)
    approve(approver, session, run_id)
    maker.post(f"/finance/runs/{run_id}/submission")
    first = session.execute(sa.select(Payout).order_by(Payout.id)).scalars().first()
    path = f"/finance/runs/{run_id}/payouts/{first.id}/settlement"
    wrong = maker.post(path, data={"status": "paid", "reference": ""})
    assert wrong.status_code == 422
    assert "Tulis nomor referensi bank" in wrong.text
    assert maker.post(path, data={"status": "returned", "reference": "BCA R1"}).status_code == 303
    assert "Kembali" in maker.get(f"/finance/runs/{run_id}").text
    elsewhere = f"/finance/runs/{run_id + 1}/payouts/{first.id}/settlement"
    assert maker.post(elsewhere, data={"status": "failed"}).status_code == 404
    assert_in_order(session)


def test_a_run_is_cancelled(maker, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session)
    assert maker.post(f"/finance/runs/{run_id}/cancellation").status_code == 303
    page = maker.get(f"/finance/runs/{run_id}").text
    assert "Tidak ada yang dikirim" in page
    assert_in_order(session)


def test_a_run_that_pays_nobody_says_what_to_do(maker, session):
    page = maker.get(f"/finance/runs/{planned(maker, session)}").text
    assert "tidak membayar siapa pun" in page


def test_a_future_cutoff_is_noted(maker, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session, cutoff="2099-01-31")
    assert "Batas waktunya masih di depan" in maker.get(f"/finance/runs/{run_id}").text


def test_the_report_is_downloaded_from_the_page(maker, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session)
    answer = maker.get(f"/finance/runs/{run_id}/report.csv")
    assert answer.text.startswith("payout,run,owner,role,currency,amount,status,rail,reference,")
    assert maker.get(f"/finance/runs/{run_id}/report.xlsx").data[:2] == b"PK"


def test_an_admin_sees_and_a_stranger_does_not(app, maker, session, make):
    earnings = earned(make, 100_000)
    run_id = planned(maker, session)
    admin = sign_in(app, make, Role.ADMIN)
    assert admin.get(f"/finance/runs/{run_id}").status_code == 200
    owner = sign_in(app, make, Role.COMMUNITY_OWNER, scope_id=earnings.community.id)
    pages = ["/finance/", *(f"/finance/runs/{run_id}{end}" for end in ("", "/report.csv", "/report.xlsx"))]
    for page in pages:
        assert owner.get(page).status_code == 404
        assert Browser(app, app.response_class).get(page).status_code == 302
    for step in ("approval", "submission", "cancellation", "settlement"):
        assert owner.post(f"/finance/runs/{run_id}/{step}").status_code == 404
    assert owner.post("/finance/runs").status_code == 404


def test_pages_speak_english_too(maker, session, make):
    earned(make, 100_000)
    run_id = planned(maker, session)
    maker.post("/language", data={"language": "en"})
    page = maker.get(f"/finance/runs/{run_id}").text
    assert "Waiting for approval" in page
    assert "Proved by the books" in page
