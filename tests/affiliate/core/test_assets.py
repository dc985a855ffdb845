"""Browser files: addresses that change with the content, kept for ever; a font that is made once, or done without."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from fontTools.ttLib import TTFont

from affiliate.core import assets

STYLES = ("css/tokens.css", "css/base.css", "css/components.css", "css/shell.css", "css/fonts.css")


@pytest.fixture
def address(app: Flask):
    def find(name: str) -> str:
        with app.test_request_context("/"):
            return assets.asset(name)

    return find


@pytest.mark.parametrize("name", [*STYLES, "js/etalase.js", "js/htmx.js", "img/mark.svg"])
def test_a_file_is_kept_for_ever_under_its_mark(client, address, name):
    answer = client.get(address(name))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == assets.FOR_EVER
    assert "Set-Cookie" not in answer.headers
    assert len(answer.data) > 100


def test_a_mark_of_the_past_gives_the_present_file_which_nobody_keeps(client):
    answer = client.get("/assets/000000000000/css/base.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["css/none.css", "../app.py", "..%2fapp.py", "css/../../app.py", "%00", "js", "/etc/hosts"]
)
def test_nothing_outside_is_served(client, name):
    assert client.get(f"/assets/x/{name}").status_code in {404, 308}


def test_the_mark_changes_with_the_content(app: Flask, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "static_folder", str(tmp_path))
    page = tmp_path / "a.css"
    with app.test_request_context("/"):
        page.write_text("a{}")
        first = assets.asset("a.css")
        page.write_text("a{color:red}")
        second = assets.asset("a.css")
    assert first != second


def test_the_font_holds_our_letters_and_even_figures(app: Flask, client, tmp_path, monkeypatch, address):
    monkeypatch.setitem(app.config, "ETALASE", replace(app.config["ETALASE"], data_dir=tmp_path))
    answer = client.get(address(assets.FONT))
    assert answer.status_code == 200
    assert answer.mimetype == "font/woff2"
    assert len(answer.data) < 60_000
    font = TTFont(BytesIO(answer.data))
    letters = font.getBestCmap()
    assert all(ord(char) in letters for char in "AZazéñő0189−·…–—“”→Rp€")
    assert "tnum" in {record.FeatureTag for record in font["GSUB"].table.FeatureList.FeatureRecord}
    kept = list(Path(tmp_path, "assets").iterdir())
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    assert client.get(address(assets.FONT)).status_code == 200
    assert kept[0].stat().st_mtime_ns == before


def test_a_font_that_cannot_be_made_is_done_without(app: Flask, client, tmp_path, monkeypatch, address, caplog):
    monkeypatch.setitem(app.config, "ETALASE", replace(app.config["ETALASE"], data_dir=tmp_path))
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    monkeypatch.setattr(assets, "_in_package", lambda *_place: broken)
    assert client.get(address(assets.FONT)).status_code == 404
    assert "font_not_made" in caplog.text
    assert client.get("/sign-in").status_code == 200


def test_without_the_package_no_style_sheet_names_the_font(app: Flask, client, monkeypatch, address):
    monkeypatch.setattr(assets, "_in_package", lambda *_place: None)
    answer = client.get(address(assets.FONT_FACES))
    assert answer.status_code == 200
    assert answer.data == b""


def test_every_page_links_to_files_that_are_there(client):
    page = client.get("/").text
    found = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert len(found) >= 7
    assert [client.get(link).headers["Cache-Control"] for link in found] == [assets.FOR_EVER] * len(found)


def test_a_text_colour_is_readable_on_its_ground_light_and_dark():
    """WCAG AA: 4.5 to 1 for every pair of ink and ground that the style sheets put together."""
    text = Path(assets.__file__).parents[2].joinpath("static/css/tokens.css").read_text(encoding="utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    pairs = [
        *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent") for ground in ("paper", "surface", "sunken")),
        *((tone, f"{tone}-soft") for tone in ("good", "wait", "bad", "accent")),
        ("ink", "bad-soft"), ("ink", "good-soft"), ("ink", "wait-soft"), ("ink", "accent-soft"),
        ("on-accent", "accent"), ("on-accent", "accent-hover"), ("bad", "paper"), ("bad", "surface"),
    ]  # fmt: skip
    dim = []
    for name, scheme in (("light", light), ("dark", dark)):
        colours = dict(re.findall(r"--([a-z0-9-]+): #([0-9a-f]{6})", scheme))
        dim += [
            (name, ink, ground, round(contrast(colours[ink], colours[ground]), 2))
            for ink, ground in pairs
            if contrast(colours[ink], colours[ground]) < 4.5
        ]
    assert dim == []


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
