"""Attribution as a table: which click is credited, and why another is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from affiliate.conversions import rules
from affiliate.conversions.rules import Candidate, Credit, Declined, Offer, OrderFacts, Version

PLACED = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
EARLY = datetime(2026, 1, 1, tzinfo=UTC)
MERCHANT, COMMUNITY = 5, 3
ORDER = OrderFacts(MERCHANT, PLACED, brought_token=True)
CLICK = Candidate(
    link_id=11, community_id=COMMUNITY, merchant_id=MERCHANT, curator_id=9, clicked_at=PLACED - timedelta(days=1),
    nonce=1,
)  # fmt: skip
OFFER = Offer(
    programme_id=1, enrollment_id=2, merchant_id=MERCHANT, community_id=COMMUNITY, window_days=30, enrolled_at=EARLY,
    ended_at=None, terms=(Version(21, 1, EARLY),), splits=(Version(31, 1, EARLY),),
)  # fmt: skip


def clicked(**over) -> Candidate:
    return replace(CLICK, **over)


def offered(**over) -> Offer:
    return replace(OFFER, **over)


def test_a_click_inside_the_window_is_credited_with_the_terms_of_that_moment():
    credit = rules.attribute(ORDER, [CLICK], [OFFER])
    assert isinstance(credit, Credit)
    assert (credit.candidate, credit.offer, credit.terms_id, credit.split_id) == (CLICK, OFFER, 21, 31)
    assert credit.evidence["candidates"][0]["verdict"] == "won"
    assert credit.evidence["candidates"][0]["window_days"] == 30


@pytest.mark.parametrize(
    ("click", "offer", "reason"),
    [
        (clicked(merchant_id=6), OFFER, "other_merchant"),
        (clicked(clicked_at=PLACED + timedelta(seconds=1)), OFFER, "after_order"),
        (clicked(clicked_at=PLACED - timedelta(days=30, milliseconds=1)), OFFER, "outside_window"),
        (CLICK, offered(community_id=4), "not_enrolled"),
        (CLICK, offered(enrolled_at=CLICK.clicked_at + timedelta(milliseconds=1)), "not_enrolled"),
        (CLICK, offered(ended_at=CLICK.clicked_at), "not_enrolled"),
        (clicked(visit="bot"), OFFER, "click_not_qualified"),
        (clicked(visit="embedded"), OFFER, "click_not_qualified"),
        (clicked(visit="no_agent"), OFFER, "click_not_qualified"),
        (clicked(visit="head"), OFFER, "click_not_qualified"),
        (clicked(visit="prefetch"), OFFER, "click_not_qualified"),
        (CLICK, offered(terms=()), "no_terms"),
        (CLICK, offered(terms=(Version(21, 1, PLACED + timedelta(seconds=1)),)), "no_terms"),
        (CLICK, offered(splits=()), "no_terms"),
    ],
)
def test_a_click_that_does_not_count_says_why(click, offer, reason):
    verdict = rules.attribute(ORDER, [click], [offer])
    assert isinstance(verdict, Declined)
    assert verdict.reason == reason
    assert verdict.evidence["candidates"][0]["verdict"] == reason


@pytest.mark.parametrize(
    ("click", "offer"),
    [
        (clicked(clicked_at=PLACED), OFFER),
        (clicked(clicked_at=PLACED + timedelta(milliseconds=999)), OFFER),
        (clicked(clicked_at=PLACED - timedelta(days=30)), OFFER),
        (CLICK, offered(enrolled_at=CLICK.clicked_at)),
        (CLICK, offered(ended_at=CLICK.clicked_at + timedelta(milliseconds=1))),
        (clicked(visit="repeated"), OFFER),
        (clicked(visit="not_loaded"), OFFER),
        (CLICK, offered(terms=(Version(21, 1, PLACED),))),
    ],
)
def test_the_edges_count(click, offer):
    assert isinstance(rules.attribute(ORDER, [click], [offer]), Credit)


def test_terms_of_the_same_second_hold_for_a_click_within_it():
    moment = PLACED + timedelta(milliseconds=300)
    offer = offered(enrolled_at=moment, terms=(Version(21, 1, moment),), splits=(Version(31, 1, moment),))
    assert isinstance(
        rules.attribute(ORDER, [clicked(clicked_at=moment + timedelta(milliseconds=200))], [offer]), Credit
    )


def test_without_a_click_and_with_a_broken_token_nobody_is_credited():
    assert rules.attribute(replace(ORDER, brought_token=False), [], [OFFER]).reason == "no_click"
    assert rules.attribute(ORDER, [], [OFFER]).reason == "bad_token"


def test_the_last_click_wins_and_the_earlier_one_is_told():
    earlier = clicked(link_id=12, nonce=2, clicked_at=CLICK.clicked_at - timedelta(hours=1))
    credit = rules.attribute(ORDER, [earlier, CLICK], [OFFER])
    assert isinstance(credit, Credit)
    assert credit.candidate == CLICK
    assert [told["verdict"] for told in credit.evidence["candidates"]] == ["won", "earlier_click"]


def test_an_earlier_click_wins_where_the_last_does_not_count():
    bot = clicked(link_id=12, nonce=2, clicked_at=CLICK.clicked_at + timedelta(hours=1), visit="bot")
    credit = rules.attribute(ORDER, [CLICK, bot], [OFFER])
    assert isinstance(credit, Credit)
    assert credit.candidate == CLICK


def test_of_several_versions_the_latest_that_has_begun_counts():
    terms = (Version(21, 1, EARLY), Version(22, 2, PLACED), Version(23, 3, PLACED + timedelta(seconds=1)))
    credit = rules.attribute(ORDER, [CLICK], [offered(terms=terms)])
    assert isinstance(credit, Credit)
    assert credit.terms_id == 22


def test_of_several_programmes_the_newest_enrollment_with_terms_counts():
    newer = offered(programme_id=8, enrollment_id=9, enrolled_at=EARLY + timedelta(days=1))
    empty = offered(programme_id=6, enrollment_id=7, enrolled_at=EARLY + timedelta(days=2), terms=())
    credit = rules.attribute(ORDER, [CLICK], [OFFER, newer, empty])
    assert isinstance(credit, Credit)
    assert credit.offer == newer


def test_another_stores_click_names_no_community():
    assert rules.attribute(ORDER, [clicked(merchant_id=6)], [OFFER]).candidate is None
    assert rules.attribute(ORDER, [clicked(visit="bot")], [OFFER]).candidate is not None
