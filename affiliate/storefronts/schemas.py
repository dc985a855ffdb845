"""What forms and programs may say about collections and picks, and how we answer programs."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from affiliate.communities.models import Community
from affiliate.core.clock import rfc3339
from affiliate.core.i18n import _l
from affiliate.core.web import PAGE_SIZE, PAGE_SIZE_MAX, Strict
from affiliate.core.wording import Line
from affiliate.storefronts.models import Collection
from affiliate.storefronts.queries import Card, Shelf

NOTE_MAX = 500
TITLE_MAX = 120
INTRO_MAX = 400
ID_MAX = 2**63 - 1
_title = validate.Length(1, TITLE_MAX, error=_l("Use 1 to 120 characters."))
_note = validate.Length(max=NOTE_MAX, error=_l("Use at most 500 characters."))
_row_id = validate.Range(1, ID_MAX, error=_l("This is no id of ours."))


class CollectionForm(Strict):
    title = Line(required=True, validate=_title)


class DescriptionForm(Strict):
    title = Line(required=True, validate=_title)
    intro = Line(load_default="", validate=validate.Length(max=INTRO_MAX, error=_l("Use at most 400 characters.")))


class PickForm(Strict):
    product = fields.Int(required=True, validate=_row_id)
    note = Line(load_default="", validate=_note)


class NoteForm(Strict):
    note = Line(load_default="", validate=_note)


class MoveForm(Strict):
    """One place up or down, or behind another pick (0: first)."""

    direction = fields.Str(validate=validate.OneOf(["up", "down"]))
    after = fields.Int(validate=validate.Range(0, ID_MAX))


class PickIn(Strict):
    """POST …/picks"""

    product = fields.Int(required=True, strict=True, validate=_row_id, metadata={"description": "id of a product"})
    collection = Line(
        load_default=None, allow_none=True, validate=_title, metadata={"description": "slug or title; made when new"}
    )
    note = Line(load_default="", validate=_note, metadata={"description": "the curator's sentence"})
    curator = Line(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 60, error=_l("Use 1 to 60 characters.")),
        metadata={"description": "handle; made when new"},
    )


class PicksArgs(Strict):
    cursor = fields.Str()
    limit = fields.Int(load_default=PAGE_SIZE, validate=validate.Range(1, PAGE_SIZE_MAX))
    collection = Line(metadata={"description": "slug of a collection"})


class LinkOut(Schema):
    code = fields.Str()
    url = fields.Str()


class PickOut(Schema):
    id = fields.Int()
    product = fields.Int()
    collection = fields.Str()
    curator = fields.Str(allow_none=True)
    note = fields.Str()
    link = fields.Nested(LinkOut)
    created_at = fields.Str()
    warnings = fields.List(fields.Str(), metadata={"description": "not_enrolled, already_picked"})


class PicksOut(Schema):
    items = fields.List(fields.Nested(PickOut))
    next = fields.Str(allow_none=True)


class CollectionOut(Schema):
    id = fields.Int()
    slug = fields.Str()
    title = fields.Str()
    intro = fields.Str()
    status = fields.Str()
    picks = fields.Int()
    url = fields.Str()
    published_at = fields.Str(allow_none=True)


class CollectionsOut(Schema):
    items = fields.List(fields.Nested(CollectionOut))
    next = fields.Str(allow_none=True)


def link_json(code: str, public_url: str) -> dict[str, str]:
    return {"code": code, "url": f"{public_url}/go/{code}"}


def pick_json(card: Card, collection: Collection, public_url: str) -> dict[str, Any]:
    return {
        "id": card.pick.id,
        "product": card.product.id,
        "collection": collection.slug,
        "curator": card.curator.handle if card.curator else None,
        "note": card.pick.note,
        "link": link_json(card.code, public_url),
        "created_at": rfc3339(card.pick.created_at),
    }


def collection_json(shelf: Shelf, community: Community, public_url: str) -> dict[str, Any]:
    row = shelf.collection
    return {
        "id": row.id,
        "slug": row.slug,
        "title": row.title,
        "intro": row.intro,
        "status": row.status.value,
        "picks": shelf.size,
        "url": f"{public_url}/c/{community.slug}/{row.slug}",
        "published_at": rfc3339(row.published_at) if row.published_at else None,
    }
