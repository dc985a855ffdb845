"""Visits that no person makes: the limits, and that neither order nor batches matter."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.core.db import transaction
from affiliate.tracking import behaviour, service, tokens
from affiliate.tracking.behaviour import LINKS, LINKS_SECONDS, TIMES, TIMES_SECONDS, inhuman
from affiliate.tracking.inspection import jobs as inspecting
from affiliate.tracking.inspection import service as inspection
from affiliate.tracking.models import Click
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.rollups import jobs as rollups
from affiliate.tracking.rollups.models import ClickHour
from affiliate.tracking.rules import Reason
from tests.conftest import NOW

MS = tokens.milliseconds(NOW)


def visits(links: list[int], *, every_ms: int, visitor: str = "a", start: int = MS) -> list[behaviour.Visit]:
    return [(start + place * every_ms, place, visitor, link) for place, link in enumerate(links)]


@pytest.mark.parametrize(
    ("links", "every_ms", "reasons"),
    [
        ([], 0, {}),
        (list(range(LINKS)), 0, {}),  # as many as the limit, at once
        (list(range(LINKS + 1)), 0, {Reason.TOO_MANY: LINKS + 1}),
        (list(range(LINKS + 1)), LINKS_SECONDS * 1000 // LINKS, {}),  # the last one stands a minute behind the first
        (list(range(LINKS + 1)), LINKS_SECONDS * 1000 // LINKS - 1, {Reason.TOO_MANY: LINKS + 1}),
        (list(range(LINKS)) * 2, 100, {}),  # the same links again are no more links
        ([1] * TIMES, 0, {}),
        ([1] * (TIMES + 1), 0, {Reason.TOO_FAST: TIMES + 1}),
        ([1] * (TIMES + 1), TIMES_SECONDS * 1000 // TIMES + 1, {}),
        ([1] * (TIMES + 1) + list(range(2, LINKS)), 10, {Reason.TOO_FAST: TIMES + 1}),
    ],
)
def test_the_limits(links, every_ms, reasons):
    found = inhuman(visits(links, every_ms=every_ms))
    assert {reason: list(found.values()).count(reason) for reason in set(found.values())} == reasons


def test_people_before_and_behind_a_flood_are_left_alone():
    """The same pseudonym, an hour earlier and later; and another one in the midst of it."""
    flood = visits(list(range(50)), every_ms=500)
    calm = [(MS - 3_600_000, 901, "a", 1), (MS + 3_600_000, 902, "a", 2), (MS + 5_000, 903, "b", 3)]
    assert set(inhuman([*calm, *flood])) == {visit[:2] for visit in flood}


def slow_model(all_visits: list[behaviour.Visit]) -> set[tuple[int, int]]:
    """The two sentences of the docstring, said literally: every window that begins with a visit."""
    found: set[tuple[int, int]] = set()
    for begin, _nonce, visitor, link in all_visits:
        own = [one for one in all_visits if one[2] == visitor]
        minute = [one for one in own if begin <= one[0] < begin + LINKS_SECONDS * 1000]
        if len({one[3] for one in minute}) > LINKS:
            found |= {one[:2] for one in minute}
        moment = [one for one in own if one[3] == link and begin <= one[0] < begin + TIMES_SECONDS * 1000]
        if len(moment) > TIMES:
            found |= {one[:2] for one in moment}
    return found


@pytest.mark.parametrize("number", range(12))
def test_random_histories_are_judged_as_the_sentences_say_in_any_order(number):
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    spread = chance.choice([20_000, 90_000, 400_000])
    told = [
        (MS + chance.randrange(spread), nonce, chance.choice("ab"), chance.randrange(chance.choice([3, 60])))
        for nonce in range(chance.choice([40, 160, 300]))
    ]
    found = inhuman(told)
    assert set(found) == slow_model(told), f"seed {seed}"
    assert inhuman(chance.sample(told, len(told))) == found, f"seed {seed}"


def test_clicks_in_the_database_are_marked_once_whichever_batch_came_last(session, make):
    community, merchant = make.community(), make.merchant()
    links = [make.link(community, make.product(merchant)).id for _number in range(LINKS + 5)]
    machine = [
        ClickRecord(MS + place * 1000, place, link, "a" * 24, "desk", "", "") for place, link in enumerate(links)
    ]
    person = [ClickRecord(MS + 500, 900, links[0], "b" * 24, "phone", "", "")]
    half = len(machine) // 2
    for batch in (machine[half:], [*machine[:half], *person]):
        with transaction(session):
            service.load(session, batch)
            moments = [tokens.moment(record.ms) for record in batch]
            marked = inspection.mark_inhuman(session, min(moments), max(moments))
    assert {link for _moment, link in marked} == set(links)
    with transaction(session):
        assert inspection.mark_inhuman(session, NOW - timedelta(hours=1), NOW + timedelta(hours=1)) == set()
    rows = dict(session.execute(sa.select(Click.nonce, Click.reason)).all())
    assert rows == {record.nonce: "too_many" for record in machine} | {900: None}
    assert session.scalar(sa.select(sa.func.count()).where(Click.is_qualified)) == 1


def test_what_was_disqualified_keeps_its_first_reason(session, make):
    link = make.link(make.community(), make.product(make.merchant())).id
    told = [ClickRecord(MS + n, n, link, "a" * 24, "bot", "bot", "") for n in range(TIMES + 2)]
    with transaction(session):
        service.load(session, told)
        assert inspection.mark_inhuman(session, NOW, NOW) == set()
    assert set(session.scalars(sa.select(Click.reason))) == {"bot"}


def test_the_step_inspects_what_was_loaded_and_has_its_hours_counted_anew(session, make):
    community, merchant = make.community(), make.merchant()
    links = [make.link(community, make.product(merchant)).id for _number in range(LINKS + 1)]
    machine = [
        ClickRecord(MS + place * 1000, place, link, "a" * 24, "desk", "", "") for place, link in enumerate(links)
    ]
    for batch in (machine[:-1], machine[-1:]):  # the last click completes the pattern when the others are counted
        service.load(session, batch)
        session.commit()
        assert inspecting.run(NOW) >= 1
        assert inspecting.run(NOW) == 0
        while rollups.run(NOW):
            pass
    assert session.scalar(sa.select(sa.func.sum(ClickHour.visits))) == len(links)
    assert session.scalar(sa.select(sa.func.sum(ClickHour.qualified))) == 0
