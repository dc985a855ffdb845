"""The demo's product pictures, drawn: flat shapes in a palette on a quiet ground, 800 × 1000.

Nothing is photographed or borrowed. A picture is named "<shape>-<palette>", for example "kebaya-sage".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one picture: ground, the thing, its shade, an accent."""

    ground: str
    main: str
    shade: str
    accent: str


PALETTES = {
    "sage": Palette("#eef0e6", "#8aa17f", "#6b8262", "#e9dfc7"),
    "clay": Palette("#f6ebe4", "#c2714f", "#9d5638", "#f2d2bd"),
    "indigo": Palette("#e8ebf3", "#3d4f85", "#2b3a66", "#d9c48f"),
    "plum": Palette("#f3e9ef", "#86466f", "#663254", "#eac5d8"),
    "sand": Palette("#f4f0e8", "#cdb591", "#a98f68", "#6d5a3e"),
    "ink": Palette("#ececec", "#34343a", "#1f1f24", "#c9a24b"),
    "rose": Palette("#fbeaec", "#d9808f", "#b75f70", "#fff3e4"),
    "sky": Palette("#e6f1f5", "#5d9bb5", "#3f7a94", "#fdf6e0"),
    "sun": Palette("#fdf3dc", "#e3a72f", "#b98217", "#7b3f2b"),
    "cherry": Palette("#fdecec", "#c7323e", "#96202b", "#ffffff"),
}


def _dots(colour: str) -> str:
    return (
        '<pattern id="p" width="56" height="56" patternUnits="userSpaceOnUse">'
        f'<g fill="none" stroke="{colour}" stroke-width="4"><ellipse cx="14" cy="28" rx="10" ry="5"/>'
        '<ellipse cx="42" cy="28" rx="10" ry="5"/><ellipse cx="28" cy="14" rx="5" ry="10"/>'
        '<ellipse cx="28" cy="42" rx="5" ry="10"/></g></pattern>'
    )


def _kebaya(c: Palette) -> str:
    return f"""
<path d="M290 220 L400 300 L510 220 L600 270 L660 560 L585 580 L555 430 L570 720 L230 720 L245 430 L215 580 L140 560 L200 270Z"
 fill="{c.main}"/>
<path d="M400 300 L372 720 L428 720Z" fill="{c.shade}"/><path d="M290 220 L400 300 L372 720 L345 720 L350 330Z" fill="{c.shade}"/>
<path d="M510 220 L400 300 L428 720 L455 720 L450 330Z" fill="{c.shade}"/>
<path d="M230 720 L570 720 L600 880 L200 880Z" fill="url(#p)"/><path d="M230 720 L570 720 L600 880 L200 880Z" fill="{c.accent}"
 fill-opacity=".55"/><g fill="{c.accent}"><circle cx="400" cy="400" r="8"/><circle cx="400" cy="480" r="8"/>
<circle cx="400" cy="560" r="8"/></g>"""


def _dress(c: Palette) -> str:
    return f"""
<path d="M320 180 Q400 250 480 180 L540 230 L500 420 Q520 470 640 850 Q400 920 160 850 Q280 470 300 420 L260 230Z" fill="{c.main}"/>
<path d="M300 420 Q400 450 500 420 L506 455 Q400 485 294 455Z" fill="{c.accent}"/>
<path d="M400 470 L360 880 Q400 885 440 880Z" fill="{c.shade}" fill-opacity=".6"/>
<path d="M330 480 Q280 660 235 862 M470 480 Q520 660 565 862" stroke="{c.shade}" stroke-width="6" fill="none"/>"""


def _shirt(c: Palette) -> str:
    return f"""
<path d="M300 210 L400 250 L500 210 L640 290 L690 520 L590 550 L560 440 L560 830 L240 830 L240 440 L210 550 L110 520 L160 290Z"
 fill="{c.main}"/>
<path d="M300 210 L400 250 L500 210 L640 290 L690 520 L590 550 L560 440 L560 830 L240 830 L240 440 L210 550 L110 520 L160 290Z"
 fill="url(#p)"/>
<path d="M300 210 L400 330 L500 210 L450 190 L400 240 L350 190Z" fill="{c.shade}"/>
<path d="M400 330 V830" stroke="{c.shade}" stroke-width="8"/>
<g fill="{c.accent}"><circle cx="420" cy="430" r="9"/><circle cx="420" cy="530" r="9"/><circle cx="420" cy="630" r="9"/></g>"""


