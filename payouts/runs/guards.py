"""Who may take which part in a run. Routes let all of finance in; the part itself is checked by the verb."""

from __future__ import annotations

from affiliate.core.errors import Forbidden
from affiliate.core.i18n import _l
from affiliate.identity.actors import Actor
from affiliate.identity.models import Role


class SamePerson(Forbidden):
    code = "same_person"
    message = _l("You made this run, so somebody else has to approve it. Nothing was changed.")


class NotYourPart(Forbidden):
    code = "not_your_part"
    message = _l("Your role does not allow this step of a payout run. Nothing was changed.")


def may_plan(actor: Actor) -> bool:
    return actor.is_admin or Role.FINANCE_MAKER in actor.roles


def may_approve(actor: Actor) -> bool:
    """Approving is not an admin's by nature: the role must have been granted."""
    return Role.FINANCE_APPROVER in actor.roles


def may_run(actor: Actor) -> bool:
    """Cancel, send and settle: everybody in finance, and admins."""
    return actor.is_admin or actor.is_finance


def require_planner(actor: Actor) -> None:
    if not may_plan(actor):
        raise NotYourPart


def require_approver(actor: Actor, *, made_by: str) -> None:
    """Raise SamePerson for the maker, NotYourPart for everybody who does not hold the role."""
    if actor.ref == made_by:
        raise SamePerson
    if not may_approve(actor):
        raise NotYourPart


def require_finance(actor: Actor) -> None:
    if not may_run(actor):
        raise NotYourPart
