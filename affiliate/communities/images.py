"""Logos as they come in and as we keep them: decoded, turned upright, made small, written anew as WebP.

Nothing of the file survives but its pixels: no EXIF, no script, no trailing bytes. SVG is refused, because it is a
program that draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import sha256_hex

BYTES_MAX = 2 * 1024 * 1024
SIDE_MAX = 512
SIDE_MIN = 16
PIXELS_MAX = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
CONTENT_TYPE = "image/webp"

Image.MAX_IMAGE_PIXELS = PIXELS_MAX


@dataclass(frozen=True, slots=True)
class Logo:
    """A WebP of at most 512 pixels a side."""

    body: bytes
    sha256: str
    width: int
    height: int


class NotALogo(Invalid):
    """The file is none of the three kinds, is damaged, too large or too small."""

    code = "not_a_logo"

    @classmethod
    def because(cls, text: object) -> NotALogo:
        return cls(fields={"logo": text})


def read_logo(data: bytes) -> Logo:
    """The logo in these bytes. Raises NotALogo, with a sentence that says why."""
    if len(data) > BYTES_MAX:
        raise NotALogo.because(_l("The picture is larger than 2 MB. Please save it smaller and try again."))
    try:
        small = _decoded(data)
    except NotALogo:
        raise
    except Exception as error:  # decoders fail in many ways on damaged files; all of them mean the same here
        raise NotALogo.because(_l("We cannot read this picture. Please use a PNG, JPEG or WebP file.")) from error
    out = BytesIO()
    small.save(out, "WEBP", quality=90, method=4)
    body = out.getvalue()
    return Logo(body, sha256_hex(body), small.width, small.height)


def _decoded(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > PIXELS_MAX or min(image.size) < SIDE_MIN:
            raise NotALogo.because(_l("The picture must have at least 16 pixels a side and at most 40 million in all."))
        image.draft("RGB", (SIDE_MAX, SIDE_MAX))  # JPEG: decode small at once
        upright = ImageOps.exif_transpose(image)
        pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    pixels.thumbnail((SIDE_MAX, SIDE_MAX))
    pixels.info.clear()
    return pixels
