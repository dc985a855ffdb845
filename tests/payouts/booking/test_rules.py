import pytest

from payouts.booking.rules import Claim, Coverage, cover


def claim(number: int, gives: int, takes: int = 0, *, covered: int | None = None, funding: bool = True) -> Claim:
    """Commission `number`, whose first event has that id too; `covered` is the sum of its covered events."""
    return Claim(number, number, funding, covered is not None, covered or 0, gives, takes)


@pytest.mark.parametrize(
    ("claims", "received", "expected"),
    [
        ([], 100, Coverage((), (), None)),
        ([claim(1, 100)], 99, Coverage((), (), None)),
        ([claim(1, 100)], 100, Coverage((1,), (), 1)),
        ([claim(2, 50), claim(1, 100)], 120, Coverage((1,), (), 1)),
        ([claim(1, 100), claim(2, 50), claim(3, 10)], 120, Coverage((1,), (), 1)),
        ([claim(1, 100), claim(2, 50), claim(3, 10)], 160, Coverage((1, 2, 3), (), 3)),
    ],
    ids=["nobody", "too little", "exactly", "oldest first", "none overtakes", "all"],
)
def test_the_oldest_are_covered_first_and_whole(claims, received, expected):
    assert cover(claims, received) == expected


def test_what_was_taken_back_before_it_was_covered_is_never_asked_for():
    assert cover([claim(1, 100, -40), claim(2, 30)], 60) == Coverage((1,), (), 1)
    assert cover([claim(1, 100, -100), claim(2, 30)], 30) == Coverage((2,), (), 2)


def test_what_was_taken_back_from_a_covered_one_frees_its_money_for_the_next():
    assert cover([claim(1, 0, -40, covered=100), claim(2, 40)], 100) == Coverage((2,), (1,), 2)


def test_taking_back_does_not_wait_for_its_turn():
    assert cover([claim(1, 500), claim(2, 0, -40, covered=100)], 100) == Coverage((), (2,), None)


def test_a_covered_one_that_moves_to_somebody_else_takes_back_at_once_and_asks_for_the_rest():
    moved = claim(1, 120, -100, covered=100)
    assert cover([moved], 100) == Coverage((), (1,), None)
    assert cover([moved], 120) == Coverage((1,), (1,), 1)


def test_commissions_that_need_no_funding_take_their_place_in_the_line():
    held = claim(1, 100, funding=False)
    assert cover([held, claim(2, 50)], 100) == Coverage((), (), 1)
    assert cover([held, claim(2, 50)], 150) == Coverage((2,), (), 2)


def test_a_late_older_commission_cannot_undo_what_was_covered():
    assert cover([claim(1, 30, funding=False), claim(2, 0, covered=100)], 100) == Coverage((), (), None)
