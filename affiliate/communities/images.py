"""Logos: what is taken, and how we keep it."""

from __future__ import annotations

from affiliate.core import pictures
from affiliate.core.errors import Invalid
from affiliate.core.i18n import _l
from affiliate.core.pictures import Picture

BYTES_MAX = 2 * 1024 * 1024
SIDE_MAX = 512


class NotALogo(Invalid):
    """The file is none of the three kinds, is damaged, too large or too small."""

    code = "not_a_logo"

    @classmethod
    def because(cls, text: object) -> NotALogo:
        return cls(fields={"logo": text})


def read_logo(data: bytes) -> Picture:
    """The logo in these bytes. Raises NotALogo, with a sentence that says why."""
    if len(data) > BYTES_MAX:
        raise NotALogo.because(_l("The picture is larger than 2 MB. Please save it smaller and try again."))
    try:
        return pictures.rewritten(data, side_max=SIDE_MAX, quality=90, transparent=True)
    except pictures.WrongSize as error:
        text = _l("The picture must have at least 16 pixels a side and at most 40 million in all.")
        raise NotALogo.because(text) from error
    except pictures.NotReadable as error:
        raise NotALogo.because(_l("We cannot read this picture. Please use a PNG, JPEG or WebP file.")) from error
