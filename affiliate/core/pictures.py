"""Pictures from outside, written anew: decoded, turned upright, made small, kept as WebP.

Told by content, not by name. Nothing of the file survives but its pixels: no place, no device, no script, no trailing
bytes. SVG is refused, because it is a program that draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from affiliate.core.signing import sha256_hex

SIDE_MIN = 16
PIXELS_MAX = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
CONTENT_TYPE = "image/webp"

Image.MAX_IMAGE_PIXELS = PIXELS_MAX


class WrongSize(Exception):
    """Fewer than SIDE_MIN pixels on a side, or more than PIXELS_MAX in all."""


class NotReadable(Exception):
    """None of the three kinds, or damaged."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP and its size in pixels."""

    body: bytes
    sha256: str
    width: int
    height: int


def rewritten(data: bytes, *, side_max: int, quality: int, transparent: bool) -> Picture:
    """The picture in these bytes, at most `side_max` pixels a side. Raises WrongSize, NotReadable."""
    try:
        small = _decoded(data, side_max, transparent)
    except WrongSize:
        raise
    except Exception as error:  # decoders fail in many ways on damaged files; all of them mean the same here
        raise NotReadable from error
    out = BytesIO()
    small.save(out, "WEBP", quality=quality, method=4)
    body = out.getvalue()
    return Picture(body, sha256_hex(body), small.width, small.height)


def _decoded(data: bytes, side_max: int, transparent: bool) -> Image.Image:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > PIXELS_MAX or min(image.size) < SIDE_MIN:
            raise WrongSize
        image.draft("RGB", (side_max, side_max))  # JPEG: decode small at once
        upright = ImageOps.exif_transpose(image)
        pixels = upright.convert("RGBA" if transparent and upright.has_transparency_data else "RGB")
    pixels.thumbnail((side_max, side_max))
    pixels.info.clear()
    return pixels