def _tee(c: Palette) -> str:
    return f"""
<path d="M290 200 Q400 270 510 200 L660 280 L700 470 L580 500 L570 440 L570 840 L230 840 L230 440 L220 500 L100 470 L140 280Z"
 fill="{c.main}"/>
<path d="M290 200 Q400 270 510 200 L495 192 Q400 245 305 192Z" fill="{c.shade}"/>
<path d="M400 420 l28 62 68 6 -52 45 16 66 -60 -36 -60 36 16 -66 -52 -45 68 -6Z" fill="{c.accent}"/>
<rect x="300" y="640" width="200" height="14" rx="7" fill="{c.accent}"/>
<rect x="335" y="672" width="130" height="14" rx="7" fill="{c.accent}"/>"""


def _hoodie(c: Palette) -> str:
    return f"""
<path d="M270 260 L400 300 L530 260 L650 340 L710 740 L610 760 L575 520 L575 860 L225 860 L225 520 L190 760 L90 740 L150 340Z"
 fill="{c.main}"/>
<path d="M270 260 Q280 130 400 130 Q520 130 530 260 Q470 330 400 330 Q330 330 270 260Z" fill="{c.shade}"/>
<path d="M320 260 Q325 180 400 180 Q475 180 480 260 Q440 300 400 300 Q360 300 320 260Z" fill="{c.ground}"/>
<path d="M290 620 H510 L550 780 H250Z" fill="{c.shade}"/>
<path d="M365 320 V440 M435 320 V440" stroke="{c.accent}" stroke-width="10" stroke-linecap="round"/>"""


def _bag(c: Palette) -> str:
    return f"""
<path d="M290 420 Q290 190 400 190 Q510 190 510 420" fill="none" stroke="{c.shade}" stroke-width="30"/>
<path d="M200 400 H600 L640 830 Q400 870 160 830Z" fill="{c.main}"/>
<path d="M200 400 H600 L612 520 Q400 570 188 520Z" fill="{c.shade}"/>
<rect x="362" y="500" width="76" height="70" rx="14" fill="{c.accent}"/>"""


def _tote(c: Palette) -> str:
    return f"""
<path d="M270 400 V250 Q270 170 350 170 H450 Q530 170 530 250 V400" fill="none" stroke="{c.shade}" stroke-width="24"/>
<path d="M180 380 H620 V840 H180Z" fill="{c.main}"/><path d="M180 380 H620 V840 H180Z" fill="url(#p)"/>
<rect x="290" y="520" width="220" height="150" fill="{c.ground}"/>
<path d="M320 560 H480 M320 595 H480 M320 630 H430" stroke="{c.shade}" stroke-width="12"/>"""


def _sneaker(c: Palette) -> str:
    return f"""
<path d="M130 560 Q190 580 250 480 Q300 420 350 470 Q430 590 600 610 Q690 625 690 700 H130Z" fill="{c.main}"/>
<path d="M130 690 H700 Q705 760 650 760 H170 Q125 760 130 690Z" fill="{c.accent}"/>
<path d="M130 700 H695" stroke="{c.shade}" stroke-width="10"/>
<path d="M300 480 L360 540 M335 465 L400 560 M270 520 L330 590" stroke="{c.ground}" stroke-width="14" stroke-linecap="round"/>
<path d="M180 640 Q320 600 420 690" stroke="{c.shade}" stroke-width="14" fill="none"/>"""


def _heels(c: Palette) -> str:
    return f"""
<path d="M190 430 Q260 420 300 500 Q380 640 560 680 Q680 700 690 750 H520 Q360 730 270 600 L250 800 H220Z" fill="{c.main}"/>
<path d="M690 750 H520 Q360 730 270 600 L275 635 Q370 765 520 778 H680Z" fill="{c.shade}"/>
<path d="M260 560 Q340 500 420 620" fill="none" stroke="{c.accent}" stroke-width="16"/>"""


