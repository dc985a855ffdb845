"""The verbs of claims: file one, answer it, appeal once. An acceptance never books: it makes the order known and says
whose it is, and the conveyor does the rest as for every other order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.claims import queries, rules
from affiliate.claims.models import Claim, ClaimPicture, ClaimStatus, Decline
from affiliate.communities.models import Community
from affiliate.conversions import reasons
from affiliate.conversions.models import AcceptedClaim
from affiliate.core import money
from affiliate.core.clock import local_date, rfc3339, start_of_day
from affiliate.core.db import affected, upsert
from affiliate.core.errors import Conflict, Forbidden, Invalid
from affiliate.core.i18n import DEFAULT_ZONE, _l
from affiliate.core.pictures import Picture
from affiliate.identity.actors import Actor
from affiliate.identity.service import record
from affiliate.merchants.models import Merchant, WebhookKind
from affiliate.orders import intake
from affiliate.storefronts.models import Pick

_SECOND = timedelta(seconds=1)


class AlreadyCredited(Conflict):
    code = "already_credited"
    message = _l("This order is counted for your community already; it stands under Orders. Nothing was filed.")


class CreditedElsewhere(Conflict):
    code = "credited_elsewhere"
    message = _l(
        "Another click or coupon counted for this order by the programme's rule, and a claim cannot take that away. "
        "Nothing was filed; how orders are credited stands on the programme's page."
    )


class AlreadyClaimed(Conflict):
    code = "already_claimed"
    message = _l("Your community has claimed this order before. That claim is kept, this one is not: see your claims.")


class NoSale(Conflict):
    code = "no_sale"
    message = _l("The store says that this order was cancelled or a test, so nothing can be earned. Nothing was filed.")


class TooManyOpen(Conflict):
    code = "too_many_open_claims"
    message = _l("Too many of your claims wait for an answer. Nothing was filed; claim again when some are answered.")


class OutsideClaimTime(Invalid):
    code = "outside_claim_time"
    message = _l("An order can be claimed from its day on for 60 days. Nothing was filed; please look at the date.")


class NotEnrolledThen(Invalid):
    code = "not_enrolled_then"
    message = _l("Your community was not in a programme of this store on that day. Nothing was filed.")


class AnsweredAlready(Conflict):
    code = "answered_already"
    message = _l("Somebody else has answered this claim. Their answer stands, yours was not kept; please look again.")


class NotYourTurn(Forbidden):
    code = "not_your_turn"
    message = _l("It is not your turn to answer this claim. Nothing was changed.")


class OrderIsAnothers(Conflict):
    code = "order_is_anothers"
    message = _l(
        "This order is credited to another community already, so the claim cannot be accepted. Nothing was changed; "
        "decline it, or check the order number."
    )


class LooksKnown(Conflict):
    code = "looks_known"
    message = _l(
        "Your shop has reported an order of that day and amount under another number. Nothing was changed; enter that "
        "number, or say that it is another order, so that none is counted twice."
    )


class AppealedAlready(Conflict):
    code = "not_appealable"
    message = _l("Only a declined claim can be appealed, and only once. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Filing:
    """What a community says of an order. `ordered_on` is a day in Western Indonesian Time."""

    order_ref: str
    ordered_on: date
    amount_minor: int
    note: str = ""
    link_code: str | None = None


def file(
    session: Session,
    community: Community,
    merchant: Merchant,
    filing: Filing,
    *,
    picture: Picture | None = None,
    actor: Actor,
    now: datetime,
) -> Claim:
    """File a claim, after looking at once what is known. Raises a refusal that says why there is nothing to claim."""
    if not actor.curates(community.id):
        raise Forbidden
    if not rules.may_be_filed(filing.ordered_on, local_date(now, DEFAULT_ZONE)):
        raise OutsideClaimTime(fields={"ordered_on": OutsideClaimTime.message})
    since = start_of_day(filing.ordered_on, DEFAULT_ZONE)
    until = min(since + timedelta(days=1), now + _SECOND)
    enrolled = queries.enrolled(session, community.id, merchant.id, since=since, until=until)
    if enrolled is None:
        raise NotEnrolledThen(fields={"merchant": NotEnrolledThen.message})
    key = rules.key_of(filing.order_ref)
    if not key:
        raise Invalid.field("order_ref", _l("Enter the order number as it stands in the store's e-mail."))
    finding = _finding(session, community, merchant, filing.order_ref)
    _refuse_too_many(session, community, actor)
    clicks, last = queries.clicks_before(session, community.id, merchant.id, until=until, window_days=enrolled[1])
    claim_id = session.execute(
        upsert(session, Claim)
        .values(
            merchant_id=merchant.id,
            community_id=community.id,
            link_id=_link_id(session, community, merchant, filing.link_code),
            order_ref=filing.order_ref,
            order_key=key,
            ordered_on=filing.ordered_on,
            amount_minor=filing.amount_minor,
            currency=merchant.currency,
            note=filing.note,
            status=ClaimStatus.OPEN,
            finding=finding,
            clicks=clicks,
            last_click_hour=last,
            filed_by=actor.ref,
            filed_at=now,
            due_at=rules.due_at(now),
            answer="",
            appeal="",
        )
        .on_conflict_do_nothing(index_elements=["community_id", "merchant_id", "order_key"])
        .returning(Claim.id)
    ).scalar_one_or_none()
    if claim_id is None:
        raise AlreadyClaimed
    if picture is not None:
        session.add(ClaimPicture(claim_id=claim_id, sha256=picture.sha256, width=picture.width, height=picture.height,
                                 body=picture.body))  # fmt: skip
    record(session, actor, "claim.filed", ("claim", claim_id), now=now, merchant=merchant.slug)
    session.flush()
    return session.get_one(Claim, claim_id)


def _finding(session: Session, community: Community, merchant: Merchant, order_ref: str) -> str:
    """Why the order is not counted, as far as we know. Raises where there is nothing to claim."""
    order = queries.order_of(session, merchant.id, rules.spellings(order_ref))
    if order is None:
        return rules.UNKNOWN
    known = queries.known(session, order)
    if known.reason in {reasons.CANCELLED, reasons.TEST_ORDER}:
        raise NoSale
    if known.credited_to == community.id:
        raise AlreadyCredited
    if known.credited_to is not None:
        raise CreditedElsewhere
    return known.reason or reasons.NO_CLICK


def _refuse_too_many(session: Session, community: Community, actor: Actor) -> None:
    whole, person = queries.unanswered(session, community.id, actor.ref)
    if whole >= rules.OPEN_PER_COMMUNITY or person >= rules.OPEN_PER_PERSON:
        raise TooManyOpen


def _link_id(session: Session, community: Community, merchant: Merchant, code: str | None) -> int | None:
    if not code:
        return None
    link = queries.link_of(session, community.id, merchant.id, code)
    if link is None:
        raise Invalid.field("link", _l("Your community has no link to this store with this code."))
    return link.id


def accept(
    session: Session,
    claim: Claim,
    *,
    order_ref: str,
    amount_minor: int,
    is_another: bool = False,
    actor: Actor,
    now: datetime,
) -> None:
    """The order is real and theirs: say so, and make it known where the store never reported it.

    `order_ref` is the store's own number, `amount_minor` what of a completed sale counts for commission. An order that
    is known keeps its own amounts. `is_another` says that it is none of the orders `queries.alike`. Raises NotYourTurn,
    AnsweredAlready, OrderIsAnothers, LooksKnown.
    """
    _refuse_out_of_turn(claim, actor, now)
    order = queries.order_of(session, claim.merchant_id, rules.spellings(order_ref))
    order_ref = order.ref if order else queries.as_the_store_writes(session, claim.merchant_id, order_ref)
    if not order_ref:
        raise Invalid.field("order_ref", _l("Enter the number under which your shop knows the order."))
    if order is None and not is_another and queries.alike(session, claim):
        raise LooksKnown
    if order is not None and queries.known(session, order).credited_to not in {None, claim.community_id}:
        raise OrderIsAnothers
    _conclude(session, claim, ClaimStatus.ACCEPTED, actor, now, confirmed_ref=order_ref)
    added = session.execute(
        upsert(session, AcceptedClaim)
        .values(
            merchant_id=claim.merchant_id,
            order_ref=order_ref,
            claim_id=claim.id,
            community_id=claim.community_id,
            link_id=claim.link_id,
            curator_id=_curator_of(session, claim.link_id),
            accepted_by=actor.ref,
            accepted_at=now,
        )
        .on_conflict_do_nothing(index_elements=["merchant_id", "order_ref"])
    )
    if not affected(added):
        raise OrderIsAnothers
    if order is None:
        _report(session, claim, order_ref, amount_minor, now)
    record(session, actor, "claim.accepted", ("claim", claim.id), now=now, order=order_ref)


def decline(session: Session, claim: Claim, *, reason: Decline, answer: str = "", actor: Actor, now: datetime) -> None:
    """No, and why. Raises NotYourTurn, AnsweredAlready, Invalid where "other" comes without words."""
    _refuse_out_of_turn(claim, actor, now)
    if reason is Decline.OTHER and not answer:
        raise Invalid.field("answer", _l("Say in a few words why."))
    _conclude(session, claim, ClaimStatus.DECLINED, actor, now, decline_reason=reason, answer=answer)
    record(session, actor, "claim.declined", ("claim", claim.id), now=now, reason=reason.value)


def appeal(session: Session, claim: Claim, *, words: str, actor: Actor, now: datetime) -> None:
    """Ask the platform to look at a declined claim, once. Raises AppealedAlready."""
    if not actor.curates(claim.community_id):
        raise Forbidden
    changed = session.execute(
        sa.update(Claim)
        .where(Claim.id == claim.id, Claim.status == ClaimStatus.DECLINED, Claim.appealed_at.is_(None))
        .values(status=ClaimStatus.APPEALED, appeal=words, appealed_at=now)
        .execution_options(synchronize_session=False)
    )
    if not affected(changed):
        raise AppealedAlready
    session.refresh(claim)
    record(session, actor, "claim.appealed", ("claim", claim.id), now=now)


def _refuse_out_of_turn(claim: Claim, actor: Actor, now: datetime) -> None:
    """The store answers an open claim, late too; the admin one that is overdue or appealed."""
    turn = rules.turn(claim.status, claim.due_at, now)
    if turn is rules.Turn.NOBODY:
        raise AnsweredAlready
    stores = claim.status is ClaimStatus.OPEN and claim.merchant_id in actor.merchants
    if not (stores or (turn is rules.Turn.ADMIN and actor.is_admin)):
        raise NotYourTurn


def _conclude(
    session: Session, claim: Claim, status: ClaimStatus, actor: Actor, now: datetime, **values: object
) -> None:
    """From where it stood when it was read; a second answer touches no row."""
    changed = session.execute(
        sa.update(Claim)
        .where(Claim.id == claim.id, Claim.status == claim.status)
        .values(status=status, answered_by=actor.ref, answered_at=now, **values)
        .execution_options(synchronize_session=False)
    )
    if not affected(changed):
        raise AnsweredAlready
    session.refresh(claim)


def _curator_of(session: Session, link_id: int | None) -> int | None:
    if link_id is None:
        return None
    return session.execute(sa.select(Pick.curator_id).where(Pick.link_id == link_id).limit(1)).scalar_one_or_none()


def _report(session: Session, claim: Claim, order_ref: str, amount_minor: int, now: datetime) -> None:
    """Keep the store's word as a delivery of its own, through the door of every other order, once a claim.

    Without a version and at the first moment that the order can have: what the store's system says, before or after,
    is newer and replaces it.
    """
    since = start_of_day(claim.ordered_on, DEFAULT_ZONE)
    enrolled = queries.enrolled(
        session, claim.community_id, claim.merchant_id, since=since, until=since + timedelta(days=1)
    )
    placed = rfc3339(rules.placed_at(since, enrolled[0] if enrolled else since, now))
    line = {"line_id": f"claim-{claim.id}", "quantity": 1,
            "unit_price": money.to_decimal(amount_minor, claim.currency)}  # fmt: skip
    body = {
        "type": "order.completed",
        "timestamp": placed,
        "data": {"order_id": order_ref, "currency": claim.currency, "placed_at": placed, "lines": [line]},
    }
    headers = {"webhook-id": f"etalase-claim-{claim.id}", "content-type": "application/json"}
    raw = json.dumps(body, separators=(",", ":")).encode()
    intake.keep(session, claim.merchant_id, WebhookKind.STANDARD, headers=headers, body=raw, now=now)
