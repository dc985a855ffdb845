"""Which commissions a merchant's receipts cover: the oldest first, each whole, none skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """What one commission asks of its merchant, in minor units.

    `first_event_id` gives its place in the line. `covered_minor` is the sum of its events that are covered already;
    of the others `gives_minor` is the sum of what they give (>= 0) and `takes_minor` of what they take back (<= 0).
    Commissions that need no funding stand in the same line, and are never marked as covered.
    """

    commission_id: int
    first_event_id: int
    needs_funding: bool
    is_covered: bool
    covered_minor: int
    gives_minor: int
    takes_minor: int

    @property
    def ask_minor(self) -> int:
        """What is still to be covered. Before any of it is covered, what was taken back never has to be paid."""
        return self.gives_minor if self.is_covered else self.gives_minor + self.takes_minor


@dataclass(frozen=True, slots=True)
class Coverage:
    """Commissions of which now all events are covered, or only what takes back; `up_to` is the
    first event of the last in line that the money reaches."""

    covered: tuple[int, ...]
    taken_back: tuple[int, ...]
    up_to: int | None


def cover(claims: Sequence[Claim], received_minor: int) -> Coverage:
    """Let what a merchant has paid cover its commissions, in the order of their first events.

    What is taken back from a covered commission is settled at once and frees its money for the others. The line stops
    at the first commission that asks for more than is left: none is paid by halves, none is overtaken.
    """
    back = [claim for claim in claims if claim.is_covered and claim.takes_minor]
    free = received_minor - sum(claim.covered_minor for claim in claims) - sum(claim.takes_minor for claim in back)
    covered = []
    up_to = None
    for claim in sorted(claims, key=lambda claim: claim.first_event_id):
        if claim.ask_minor > max(free, 0):
            break
        up_to = claim.first_event_id
        free -= claim.ask_minor
        if claim.needs_funding and claim.ask_minor > 0:
            covered.append(claim.commission_id)
    return Coverage(tuple(covered), tuple(claim.commission_id for claim in back), up_to)
