"""A mistyped code: onward where it is plain, asked where it is likely, a friendly page else; nothing private shown."""

from __future__ import annotations

import pytest

from affiliate.links import service
from tests.affiliate.conversions.sold import statements
from tests.affiliate.tracking.test_rules import CHROME
from tests.conftest import NOW


@pytest.fixture
def link(make, session):
    community = make.community(slug="kirana", name="Kirana")
    made = service.create_to(
        session, community, make.merchant(slug="toko"), "https://toko.test/x", now=NOW, own_code="kebaya10",
        label="rahasia kami", sub_ids={"sub1": "mark-rahasia"},
    )  # fmt: skip
    session.commit()
    return made


@pytest.mark.parametrize("typed", ["KEBAYA10", "Kebaya10", "kebayaIO", "kebayalo", "kebaya10).", "kebaya10,"])
def test_capitals_and_look_alikes_go_on_at_once(client, link, typed):
    answer = client.get(f"/go/{typed}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/go/kebaya10")
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get(answer.headers["Location"]).headers["Location"].startswith("https://toko.test/x?etl=")


@pytest.mark.parametrize("typed", ["kebaya1o0", "kebay10", "kebyaa10", "kebaja10", "KEBAJA10", "ebaya10", "kebaya109"])
def test_one_slip_is_asked_about_with_the_communitys_window_beside(client, link, typed):
    answer = client.get(f"/go/{typed}")
    assert answer.status_code == 404
    assert 'href="/go/kebaya10"' in answer.text
    assert 'href="/c/kirana"' in answer.text
    assert "rahasia" not in answer.text


@pytest.mark.parametrize("typed", ["kabaja10", "kirana", "zzzz", "kebaya"])
def test_what_is_further_away_is_not_guessed(client, link, typed):
    answer = client.get(f"/go/{typed}")
    assert answer.status_code == 404
    assert "kebaya10" not in answer.text


def test_a_withdrawn_link_is_not_suggested(client, link, session):
    service.withdraw(session, link.id, now=NOW)
    session.commit()
    assert "kebaya10" not in client.get("/go/kebaja10").text.replace("/go/kebaja10", "")
    assert client.get("/go/KEBAYA10").status_code == 404


def test_a_guess_is_one_look_up_by_index(client, link, session, engine_name):
    with statements(session) as seen:
        client.get("/go/kebaja10")
    selects = [one for one in seen if one.startswith("SELECT") and "tracking_links" in one]
    assert len(selects) <= 4  # the redirect's own, closed, chosen, suggestions
    plan = "EXPLAIN QUERY PLAN " if engine_name == "sqlite" else "EXPLAIN "
    if engine_name == "sqlite":
        import sqlalchemy as sa

        steps = session.execute(
            sa.text(plan + "SELECT code FROM tracking_links WHERE look IN ('a','b') OR code IN ('c','d')")
        ).all()
        assert not any("SCAN" in str(step) for step in steps)


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_page_speaks_both_languages(client, link, language):
    text = client.get("/go/zzzzzzzz", headers={"Accept-Language": language}).text
    assert ("Tautan ini tidak kami kenali" if language == "id" else "We do not know this link") in text


def test_a_click_survives_without_cookies_and_scripts(app, link):
    """A bare program that keeps nothing: one GET, and the token is in the address, the visit on the spool."""
    answer = app.test_client(use_cookies=False).get("/go/kebaya10", headers={"User-Agent": CHROME})
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    assert answer.data == b""
    assert "etl=" in answer.headers["Location"]
    files = list(app.config["ETALASE"].spool_dir.glob("*.log"))
    assert sum(path.read_bytes().count(b"\n") for path in files) == 1


def test_a_code_that_nobody_gave_out_is_answered_with_shop_windows_to_look_into(client, make, session):
    make.collection(make.community(slug="kirana", name="Kirana"))
    session.commit()
    answer = client.get("/go/zzzzzzzz")
    assert answer.status_code == 404
    assert 'href="/c/kirana"' in answer.text
    assert "Set-Cookie" not in answer.headers
