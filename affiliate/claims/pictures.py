"""Pictures of receipts: what is taken, and how we keep it."""

from __future__ import annotations

from affiliate.core import pictures
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.core.pictures import Picture

BYTES_MAX = 5 * 1024 * 1024
SIDE_MAX = 1600


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
        return pictures.rewritten(data, side_max=SIDE_MAX, quality=80, transparent=False)
    except pictures.WrongSize as error:
        text = _l("The picture must have at least 16 pixels a side and at most 40 million in all.")
        raise NotAPicture.because(text) from error
    except pictures.NotReadable as error:
        raise NotAPicture.because(_l("We cannot read this picture. Please use a PNG, JPEG or WebP file.")) from error
