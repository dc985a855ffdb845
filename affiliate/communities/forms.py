"""What the brand page may send."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_load, validate

from affiliate.communities.rules import CORNERS
from affiliate.core.i18n import _l
from affiliate.core.web import Strict, slug_field
from affiliate.core.wording import Line
from affiliate.identity.models import Role
from affiliate.identity.schemas import StaffForm

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


class MemberForm(StaffForm):
    """Somebody who steers or curates a community; without a handle they get one with their first pick."""

    role = fields.Enum(
        Role, by_value=True, required=True, validate=validate.OneOf([Role.COMMUNITY_OWNER, Role.CURATOR])
    )
    handle = slug_field(required=False, load_default=None)

    @pre_load
    def no_handle_is_none(self, data: Any, **_options: Any) -> Any:
        return {name: value for name, value in data.items() if name != "handle" or value.strip()}
