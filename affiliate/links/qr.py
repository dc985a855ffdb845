"""QR codes of links: SVG for print, PNG for chats. Pure; error correction M, which survives a fold or a stain."""

from __future__ import annotations

from io import BytesIO

import segno

BORDER = 4  # modules of quiet around it, as the standard asks
SIZES = (240, 480, 960, 1920)  # pixels; about a chat picture, a card, a flyer, a poster
SIZE_MAX = 2000


def svg(address: str) -> bytes:
    """The address as a scalable picture, dark on white in any theme."""
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", scale=8, border=BORDER, light="#ffffff")
    return drawn.getvalue()


def png(address: str, size: int) -> bytes:
    """The address as a picture of at least `size` pixels; whole pixels a module, so that every edge is sharp."""
    code = segno.make(address, error="m", micro=False)
    modules = code.symbol_size(border=BORDER)[0]
    wanted = min(max(size, 1), SIZE_MAX)
    drawn = BytesIO()
    code.save(drawn, kind="png", scale=-(-wanted // modules), border=BORDER, light="#ffffff")
    return drawn.getvalue()
