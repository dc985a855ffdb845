"""Pictures of receipts as they come in and as we keep them: decoded, turned upright, made small, written anew as WebP.

Told by content, not by name. Nothing of the file survives but its pixels: no place, no device, no trailing bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import sha256_hex

BYTES_MAX = 5 * 1024 * 1024
SIDE_MAX = 1600
SIDE_MIN = 16
PIXELS_MAX = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
CONTENT_TYPE = "image/webp"


@dataclass(frozen=True, slots=True)
class Picture:
    """A WebP of at most 1,600 pixels a side."""

    body: bytes
    sha256: str
    width: int
    height: int


class NotAPicture(Invalid):
    """The file is none of the three kinds, is damaged, too large or too small."""

    code = "not_a_picture"

    @classmethod
    def because(cls, text: object) -> NotAPicture:
        return cls(fields={"picture": text})


def read_picture(data: bytes) -> Picture:
    """The picture in these bytes. Raises NotAPicture, with a sentence that says why."""
    if len(data) > BYTES_MAX:
        raise NotAPicture.because(_l("The picture is larger than 5 MB. Please save it smaller and try again."))
    try:
        small = _decoded(data)
    except NotAPicture:
        raise
    except Exception as error:  # decoders fail in many ways on damaged files; all of them mean the same here
        raise NotAPicture.because(_l("We cannot read this picture. Please use a PNG, JPEG or WebP file.")) from error
    out = BytesIO()
    small.save(out, "WEBP", quality=80, method=4)
    body = out.getvalue()
    return Picture(body, sha256_hex(body), small.width, small.height)


def _decoded(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > PIXELS_MAX or min(image.size) < SIDE_MIN:
            raise NotAPicture.because(
                _l("The picture must have at least 16 pixels a side and at most 40 million in all.")
            )
        image.draft("RGB", (SIDE_MAX, SIDE_MAX))  # JPEG: decode small at once
        pixels = ImageOps.exif_transpose(image).convert("RGB")
    pixels.thumbnail((SIDE_MAX, SIDE_MAX))
    pixels.info.clear()
    return pixels
