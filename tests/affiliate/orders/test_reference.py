"""`data.reference`: a store may name a community or a link; orders that name none are what they were before."""

from __future__ import annotations

import json

import pytest

from affiliate.orders.facts import EventFacts, from_content
from affiliate.orders.schemas import Unreadable, parse_standard


def told(**over) -> EventFacts:
    data = {
        "order_id": "A-1", "version": 1, "currency": "IDR", "placed_at": "2026-11-01T09:00:00Z",
        "lines": [{"line_id": "1", "quantity": 1, "unit_price": "1000.00"}], **over,
    }  # fmt: skip
    body = {"type": "order.placed", "timestamp": "2026-11-01T10:00:00Z", "data": data}
    found = parse_standard(json.dumps(body).encode())
    assert isinstance(found, EventFacts)
    return found


def test_a_reference_is_read_and_survives_storage():
    facts = told(reference=" lemari-kita ")
    assert facts.reference == "lemari-kita"
    stored = from_content(facts.kind, facts.order_ref, facts.version, facts.occurred_at, facts.content())
    assert stored == facts


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_order_that_names_nobody_is_the_event_it_was_before_there_was_this_field(nothing):
    facts, named = told(reference=nothing), told(reference="lemari-kita")
    assert "reference" not in facts.content()
    assert facts.digest() == told().digest() != named.digest()


@pytest.mark.parametrize("bad", [["lemari"], {"slug": "lemari"}, True])
def test_what_is_no_text_is_refused_with_its_field(bad):
    with pytest.raises(Unreadable) as refused:
        told(reference=bad)
    assert (refused.value.reason, refused.value.field) == ("wrong_type", "data.reference")


def test_a_reference_that_is_too_long_is_cut_like_other_words():
    assert told(reference="x" * 500).reference == "x" * 80
