"""marshmallow's schemas, loaded by their own fields where nothing is wrong: in less than half the time.

What is odd in any way goes to `schema.load`, which alone says what is wrong. Only for schemas without hooks, whose
fields keep their names, as those of order deliveries; tests/affiliate/orders/test_schemas.py compares the two ways.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, missing


class Odd(Exception):
    """Something that only marshmallow can name."""


def load(schema: Schema, told: Any) -> dict[str, Any]:
    """What `schema.load(told)` gives. Raises ValidationError."""
    try:
        return directly(schema, told)
    except (Odd, ValidationError):
        loaded: dict[str, Any] = schema.load(told)
        return loaded


def directly(schema: Schema, told: Any) -> dict[str, Any]:
    """The same, or Odd or ValidationError where anything is wrong."""
    if not isinstance(told, dict):
        raise Odd
    return {name: _of(field, name, told) for name, field in schema.load_fields.items()}


def _of(field: Any, name: str, told: dict[str, Any]) -> Any:
    value = told.get(name, missing)
    if value is missing:
        if field.required:
            raise Odd
        return field.load_default() if callable(field.load_default) else field.load_default
    if value is None:
        if not field.allow_none:
            raise Odd
        return None
    return _read(field, name, value, told)


def _read(field: Any, name: str, value: Any, told: Any) -> Any:
    if isinstance(field, fields.Nested):
        return directly(field.schema, value)
    if isinstance(field, fields.List):
        if not isinstance(value, list):
            raise Odd
        value = [_read(field.inner, name, one, value) for one in value]
    else:
        value = field._deserialize(value, name, told)
    for validator in field.validators:
        validator(value)
    return value
