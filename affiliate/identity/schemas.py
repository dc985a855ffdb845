"""What the forms of this room send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from affiliate.core.i18n import LANGUAGES, _l
from affiliate.core.web import Strict
from affiliate.core.wording import Line
from affiliate.identity.models import Role


def person_name() -> Line:
    """A person's name, as others see it."""
    return Line(required=True, validate=validate.Length(1, 120, error=_l("Use 1 to 120 characters.")))


def address() -> Line:
    """An e-mail address; whether it is one says the verb that keeps it."""
    return Line(required=True, validate=validate.Length(1, 254, error=_l("This is no e-mail address.")))


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


class RoleForm(Strict):
    """A role, and for whom; `scope` as in KeyForm."""

    role = fields.Enum(Role, by_value=True, required=True)
    scope = Line(load_default="")


class PersonForm(RoleForm):
    """Somebody new, with their first role."""

    name = person_name()
    email = address()


class StaffForm(Strict):
    """Somebody for one store or community: the page knows which."""

    name = person_name()
    email = address()


class AccountForm(Strict):
    """What a person says about themselves; no language means: as the browser says."""

    name = person_name()
    locale = fields.Str(
        load_default="", validate=validate.OneOf(("", *LANGUAGES), error=_l("We speak Indonesian and English."))
    )


class NewPasswordForm(Strict):
    """A password, twice, so that a slip of the finger locks nobody out."""

    password = fields.Str(required=True, validate=validate.Length(max=1000, error=_l("Use at most 1,000 characters.")))
    again = fields.Str(required=True)

    @validates_schema
    def are_the_same(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["password"] != data["again"]:
            raise ValidationError(_l("The two do not match."), "again")


class ChangePasswordForm(NewPasswordForm):
    old = fields.Str(required=True, validate=validate.Length(max=1000, error=_l("Use at most 1,000 characters.")))
