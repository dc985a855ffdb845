"""What the brand page may send."""

from __future__ import annotations

from marshmallow import fields, validate

from affiliate.communities.rules import CORNERS
from affiliate.core.i18n import _l
from affiliate.core.web import Strict, slug_field
from affiliate.core.wording import Line

_word = validate.Length(max=60, error=_l("Use at most 60 characters."))


class BrandForm(Strict):
    """A community's name and face."""

    name = Line(required=True, validate=validate.Length(1, 120, error=_l("Use 1 to 120 characters.")))
    tagline = Line(load_default="", validate=validate.Length(max=200, error=_l("Use at most 200 characters.")))
    accent = fields.Str(
        required=True,
        validate=validate.Regexp(r"#[0-9a-fA-F]{6}\Z", error=_l("Choose a colour such as #9a3b26.")),
    )
    corners = fields.Str(
        required=True, validate=validate.OneOf(CORNERS, error=_l("Choose sharp, soft or round corners."))
    )
    symbol = Line(load_default="", validate=validate.Length(max=8, error=_l("Use one letter or one emoji.")))
    picks = Line(load_default="", validate=_word)
    members = Line(load_default="", validate=_word)
    curator = Line(load_default="", validate=_word)


class CuratorForm(Strict):
    """A new curator."""

    handle = slug_field()
    full_name = Line(required=True, validate=validate.Length(1, 120, error=_l("Use 1 to 120 characters.")))