def _scarf(c: Palette) -> str:
    return f"""
<path d="M250 200 H550 Q580 200 580 240 L600 820 Q400 790 200 820 L220 240 Q220 200 250 200Z" fill="{c.main}"/>
<path d="M250 200 H550 Q580 200 580 240 L600 820 Q400 790 200 820 L220 240 Q220 200 250 200Z" fill="url(#p)"/>
<path d="M300 200 Q340 500 290 808 M400 200 Q380 520 420 797 M500 200 Q480 500 520 806" stroke="{c.shade}" stroke-width="8"
 fill="none" stroke-opacity=".55"/>
<g stroke="{c.shade}" stroke-width="8"><path d="M220 822 v44 M280 814 v44 M340 806 v44 M400 803 v44 M460 806 v44 M520 814 v44
 M580 822 v44"/></g>"""


def _earrings(c: Palette) -> str:
    one = f"""<circle cx="0" cy="-150" r="26" fill="none" stroke="{c.shade}" stroke-width="14"/>
<path d="M0 -120 L70 20 L0 170 L-70 20Z" fill="{c.main}"/><path d="M0 -120 L70 20 L0 170Z" fill="{c.shade}"/>
<circle cx="0" cy="20" r="22" fill="{c.accent}"/>"""
    return f'<g transform="translate(290 530)">{one}</g><g transform="translate(510 530)">{one}</g>'


def _necklace(c: Palette) -> str:
    beads = "".join(
        f'<circle cx="{400 + dx}" cy="{dy}" r="{r}" fill="{c.main}"/>'
        for dx, dy, r in [(-215, 360, 18), (-190, 440, 21), (-150, 515, 24), (-90, 575, 27), (90, 575, 27), (150, 515, 24),
                          (190, 440, 21), (215, 360, 18), (-225, 285, 15), (225, 285, 15)]
    )  # fmt: skip
    return f"""<path d="M180 220 Q160 600 400 620 Q640 600 620 220" fill="none" stroke="{c.shade}" stroke-width="8"/>{beads}
<path d="M400 590 L455 680 L400 780 L345 680Z" fill="{c.accent}"/><path d="M400 590 L455 680 L400 780Z" fill="{c.shade}"/>"""


def _watch(c: Palette) -> str:
    return f"""
<path d="M335 160 H465 L480 380 H320Z M320 640 H480 L465 860 H335Z" fill="{c.shade}"/>
<circle cx="400" cy="510" r="175" fill="{c.main}"/><circle cx="400" cy="510" r="138" fill="{c.ground}"/>
<path d="M400 510 V410 M400 510 L470 550" stroke="{c.shade}" stroke-width="14" stroke-linecap="round"/>
<g fill="{c.accent}"><circle cx="400" cy="392" r="9"/><circle cx="400" cy="628" r="9"/><circle cx="282" cy="510" r="9"/>
<circle cx="518" cy="510" r="9"/></g>"""


def _lightstick(c: Palette) -> str:
    return f"""
<rect x="350" y="520" width="100" height="330" rx="44" fill="{c.shade}"/><rect x="382" y="580" width="36" height="36" rx="18"
 fill="{c.accent}"/>
<circle cx="400" cy="360" r="210" fill="{c.main}" fill-opacity=".22"/><circle cx="400" cy="360" r="160" fill="{c.main}"
 fill-opacity=".35"/>
<path d="M280 520 Q230 250 400 190 Q570 250 520 520Z" fill="{c.main}"/>
<path d="M400 270 l26 56 62 6 -47 41 14 60 -55 -32 -55 32 14 -60 -47 -41 62 -6Z" fill="{c.accent}"/>"""


def _photocards(c: Palette) -> str:
    card = f"""<rect x="-130" y="-190" width="260" height="380" rx="22" fill="{c.accent}"/>
<rect x="-108" y="-168" width="216" height="290" rx="12" fill="{c.main}"/>
<circle cx="0" cy="-60" r="52" fill="{c.ground}"/><path d="M-92 122 Q-80 10 0 10 Q80 10 92 122Z" fill="{c.ground}"/>
<rect x="-70" y="140" width="140" height="16" rx="8" fill="{c.shade}"/>"""
    return (
        f'<g transform="translate(310 500) rotate(-13)">{card}</g><g transform="translate(500 520) rotate(11)">{card}</g>'
        f'<g transform="translate(400 540)">{card}</g>'
    )


