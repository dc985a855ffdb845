"""What the forms of this room send."""

from __future__ import annotations

from marshmallow import fields, validate

from affiliate.core.i18n import LANGUAGES, _l
from affiliate.core.web import Strict
from affiliate.core.wording import Line
from affiliate.identity.models import Role


class SignInForm(Strict):
    email = Line(load_default="", validate=validate.Length(max=254))
    password = fields.Str(load_default="", validate=validate.Length(max=1000))
    next = fields.Str(load_default=None)


class LanguageForm(Strict):
    language = fields.Str(
        required=True, validate=validate.OneOf(LANGUAGES, error=_l("We speak Indonesian and English."))
    )
    next = fields.Str(load_default=None)


class KeyForm(Strict):
    """`scope` is "community:<slug>" or "merchant:<slug>" for a role that belongs to one, else empty."""

    name = Line(required=True, validate=validate.Length(1, 120, error=_l("Give the key a name, up to 120 characters.")))
    role = fields.Enum(Role, by_value=True, required=True)
    scope = Line(load_default="")
