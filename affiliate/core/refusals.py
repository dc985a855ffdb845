"""marshmallow's own messages, said as we speak and in the reader's language.

marshmallow fills a message's placeholders with `str.format` in the moment in which it refuses something. `translate`
puts in the place of each a text that looks itself up just then: schemas are built once, readers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isclass
from typing import Any

import webargs.fields
from flask import has_app_context
from marshmallow import fields, validate

from affiliate.core.i18n import _l

# As marshmallow 4 says it, and as we do. A test walks all of its messages and finds none missing here.
MESSAGES: dict[str, Any] = {
    "Missing data for required field.": _l("This is needed."),
    "Field may not be null.": _l("This cannot be left empty."),
    "Invalid value.": _l("This cannot be used."),
    "Invalid input.": _l("This cannot be used."),
    "Invalid type.": _l("This must be an object."),
    "Invalid input type.": _l("This must be an object."),
    "Unknown field.": _l("There is no such field."),
    "Not a valid list.": _l("This must be a list."),
    "Not a valid tuple.": _l("This must be a list."),
    "Not a valid delimited list.": _l("This must be a list."),
    "Not a valid delimited tuple.": _l("This must be a list."),
    "Not a valid mapping type.": _l("This must be an object."),
    "Not a valid string.": _l("This must be text."),
    "Not a valid utf-8 string.": _l("This must be text in UTF-8."),
    "Not a valid UUID.": _l("This is no UUID."),
    "Not a valid number.": _l("This must be a number."),
    "Number too large.": _l("This number is too large."),
    "Not a valid integer.": _l("This must be a whole number."),
    "Special numeric values (nan or infinity) are not permitted.": _l("This must be a number."),
    "Not a valid boolean.": _l("This must be true or false."),
    "Not a valid {obj_type}.": _l("Use a moment such as 2026-11-01T09:00:00Z."),
    "Not a valid {awareness} {obj_type}.": _l("Say the moment with its zone, such as 2026-11-01T09:00:00Z."),
    '"{input}" cannot be formatted as a {obj_type}.': _l("This cannot be used."),
    "Not a valid date.": _l("Use a date such as 2026-11-01."),
    '"{input}" cannot be formatted as a date.': _l("This cannot be used."),
    "Not a valid period of time.": _l("This must be a number."),
    "{input!r} cannot be formatted as a timedelta.": _l("This cannot be used."),
    "Not a valid URL.": _l("Use a whole address such as https://shop.example/."),
    "Not a valid email address.": _l("This is no e-mail address."),
    "Not a valid IP address.": _l("This is no IP address."),
    "Not a valid IPv4 address.": _l("This is no IP address."),
    "Not a valid IPv6 address.": _l("This is no IP address."),
    "Not a valid IP interface.": _l("This is no IP address."),
    "Not a valid IPv4 interface.": _l("This is no IP address."),
    "Not a valid IPv6 interface.": _l("This is no IP address."),
    "Must be one of: {choices}.": _l("Use one of: {choices}."),
    "Must be equal to {other}.": _l("This must be {other}."),
    "String does not match expected pattern.": _l("This does not have the form that is needed."),
    "One or more of the choices you made was not in: {choices}.": _l("Use only: {choices}."),
    "One or more of the choices you made was in: {values}.": _l("Use none of: {values}."),
    "Must be greater than or equal to {min}.": _l("Use {min} or more."),
    "Must be greater than {min}.": _l("Use more than {min}."),
    "Must be less than or equal to {max}.": _l("Use {max} or less."),
    "Must be less than {max}.": _l("Use less than {max}."),
    "Must be greater than or equal to {min} and less than or equal to {max}.": _l("Use {min} to {max}."),
    "Must be greater than or equal to {min} and less than {max}.": _l("Use {min} or more, and less than {max}."),
    "Must be greater than {min} and less than or equal to {max}.": _l("Use more than {min}, up to {max}."),
    "Must be greater than {min} and less than {max}.": _l("Use more than {min} and less than {max}."),
    "Shorter than minimum length {min}.": _l("Too short: {min} is the least."),
    "Longer than maximum length {max}.": _l("Too long: {max} is the most."),
    "Length must be between {min} and {max}.": _l("The length must be {min} to {max}."),
    "Length must be {equal}.": _l("The length must be {equal}."),
}


class Said(str):
    """A message of marshmallow that is looked up when its placeholders are filled."""

    def format(self, *args: object, **values: object) -> str:
        if "min_op" in values or "max_op" in values:  # Range says its operators before it knows a value
            return Said(super().format(*args, **values))
        ours = MESSAGES.get(self)
        if ours is None or not has_app_context():
            return super().format(*args, **values)
        return str(ours).format(*args, **values)


def translate() -> None:
    """Let every field and validator of marshmallow speak the reader's language. Before the first schema is built."""
    for field in (*_classes(fields, fields.Field), *_classes(webargs.fields, fields.Field)):
        own = vars(field).get("default_error_messages")
        if own is not None:
            own.update({key: Said(text) for key, text in own.items() if isinstance(text, str)})
    for validator in _classes(validate, validate.Validator):
        for name in message_names(validator):
            setattr(validator, name, Said(vars(validator)[name]))


def message_names(validator: type) -> list[str]:
    """The class attributes that hold a validator's messages, without the operators that go into them."""
    return [
        name
        for name, text in vars(validator).items()
        if isinstance(text, str)
        and (name == "default_message" or name.startswith("message_"))
        and " " in text
        and text[:1].isupper()
    ]


def _classes(module: Any, kind: type) -> Iterator[type]:
    return (found for found in vars(module).values() if isclass(found) and issubclass(found, kind))
