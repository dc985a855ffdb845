"""What is repeated is a function of the set of clicks: not of how they were cut into batches, nor of their order."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from affiliate.tracking import arrivals, models, rollups, rules, service, tokens
from affiliate.tracking.models import Click
from affiliate.tracking.records import ClickRecord
from tests.conftest import NOW

HOUR = 3_600_000
MIDNIGHT = tokens.milliseconds(NOW.replace(hour=0, minute=0))
ROUNDS = 12


def expected(visits: list[ClickRecord]) -> set[int]:
    """The model: of one visitor's visits to a link that may count, those less than an hour after the one before."""
    repeated = set()
    before: dict[tuple[int, str], int] = {}
    for visit in sorted(set(visits), key=lambda visit: (visit.ms, visit.nonce)):
        if not visit.reason:
            pair = (visit.link_id, visit.visitor)
            if pair in before and visit.ms - before[pair] < HOUR:
                repeated.add(visit.nonce)
            before[pair] = visit.ms
    return repeated


def some_visits(rng: random.Random, link_ids: list[int]) -> list[ClickRecord]:
    """Around midnight, of few visitors, many exactly an hour apart or at the same moment; a few twice."""
    moments = [MIDNIGHT + rng.randrange(-5 * HOUR, 5 * HOUR) for _ in range(20)]
    moments += [moment + step for moment in moments for step in (0, HOUR - 1, HOUR)]
    visits = [
        ClickRecord(
            rng.choice(moments), number, rng.choice(link_ids), rng.choice(["aa", "bb", "cc"]), "phone",
            rng.choice(["", "", "", "bot", "head"]), rng.choice(["", "a.test"]),
        )
        for number in [rng.getrandbits(63) for _ in range(rng.randrange(2, 60))]
    ]  # fmt: skip
    visits += rng.sample(visits, len(visits) // 10)
    rng.shuffle(visits)
    return visits


def cut(rng: random.Random, visits: list[ClickRecord]) -> list[list[ClickRecord]]:
    ends = sorted(rng.randrange(len(visits) + 1) for _ in range(rng.randrange(6)))
    return [visits[start:end] for start, end in zip([0, *ends], [*ends, len(visits)], strict=True)]


def stored(session) -> dict[int, tuple[tuple[object, int], str | None]]:
    """Reason by nonce, with the hour and link it belongs to."""
    columns = (Click.nonce, Click.clicked_at, Click.link_id, Click.reason, Click.is_qualified)
    rows = session.execute(sa.select(*columns)).all()
    assert all(row.is_qualified is (row.reason is None) for row in rows)
    return {
        row.nonce: ((row.clicked_at.replace(minute=0, second=0, microsecond=0), row.link_id), row.reason)
        for row in rows
    }


@pytest.fixture
def links(make) -> list[int]:
    product = make.product(make.merchant())
    return [make.link(make.community(), product).id for _ in range(2)]


def check_rounds(session, links: list[int], rounds: int, monkeypatch) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    touched: set[object] = set()
    monkeypatch.setattr(rollups, "mark_due", lambda _session, keys: touched.update(keys))
    for _ in range(rounds):
        session.execute(sa.delete(Click))
        visits = some_visits(rng, links)
        for batch in cut(rng, visits):
            before = stored(session)
            touched.clear()
            service.load(session, batch)
            after = stored(session)
            changed = {row[0] for nonce, row in after.items() if before.get(nonce) != row}
            assert changed <= touched, seed
            assert touched <= {after[visit.nonce][0] for visit in batch} | changed, seed
        found = stored(session)
        assert set(found) == {visit.nonce for visit in visits}, seed
        assert {nonce for nonce, (_, reason) in found.items() if reason == "repeated"} == expected(visits), seed


def test_marks_are_a_function_of_the_set(session, links, monkeypatch):
    check_rounds(session, links, ROUNDS, monkeypatch)


@pytest.mark.campaign
def test_marks_are_a_function_of_the_set_at_length(session, links, monkeypatch):
    check_rounds(session, links, 100 * ROUNDS, monkeypatch)


@pytest.mark.parametrize("part", ["mark_later", "spans_before"])
def test_without_one_of_its_parts_the_same_check_goes_red(session, links, monkeypatch, part):
    """The control: no marks on stored clicks, or none from the span before."""
    without = {"mark_later": lambda *_args, **_spans: set(), "spans_before": lambda *_moments: (0,)}
    monkeypatch.setattr(arrivals, part, without[part])
    with pytest.raises(AssertionError):
        check_rounds(session, links, 20 * ROUNDS, monkeypatch)


def test_clicks_that_are_days_late_make_their_neighbours_right(session, links):
    """Before and after them there are visits already, on the other side of midnight too."""
    minute = HOUR // 60
    base = MIDNIGHT - 3 * 24 * HOUR
    first = [ClickRecord(base - 90 * minute, 1, links[0], "aa", "phone", "", ""),
             ClickRecord(base + 20 * minute, 2, links[0], "aa", "phone", "", ""),
             ClickRecord(base + 100 * minute, 3, links[0], "aa", "phone", "", "")]  # fmt: skip
    service.load(session, first)
    service.load(session, [ClickRecord(MIDNIGHT, 4, links[0], "bb", "phone", "", "")])
    assert {reason for _, reason in stored(session).values()} == {None}
    service.load(session, [ClickRecord(base - 35 * minute, 5, links[0], "aa", "phone", "", "")])
    assert {nonce: reason for nonce, (_, reason) in stored(session).items() if reason} == {5: "repeated", 2: "repeated"}


@pytest.mark.parametrize("reason", [None, "repeated", *(set(rules.Reason) - {"repeated"}), "behaviour"])
def test_only_visits_that_count_or_repeat_one_that_does_are_earlier_visits(session, links, reason):
    """Also reasons that a later step gives, which this room does not know of."""
    service.load(session, [ClickRecord(MIDNIGHT, 1, links[0], "aa", "phone", "", "")])
    session.execute(sa.update(Click).values(reason=reason, is_qualified=reason is None))
    service.load(session, [ClickRecord(MIDNIGHT + 1, 2, links[0], "aa", "phone", "", "")])
    assert stored(session)[2][1] == ("repeated" if reason in {None, "repeated"} else None)


def test_visitors_that_share_a_trail_are_told_apart(session, links, monkeypatch):
    """A checksum of 32 bits is no identity."""
    monkeypatch.setattr(models, "trail_of", lambda ms, _visitor: ms // models.SPAN_MS * models.NEXT_SPAN)
    service.load(session, [ClickRecord(MIDNIGHT, 1, links[0], "aa", "phone", "", "")])
    service.load(
        session, [ClickRecord(MIDNIGHT + n, n, links[0], who, "phone", "", "") for n, who in ((2, "bb"), (3, "aa"))]
    )
    assert {nonce for nonce, (_, reason) in stored(session).items() if reason} == {3}
    assert session.scalar(sa.select(sa.func.count(Click.trail.distinct()))) == 1


def test_a_stored_click_has_the_trail_that_the_loader_would_give(session, links):
    service.load(session, [ClickRecord(MIDNIGHT, 1, links[0], "aa", "phone", "", "")])
    session.add(
        Click(
            clicked_at=tokens.moment(MIDNIGHT), nonce=2, link_id=links[0], community_id=1, merchant_id=1, visitor="aa",
            device="phone", is_qualified=True,
        )
    )  # fmt: skip
    session.flush()
    assert session.scalar(sa.select(sa.func.count(Click.trail.distinct()))) == 1


def test_touched_hours_are_those_of_new_rows_and_of_changed_ones(session, links, monkeypatch):
    calls = []
    monkeypatch.setattr(rollups, "mark_due", lambda _session, keys: calls.append(keys))
    hour = NOW.replace(hour=0)
    early = ClickRecord(MIDNIGHT - 1000, 1, links[0], "aa", "phone", "", "")
    service.load(session, [ClickRecord(MIDNIGHT, 2, links[0], "aa", "phone", "", "")])
    service.load(session, [early, ClickRecord(MIDNIGHT, 3, 999_999, "aa", "phone", "", "")])
    service.load(session, [early])
    previous = tokens.moment(MIDNIGHT - HOUR)
    assert calls == [{(hour, links[0])}, {(previous, links[0]), (hour, links[0])}, set()]
