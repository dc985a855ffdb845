"""What marshmallow refuses is said in the reader's language, in forms and to programs: nothing in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_babel import LazyString, force_locale
from marshmallow import Schema, ValidationError, fields, validate

from affiliate.core import web
from affiliate.core.i18n import merged_catalogue
from affiliate.core.refusals import MESSAGES, Said
from affiliate.identity.models import Role
from affiliate.orders.schemas import Coded

PLACE = re.compile(r"{(\w+)(?:!r)?}")


def families(kind: type) -> Iterator[type]:
    """A class and all that derive from it, ours too."""
    yield kind
    for child in kind.__subclasses__():
        yield from families(child)


def field_messages() -> Iterator[tuple[str, Any]]:
    for field in families(fields.Field):
        if issubclass(field, Coded):
            continue  # what shops send is refused in codes, which the pages put into words
        for key, text in vars(field).get("default_error_messages", {}).items():
            yield f"{field.__module__}.{field.__name__}.{key}", text


def validator_messages() -> Iterator[tuple[str, str]]:
    for validator in families(validate.Validator):
        for name, text in vars(validator).items():
            if isinstance(text, str) and (name == "default_message" or name.startswith("message_")):
                yield f"{validator.__name__}.{name}", text


def test_every_message_of_every_field_has_our_words(app: Flask):
    found = dict(field_messages())
    assert len(found) > 30
    left = {
        place: text
        for place, text in found.items()
        if not isinstance(text, LazyString) and not (isinstance(text, Said) and text in MESSAGES)
    }
    assert left == {}


def test_every_message_of_every_validator_has_our_words():
    """Range's operators are words inside of its messages: its whole sentences are tried below."""
    operators = {"message_gte", "message_gt", "message_lte", "message_lt"}
    left = {
        place: text
        for place, text in validator_messages()
        if place.split(".")[1] not in operators
        and "_op}" not in text
        and not (isinstance(text, Said) and text in MESSAGES)
    }
    assert left == {}


def test_no_text_is_kept_that_marshmallow_does_not_say():
    said = {str(text) for _place, text in field_messages()} | {text for _place, text in validator_messages()}
    said |= set(Schema._default_error_messages.values())
    operators = [text for text in MESSAGES if text.startswith(("Must be greater", "Must be less"))]
    assert set(MESSAGES) - said - set(operators) == set()
    assert len(operators) == 8


def test_what_stands_between_braces_survives_in_both_languages(app: Flask):
    catalogue = merged_catalogue("id")
    wrong = []
    for theirs, ours in MESSAGES.items():
        with force_locale("en"):
            english = str(ours)
        indonesian = catalogue.get(english)
        assert indonesian is not None, english
        if not set(PLACE.findall(english)) <= set(PLACE.findall(theirs)):
            wrong.append(theirs)
        if set(PLACE.findall(english)) != set(PLACE.findall(str(indonesian.string))):
            wrong.append(english)
    assert wrong == []


class Everything(Schema):
    """Every kind of field and check in use, without a message of our own; bare, so that nothing is said by Strict."""

    needed = fields.Str(required=True)
    text = fields.Str()
    filled = fields.Str(allow_none=False)
    whole = fields.Int(strict=True)
    yes = fields.Bool()
    many = fields.List(fields.Int())
    named = fields.Dict()
    day = fields.Date()
    moment = fields.AwareDateTime(format="iso")
    role = fields.Enum(Role, by_value=True)
    inner = fields.Nested(web.MoneySchema)
    one_of = fields.Str(validate=validate.OneOf(["a", "b"]))
    form = fields.Str(validate=validate.Regexp("[0-9]+"))
    short = fields.Str(validate=validate.Length(min=3))
    long = fields.Str(validate=validate.Length(max=3))
    between = fields.Str(validate=validate.Length(2, 3))
    exact = fields.Str(validate=validate.Length(equal=3))
    least = fields.Int(validate=validate.Range(3))
    most = fields.Int(validate=validate.Range(max=3))
    above = fields.Int(validate=validate.Range(3, min_inclusive=False))
    below = fields.Int(validate=validate.Range(max=3, max_inclusive=False))
    within = fields.Int(validate=validate.Range(2, 3))
    half = fields.Int(validate=validate.Range(2, 3, max_inclusive=False))
    other_half = fields.Int(validate=validate.Range(2, 3, min_inclusive=False))
    inside = fields.Int(validate=validate.Range(2, 5, min_inclusive=False, max_inclusive=False))
    same = fields.Int(validate=validate.Equal(3))
    url = fields.Url()
    address = fields.Email()


