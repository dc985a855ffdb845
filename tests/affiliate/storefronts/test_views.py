"""The curator's pages: everything by plain forms, and strangers kept out."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from affiliate.communities.models import Curator
from affiliate.identity.models import Role
from affiliate.storefronts.models import Collection, CollectionStatus, Pick
from tests.factories import PASSWORD


@pytest.fixture
def community(make):
    return make.community(slug="kirana")


@pytest.fixture
def curator(make, community, client):
    """A signed-in curator of the community."""
    user = make.user(Role.CURATOR, community.id, name="Rina Maheswari")
    make.session.commit()
    sign_in(client, user)
    return user


@pytest.fixture
def shelf(make, community):
    return make.collection(community, slug="rak", title="Rak", status=CollectionStatus.DRAFT)


@pytest.fixture
def picks(make, community, shelf):
    store = make.merchant()
    made = [make.pick(community, make.product(store, title=f"Barang {name}"), collection=shelf) for name in "ABC"]
    make.session.commit()
    return made


def sign_in(client, user):
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


def shown(client, shelf):
    """Ids of the picks in the order of the page."""
    page = client.get(f"/portal/kirana/collections/{shelf.id}").text
    return [int(found) for found in re.findall(r'data-pick="(\d+)"', page)]


def test_three_titles_are_proposed_and_one_click_opens_a_shelf(client, curator, session):
    page = client.get("/portal/kirana/collections").text
    assert "Etalase Anda masih kosong" in page
    assert page.count('<input type="hidden" name="title"') == 3
    answer = client.post("/portal/kirana/collections", data={"title": "Pilihan minggu ini"})
    made = session.execute(sa.select(Collection)).scalar_one()
    assert (made.slug, made.status) == ("pilihan-minggu-ini", CollectionStatus.DRAFT)
    assert answer.headers["Location"] == f"/portal/kirana/collections/{made.id}"
    assert "Belum ada yang dipilih" in client.get(answer.headers["Location"]).text


def test_a_title_that_cannot_be_used_comes_back(client, curator, session):
    for title in ("", "x" * 121):
        answer = client.post("/portal/kirana/collections", data={"title": title})
        assert answer.status_code == 422
        assert "Isi 1 sampai 120 karakter." in answer.text
        assert title in answer.text
    assert session.execute(sa.select(sa.func.count(Collection.id))).scalar() == 0


def test_search_says_store_price_and_what_a_sale_brings(client, curator, make, community, shelf):
    joined, other = make.merchant(name="Lemari Senja"), make.merchant(name="Rumah Tenun")
    make.enrollment(make.programme(joined, bps=1000), community)
    make.product(joined, title="Kain batik", search_text="kain batik", price_minor=10_000_000)
    make.product(other, title="Tas batik", search_text="tas batik")
    make.product(other, title="Vas", search_text="vas")
    make.session.commit()
    page = client.get(f"/portal/kirana/collections/{shelf.id}?q=batik").text
    for words in ("Kain batik", "Lemari Senja", "Rp100.000", "Satu penjualan memberi sekitar Rp9.000", "Tas batik"):
        assert words in page
    assert page.count("Belum bergabung") == 1
    assert "Vas" not in page
    one_store = client.get(f"/portal/kirana/collections/{shelf.id}?q=batik&store={other.slug}").text
    assert "Kain batik" not in one_store
    assert "Tas batik" in one_store
    assert "Tidak ada yang cocok" in client.get(f"/portal/kirana/collections/{shelf.id}?q=zzz").text


def test_a_pick_keeps_the_search_and_makes_the_curator(client, curator, make, shelf, session):
    product = make.product(make.merchant(), title="Kebaya")
    session.commit()
    answer = client.post(
        f"/portal/kirana/collections/{shelf.id}/picks?q=keb&store=x", data={"product": product.id, "note": "Bagus."}
    )
    assert answer.headers["Location"] == f"/portal/kirana/collections/{shelf.id}?q=keb&store=x"
    pick = session.execute(sa.select(Pick)).scalar_one()
    person = session.execute(sa.select(Curator)).scalar_one()
    assert (pick.note, pick.curator_id, pick.created_by) == ("Bagus.", person.id, f"user:{curator.id}")
    assert (person.handle, person.name, person.user_id) == ("rina-maheswari", "Rina Maheswari", curator.id)
    page = client.get(answer.headers["Location"]).text
    assert "Kebaya sudah ada di rak." in page


def test_order_by_buttons_without_a_script(client, curator, shelf, picks):
    first, second, third = [pick.id for pick in picks]
    answer = client.post(f"/portal/kirana/picks/{first}/place", data={"direction": "down"})
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert re.search(rf'id="down-{first}"[^>]* autofocus', page)
    assert "Barang A sekarang di urutan 2." in page
    assert 'aria-live="polite"' in page
    assert shown(client, shelf) == [second, first, third]
    client.post(f"/portal/kirana/picks/{third}/place", data={"after": "0"})
    assert shown(client, shelf) == [third, second, first]


@pytest.mark.parametrize("data", [{"direction": "left"}, {"after": "-1"}, {"after": "x"}, {"after": str(2**64)}])
def test_moves_that_are_none_change_nothing(client, curator, shelf, picks, data):
    before = shown(client, shelf)
    assert client.post(f"/portal/kirana/picks/{picks[0].id}/place", data=data).status_code == 422
    assert shown(client, shelf) == before


def test_a_move_behind_what_is_gone_is_a_conflict(client, curator, shelf, picks):
    client.post(f"/portal/kirana/picks/{picks[2].id}/withdrawal")
    answer = client.post(f"/portal/kirana/picks/{picks[0].id}/place", data={"after": picks[2].id})
    assert answer.status_code == 409
    assert "Orang lain baru saja mengubah rak ini" in answer.text


def test_withdrawn_with_an_offer_to_undo(client, curator, shelf, picks):
    answer = client.post(f"/portal/kirana/picks/{picks[1].id}/withdrawal")
    page = client.get(answer.headers["Location"]).text
    assert "Barang B diturunkan dari rak." in page
    assert f'action="/portal/kirana/picks/{picks[1].id}/restoration"' in page
    assert shown(client, shelf) == [picks[0].id, picks[2].id]
    client.post(f"/portal/kirana/picks/{picks[1].id}/restoration")
    assert shown(client, shelf) == [pick.id for pick in picks]


def test_a_sentence_is_kept_on_one_line(client, curator, shelf, picks, session):
    client.post(f"/portal/kirana/picks/{picks[0].id}/note", data={"note": "  Satu\nkalimat\u202e saja\0. "})
    assert session.execute(sa.select(Pick.note).where(Pick.id == picks[0].id)).scalar() == "Satu kalimat saja."


def test_a_sentence_that_is_too_long_comes_back_whole(client, curator, shelf, picks, session):
    long = "panjang " * 80
    answer = client.post(f"/portal/kirana/picks/{picks[0].id}/note", data={"note": long})
    assert answer.status_code == 422
    assert "Paling banyak 500 karakter." in answer.text
    assert long in answer.text
    assert session.execute(sa.select(Pick.note).where(Pick.id == picks[0].id)).scalar() == "Kami suka."


def test_publish_and_take_back(client, curator, shelf, picks):
    assert client.get("/c/kirana/rak").status_code == 404
    page = client.get(f"/portal/kirana/collections/{shelf.id}").text
    assert f"/portal/kirana/collections/{shelf.id}/qr.svg" not in page
    client.post(f"/portal/kirana/collections/{shelf.id}/publication")
    assert client.get("/c/kirana/rak").status_code == 200
    page = client.get(f"/portal/kirana/collections/{shelf.id}").text
    assert 'data-copy="http://127.0.0.1:8000/c/kirana/rak"' in page
    client.post(f"/portal/kirana/collections/{shelf.id}/unpublication")
    assert client.get("/c/kirana/rak").status_code == 404


def test_name_and_introduction_but_never_the_address(client, curator, shelf, session):
    client.post(f"/portal/kirana/collections/{shelf.id}", data={"title": "Nama baru", "intro": "Pengantar."})
    session.refresh(shelf)
    assert (shelf.title, shelf.intro, shelf.slug) == ("Nama baru", "Pengantar.", "rak")
    answer = client.post(f"/portal/kirana/collections/{shelf.id}", data={"title": "", "intro": "Tetap ada."})
    assert answer.status_code == 422
    assert "Tetap ada." in answer.text


def test_the_qr_code_is_a_drawing_of_its_own(client, curator, shelf):
    answer = client.get(f"/portal/kirana/collections/{shelf.id}/qr.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.data.startswith(b"<?xml")
    assert b"<svg" in answer.data
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_strangers_find_nothing(client, make, community, shelf, picks, session):
    """Another community's curator, and one who also is finance, change nothing here."""
    strangers = [make.user(Role.COMMUNITY_OWNER, make.community().id), make.user(Role.CURATOR, make.community().id)]
    session.commit()
    product = picks[0].product_id
    for stranger in strangers:
        sign_in(client, stranger)
        for path in ("collections", f"collections/{shelf.id}", f"collections/{shelf.id}/qr.svg"):
            assert client.get(f"/portal/kirana/{path}").status_code == 404
        writes = {
            "collections": {"title": "X"},
            f"collections/{shelf.id}": {"title": "X"},
            f"collections/{shelf.id}/picks": {"product": product},
            f"collections/{shelf.id}/publication": {},
            f"collections/{shelf.id}/unpublication": {},
            f"picks/{picks[0].id}/note": {"note": "X"},
            f"picks/{picks[0].id}/place": {"direction": "down"},
            f"picks/{picks[0].id}/withdrawal": {},
            f"picks/{picks[0].id}/restoration": {},
        }
        for path, data in writes.items():
            assert client.post(f"/portal/kirana/{path}", data=data).status_code == 404, path
        client.post("/sign-out")
    session.refresh(shelf)
    assert (shelf.title, shelf.status) == ("Rak", CollectionStatus.DRAFT)
    assert session.execute(sa.select(sa.func.count(Pick.id)).where(Pick.withdrawn_at.is_(None))).scalar() == 3


def test_a_shelf_of_one_community_is_not_in_another(client, curator, make, shelf, picks):
    """The slug of one's own community does not open foreign shelves and picks."""
    foreign = make.pick(make.community(), make.product(make.merchant()))
    make.session.commit()
    assert client.get(f"/portal/kirana/collections/{foreign.collection_id}").status_code == 404
    assert client.post(f"/portal/kirana/picks/{foreign.id}/withdrawal").status_code == 404


def test_hostile_titles_and_sentences(client, curator, make, shelf, session, shared_data):
    words = json.loads((shared_data / "hostile" / "blns.json").read_text(encoding="utf-8"))
    pick = make.pick(
        session.get_one(type(make.community()), shelf.community_id), make.product(make.merchant()), collection=shelf
    )
    session.commit()
    for word in words[::5]:
        assert client.post("/portal/kirana/collections", data={"title": word}).status_code in {303, 422}
        assert client.post(f"/portal/kirana/picks/{pick.id}/note", data={"note": word}).status_code in {303, 422}
        assert client.get(f"/portal/kirana/collections/{shelf.id}", query_string={"q": word}).status_code == 200
    page = client.get("/portal/kirana/collections")
    assert page.status_code == 200
    assert "<script>" not in page.text