def _towel(c: Palette) -> str:
    return f"""
<rect x="130" y="330" width="540" height="380" rx="10" fill="{c.main}"/><rect x="130" y="380" width="540" height="30" fill="{c.accent}"/>
<rect x="130" y="630" width="540" height="30" fill="{c.accent}"/>
<path d="M400 440 l22 48 53 5 -40 35 12 52 -47 -28 -47 28 12 -52 -40 -35 53 -5Z" fill="{c.accent}"/>
<g stroke="{c.shade}" stroke-width="6"><path d="M150 710 v34 M190 710 v34 M230 710 v34 M270 710 v34 M310 710 v34 M350 710 v34
 M390 710 v34 M430 710 v34 M470 710 v34 M510 710 v34 M550 710 v34 M590 710 v34 M630 710 v34"/></g>"""


def _album(c: Palette) -> str:
    return f"""
<circle cx="510" cy="520" r="200" fill="{c.shade}"/><circle cx="510" cy="520" r="66" fill="{c.accent}"/>
<circle cx="510" cy="520" r="18" fill="{c.ground}"/><rect x="130" y="310" width="420" height="420" rx="8" fill="{c.main}"/>
<circle cx="340" cy="480" r="86" fill="{c.accent}"/><path d="M190 730 Q220 560 340 560 Q460 560 490 730Z" fill="{c.shade}"/>
<rect x="160" y="335" width="150" height="18" rx="9" fill="{c.accent}"/>"""


def _keychain(c: Palette) -> str:
    return f"""
<circle cx="400" cy="260" r="80" fill="none" stroke="{c.shade}" stroke-width="22"/><rect x="388" y="330" width="24" height="90"
 fill="{c.shade}"/><path d="M400 410 l88 180 198 24 -146 134 40 196 -180 -98 -180 98 40 -196 -146 -134 198 -24Z"
 transform="translate(80 80) scale(.8)" fill="{c.main}"/><circle cx="400" cy="640" r="60" fill="{c.accent}"/>"""


def _cap(c: Palette) -> str:
    return f"""
<path d="M190 600 Q190 330 400 330 Q610 330 610 600 Q400 560 190 600Z" fill="{c.main}"/>
<path d="M330 590 Q560 560 700 660 Q560 700 330 650Z" fill="{c.shade}"/><circle cx="400" cy="330" r="16" fill="{c.accent}"/>
<path d="M400 420 l20 43 48 5 -36 32 11 47 -43 -25 -43 25 11 -47 -36 -32 48 -5Z" fill="{c.accent}"/>"""


SHAPES: dict[str, Callable[[Palette], str]] = {
    "kebaya": _kebaya, "dress": _dress, "shirt": _shirt, "tee": _tee, "hoodie": _hoodie, "bag": _bag, "tote": _tote,
    "sneaker": _sneaker, "heels": _heels, "scarf": _scarf, "earrings": _earrings, "necklace": _necklace, "watch": _watch,
    "lightstick": _lightstick, "photocards": _photocards, "towel": _towel, "album": _album, "keychain": _keychain, "cap": _cap,
}  # fmt: skip


def picture(name: str) -> str | None:
    """The SVG of "<shape>-<palette>", or None for a name that we do not draw."""
    shape, _dash, palette = name.partition("-")
    draw, colours = SHAPES.get(shape), PALETTES.get(palette)
    if draw is None or colours is None:
        return None
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 1000" width="800" height="1000">'
        f"<defs>{_dots(colours.accent)}</defs>"
        f'<rect width="800" height="1000" fill="{colours.ground}"/>'
        f'<ellipse cx="400" cy="905" rx="250" ry="26" fill="{colours.shade}" fill-opacity=".16"/>'
        f"{draw(colours)}</svg>"
    )