WRONG: dict[str, Any] = {
    "text": 1, "filled": None, "whole": "x", "yes": "perhaps", "many": "x", "named": 1, "day": "x", "moment": "x",
    "role": "emperor", "inner": 1, "one_of": "c", "form": "x", "short": "a", "long": "abcd", "between": "a",
    "exact": "a", "least": 1, "most": 9, "above": 3, "below": 3, "within": 9, "half": 3, "other_half": 2, "inside": 2,
    "same": 1, "url": "x", "address": "x",
}  # fmt: skip


def test_what_is_refused_is_said_in_both_languages(app: Flask):
    said = {}
    for code in ("en", "id"):
        with force_locale(code):
            with pytest.raises(ValidationError) as refused:
                Everything().load(WRONG)
            said[code] = web.flat_messages(refused.value.normalized_messages())
    assert set(said["en"]) == {*WRONG, "needed"} - {"inner"} | {"inner._schema"}
    same = [name for name in said["en"] if said["en"][name] == said["id"][name]]
    assert same == []
    assert not [text for text in said["en"].values() if any(text == theirs for theirs in MESSAGES)]
    assert (said["id"]["within"], said["en"]["within"]) == ("Isi 2 sampai 3.", "Use 2 to 3.")
    assert said["id"]["role"].startswith("Pilih salah satu: community_owner, ")
    assert not [text for texts in said.values() for text in texts.values() if "{" in text]


def test_a_schema_built_once_speaks_to_each_reader_in_turn(app: Flask):
    schema = Everything()
    heard = []
    for code in ("id", "en", "id"):
        with force_locale(code):
            heard.append(schema.validate({"needed": "x", "whole": "x"})["whole"])
    assert heard == [["Ini harus berupa bilangan bulat."], ["This must be a whole number."], heard[0]]


def test_outside_of_the_application_it_speaks_plain_marshmallow():
    assert Said("Use {n} of {m}.").format(n=1, m=2) == "Use 1 of 2."


def test_a_moment_without_a_zone_is_said(app: Flask):
    with force_locale("id"):
        wrong = Everything().validate(
            {"needed": "x", "moment": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None).isoformat()}
        )
    assert "zonanya" in wrong["moment"][0]


@pytest.mark.parametrize(
    ("code", "needed", "whole"),
    [
        ("id", "Ini harus diisi.", "Ini harus berupa bilangan bulat."),
        ("en", "This is needed.", "This must be a whole number."),
    ],
)
def test_a_program_reads_its_language(client, make, code, needed, whole):
    headers = make.key(Role.ADMIN) | {"Accept-Language": code}
    answer = client.post("/api/v1/programmes", json={"merchant": "x", "window_days": "x"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json["errors"]["name"] == needed
    assert answer.json["errors"]["window_days"] == whole


@pytest.mark.parametrize(("code", "said"), [("id", "bukan JSON"), ("en", "no JSON that we can read")])
def test_what_is_no_json_is_said_too(client, make, code, said):
    headers = make.key(Role.ADMIN) | {"Accept-Language": code, "Content-Type": "application/json"}
    answer = client.post("/api/v1/communities", data="{", headers=headers)
    assert answer.status_code == 400
    assert said in answer.json["errors"]["body"]
