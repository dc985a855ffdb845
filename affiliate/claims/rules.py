"""Claims: how long one may be filed and answered, what is known of its order, and what about it is odd. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

CLAIM_DAYS = 60  # after the order's day
ANSWER_DAYS = 10
OPEN_PER_COMMUNITY = 50
OPEN_PER_PERSON = 10
UNUSUAL_TIMES = 5  # an amount above so many usual orders of the store
USUAL_FROM = 5  # orders before we speak of a usual amount
UNKNOWN = "unknown_order"


class Turn(StrEnum):
    """Who answers next."""

    STORE = "store"
    ADMIN = "admin"
    NOBODY = "nobody"


class Flag(StrEnum):
    """What the store should look at before it answers."""

    NO_CLICK = "no_click"
    SAME_PICTURE = "same_picture"
    UNUSUAL_AMOUNT = "unusual_amount"
    CLAIMED_BY_ANOTHER = "claimed_by_another"


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of a claimed order: credited to whom (a community's id), or why to nobody."""

    credited_to: int | None
    reason: str | None


def key_of(order_ref: str) -> str:
    """An order number as people mean it: no sign before it, no spaces, no capitals."""
    return "".join(order_ref.split()).lstrip("#").casefold()[:120]


def spellings(order_ref: str) -> list[str]:
    """How a store may know an order number that a person typed, the likeliest first."""
    bare = order_ref.lstrip("# ")
    return list(dict.fromkeys([order_ref, bare, bare.upper(), f"#{bare}"]))


def may_be_filed(ordered_on: date, today: date) -> bool:
    """An order's day is neither in the future nor more than CLAIM_DAYS ago."""
    return timedelta(0) <= today - ordered_on <= timedelta(days=CLAIM_DAYS)


def due_at(filed_at: datetime) -> datetime:
    return filed_at + timedelta(days=ANSWER_DAYS)


def turn(status: str, due: datetime, now: datetime) -> Turn:
    """The store answers until the clock has run out, then the platform's admin; an appeal is the admin's at once."""
    if status == "appealed":
        return Turn.ADMIN
    if status != "open":
        return Turn.NOBODY
    return Turn.STORE if now < due else Turn.ADMIN


def placed_at(start_of_day: datetime, enrolled_at: datetime, now: datetime) -> datetime:
    """When an order is said to have been placed of which only the day is known.

    The day's first moment, so that the store's own word is newer whenever it comes; not before the enrollment under
    which it counts, nor after now.
    """
    enrolled = (enrolled_at + timedelta(seconds=1)).replace(microsecond=0)
    return min(max(start_of_day, enrolled), now.astimezone(UTC).replace(microsecond=0))


def flags(
    *, clicks: int, amount_minor: int, usual_minor: int | None, same_pictures: int, other_claims: int
) -> list[Flag]:
    """In the order in which they weigh. `usual_minor` is the mean order of the store, None where it has too few."""
    found = {
        Flag.SAME_PICTURE: same_pictures > 0,
        Flag.CLAIMED_BY_ANOTHER: other_claims > 0,
        Flag.NO_CLICK: clicks == 0,
        Flag.UNUSUAL_AMOUNT: bool(usual_minor) and amount_minor > UNUSUAL_TIMES * (usual_minor or 0),
    }
    return [flag for flag, is_so in found.items() if is_so]
