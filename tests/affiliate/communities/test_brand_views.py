"""The brand page, for owners only."""

from __future__ import annotations

from io import BytesIO

import pytest
import sqlalchemy as sa
from PIL import Image

from affiliate.communities.models import Brand, BrandImage, Community, Curator
from affiliate.identity.models import Role
from tests.factories import PASSWORD

FACE = {
    "name": "Kirana Harian",
    "tagline": "Kerja pagi, kondangan malam.",
    "accent": "#244A4A",
    "corners": "round",
    "symbol": "🌙",
    "picks": "Pilihan malam ini",
    "members": "Wota",
    "curator": "",
}


def sign_in(client, user):
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303


@pytest.fixture
def community(make):
    return make.community(slug="kirana", name="Kirana")


@pytest.fixture
def owner(make, community, client):
    user = make.user(Role.COMMUNITY_OWNER, community.id)
    make.session.commit()
    sign_in(client, user)
    return user


def brand_of(session, community):
    session.expire_all()
    return session.get_one(Brand, community.id)


def picture(size=(300, 200)):
    out = BytesIO()
    Image.new("RGB", size, "#244a4a").save(out, "PNG")
    return BytesIO(out.getvalue())


def test_the_face_is_kept_and_shown(client, owner, community, session):
    assert client.post("/portal/kirana/brand", data=FACE).status_code == 303
    brand = brand_of(session, community)
    assert (brand.accent, brand.corners, brand.symbol) == ("#244a4a", "round", "🌙")
    assert brand.words == {"picks": "Pilihan malam ini", "members": "Wota"}
    assert session.get_one(Community, community.id).name == "Kirana Harian"
    page = client.get("/c/kirana").text
    for words in ("Kirana Harian", "Kerja pagi, kondangan malam.", "Dipilih untuk Wota"):
        assert words in page
    assert 'value="#244a4a"' in client.get("/portal/kirana/brand").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("tagline", "x" * 201),
        ("accent", "red"),
        ("accent", "#12345;"),
        ("corners", "wavy"),
        ("symbol", "terlalu panjang"),
        ("picks", "x" * 61),
        ("colour", "x"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_lost(client, owner, community, session, field, value):
    answer = client.post("/portal/kirana/brand", data=FACE | {field: value})
    assert answer.status_code == 422
    assert "Kerja pagi, kondangan malam." in answer.text or field == "tagline"
    assert brand_of(session, community).tagline == ""


def test_the_verdict_on_a_colour(client, owner):
    good = client.get("/portal/kirana/brand/verdict?accent=%23244a4a")
    pale = client.get("/portal/kirana/brand/verdict?accent=%23ffd23f")
    assert "Mudah dibaca di mana saja" in good.text
    assert "Disesuaikan agar terbaca" in pale.text
    assert client.get("/portal/kirana/brand/verdict?accent=red").status_code == 404


def test_a_logo_comes_in_and_goes(client, owner, community, session):
    assert client.post("/portal/kirana/brand/logo", data={"logo": (picture(), "x.png")}).status_code == 303
    name = brand_of(session, community).logo_sha256
    image = client.get(f"/media/brand/{name}")
    assert (image.mimetype, image.headers["Cache-Control"]) == ("image/webp", "public, max-age=31536000, immutable")
    assert image.data.startswith(b"RIFF")
    assert image.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in image.headers
    assert f"/media/brand/{name}" in client.get("/c/kirana").text
    client.post("/portal/kirana/brand/logo", data={"logo": (picture(), "again.png")})
    assert session.execute(sa.select(sa.func.count(BrandImage.sha256))).scalar() == 1
    client.post("/portal/kirana/brand/logo/removal")
    assert brand_of(session, community).logo_sha256 is None
    assert client.get(f"/media/brand/{name}").status_code == 200
    assert client.get(f"/media/brand/{'0' * 64}").status_code == 404


def multipart(content: bytes, filename: str) -> dict[str, object]:
    """A request with one file, built by hand: the client's own builder leaves large files open."""
    head = f'--grenze\r\nContent-Disposition: form-data; name="logo"; filename="{filename}"\r\n\r\n'
    return {
        "data": head.encode() + content + b"\r\n--grenze--\r\n",
        "content_type": "multipart/form-data; boundary=grenze",
    }


@pytest.mark.parametrize(
    ("content", "filename"), [(b"", ""), (b"", "a.png"), (b"<svg/>", "a.svg"), (b"\0" * (2 * 1024 * 1024 + 9), "a.png")]
)
def test_logos_that_are_none(client, owner, community, session, content, filename):
    answer = client.post("/portal/kirana/brand/logo", **multipart(content, filename))
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert brand_of(session, community).logo_sha256 is None


def test_a_form_without_a_file_is_told_to_choose_one(client, owner):
    answer = client.post("/portal/kirana/brand/logo", data={})
    assert answer.status_code == 422
    assert "Pilih berkasnya dulu." in answer.text


def test_curators_by_handle(client, owner, community, session):
    assert client.post("/portal/kirana/curators", data={"full_name": "Tia", "handle": "tia"}).status_code == 303
    again = client.post("/portal/kirana/curators", data={"full_name": "Tia Lain", "handle": "tia"})
    assert again.status_code == 422
    assert "sudah dipakai kurator lain" in again.text
    assert "Tia Lain" in again.text
    assert client.post("/portal/kirana/curators", data={"full_name": "X", "handle": "Bukan Ini"}).status_code == 422
    assert session.execute(sa.select(Curator.handle, Curator.name)).all() == [("tia", "Tia")]
    assert "@tia" in client.get("/portal/kirana/brand").text


def test_neither_curators_nor_strangers(client, make, community, session):
    people = [make.user(Role.CURATOR, community.id), make.user(Role.COMMUNITY_OWNER, make.community().id)]
    session.commit()
    for person in people:
        sign_in(client, person)
        for path in ("brand", "brand/verdict?accent=%23000000"):
            assert client.get(f"/portal/kirana/{path}").status_code == 404
        for path, data in {
            "brand": FACE,
            "brand/logo": {"logo": (picture(), "x.png")},
            "brand/logo/removal": {},
            "curators": {"full_name": "Tia", "handle": "tia"},
        }.items():
            assert client.post(f"/portal/kirana/{path}", data=data).status_code == 404, path
        client.post("/sign-out")
    assert brand_of(session, community).accent == "#9a3b26"
    assert session.execute(sa.select(sa.func.count(Curator.id))).scalar() == 0
