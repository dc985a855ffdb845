"""Filing, answering, and what an acceptance does to the books: the same by any way."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from affiliate.claims import queries, service
from affiliate.claims.models import Claim, ClaimStatus, Decline
from affiliate.claims.pictures import NotAPicture, read_picture
from affiliate.conversions.models import AcceptedClaim
from affiliate.core.clock import start_of_day
from affiliate.core.errors import AppError, Forbidden, Invalid, NotFound
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.identity.actors import NOBODY
from affiliate.identity.models import AuditEntry
from affiliate.merchants.models import WebhookKind
from affiliate.orders import intake
from affiliate.orders.models import Delivery
from tests.affiliate.claims.filed import DAY, Claims, photo
from tests.affiliate.conversions.sold import CLICKED, NOW
from tests.affiliate.orders.shop import body_of, message, refund
from tests.flows.books import violations

MORNING = start_of_day(DAY, DEFAULT_ZONE)
PLACED = (MORNING + timedelta(hours=9)).isoformat().replace("+00:00", "Z")


def refused(error: type[AppError], do) -> None:
    with pytest.raises(error) as found:
        do()
    assert str(found.value.text)


def told(claims: Claims, delivery: str, content) -> None:
    """The store's system says something, as the hook keeps it."""
    headers, body = {"webhook-id": delivery}, body_of(content)
    intake.keep(claims.session, claims.merchant.id, WebhookKind.STANDARD, headers=headers, body=body, now=NOW)


def test_an_unknown_order_is_filed_with_the_clicks_before_it(claims):
    claims.clicked(4, MORNING - timedelta(days=2))
    claims.clicked(3, MORNING + timedelta(hours=2))
    claims.clicked(9, MORNING + timedelta(days=2))  # after the order
    claim = claims.file("#B-1")
    assert (claim.status, claim.finding, claim.clicks) == (ClaimStatus.OPEN, "unknown_order", 7)
    assert claim.due_at == NOW + timedelta(days=10)
    assert claim.last_click_hour == MORNING + timedelta(hours=2)
    (entry,) = claims.session.execute(sa.select(AuditEntry).where(AuditEntry.action == "claim.filed")).scalars()
    assert entry.subject_id == str(claim.id)


def test_a_known_order_that_nobody_has_is_filed_with_the_reason(claims):
    order = claims.order(token=None)
    claims.settle(order)
    assert claims.file(f"#{order.ref}").finding == "no_click"


def test_what_cannot_be_claimed_is_refused_by_name_and_nothing_is_kept(claims, make):
    own, cancelled, theirs = claims.order(), claims.order(status="cancelled", token=None), claims.order(token=None)
    other = make.community()
    make.enrollment(claims.programme, other)
    theirs.click_token = claims.token(link_id=make.pick(other, make.product(claims.merchant)).link_id, nonce=99)
    claims.settle(own, cancelled, theirs)
    refused(service.AlreadyCredited, lambda: claims.file(own.ref))
    refused(service.NoSale, lambda: claims.file(cancelled.ref))
    refused(service.CreditedElsewhere, lambda: claims.file(theirs.ref))
    refused(service.OutsideClaimTime, lambda: claims.file(ordered_on=DAY - timedelta(days=90)))
    refused(service.OutsideClaimTime, lambda: claims.file(ordered_on=NOW.date() + timedelta(days=1)))
    stranger = make.community()
    refused(service.NotEnrolledThen, lambda: claims.file(community=stranger))
    refused(Forbidden, lambda: claims.file(actor=claims.person(stranger)))
    refused(Invalid, lambda: claims.file(" # "))
    refused(Invalid, lambda: claims.file(link_code="no-such"))
    assert claims.session.execute(sa.select(sa.func.count()).select_from(Claim)).scalar_one() == 0


def test_an_order_is_claimed_once_by_a_community_and_also_by_another(claims, make):
    first = claims.file("B-77")
    refused(service.AlreadyClaimed, lambda: claims.file(" #b-77"))
    other = make.community()
    make.enrollment(claims.programme, other)
    second = claims.file("B-77", community=other)
    assert queries.other_claims(claims.session, first) == queries.other_claims(claims.session, second) == 1
    claims.accept(first)
    refused(service.OrderIsAnothers, lambda: claims.accept(second))


def test_a_person_and_a_community_have_only_so_many_unanswered(claims, monkeypatch):
    monkeypatch.setattr("affiliate.claims.rules.OPEN_PER_PERSON", 2)
    claims.file()
    claims.file()
    refused(service.TooManyOpen, claims.file)
    monkeypatch.setattr("affiliate.claims.rules.OPEN_PER_COMMUNITY", 3)
    claims.file(actor=claims.person(claims.community, "user:905"))
    refused(service.TooManyOpen, lambda: claims.file(actor=claims.person(claims.community, "user:906")))


def test_an_accepted_claim_of_an_unknown_order_earns_once_however_often_it_is_worked(claims):
    claim = claims.file("B-1", link_code=None)
    claims.accept(claim)
    assert claims.books("B-1") == {}, "nothing is booked by the answer itself"
    for _again in range(3):
        claims.work()
    books = claims.books("B-1")
    assert books["credits"] == [("claim", claims.community.id, 10_000, None)]
    assert books["conversion"] == ("confirmed", None, claims.community.id)
    assert books["earned"] == 1_000_000
    assert claim.settled_at is not None
    assert violations(claims.session) == {}


def test_an_order_that_the_shop_numbers_in_another_way_is_not_counted_twice(claims):
    """Shopify tells its own long number, the customer's e-mail says #1001."""
    order = claims.order(token=None, ref="820982911946154508", placed_at=MORNING + timedelta(hours=4))
    claims.settle(order)
    claim = claims.file("#1001", amount_minor=order.total_minor)
    assert [one.id for one in queries.alike(claims.session, claim)] == [order.id]
    refused(service.LooksKnown, lambda: claims.accept(claim))
    claims.accept(claim, order.ref)
    claims.work()
    assert claims.books(order.ref)["earned"] == 1_000_000
    assert claims.books("1001") == claims.books("#1001") == {}
    other = claims.file("#1002", amount_minor=order.total_minor)
    claims.accept(other, is_another=True)
    claims.work()
    assert claims.books("1002")["earned"] == 1_000_000
    assert queries.alike(claims.session, claims.file(amount_minor=order.total_minor + 1)) == []


@pytest.mark.parametrize(("known", "typed"), [("1001", "#1001"), ("#1001", "1001"), ("AB-1", "#ab-1")])
def test_the_sign_before_a_number_makes_no_second_order(claims, known, typed):
    order = claims.order(token=None, ref=known, placed_at=MORNING)
    claims.settle(order)
    claims.accept(claims.file(typed))
    claims.work()
    assert claims.books(known)["credits"][0][0] == "claim"
    assert claims.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 0


def test_a_store_that_writes_the_sign_keeps_it(claims):
    claims.settle(claims.order(token=None, ref="#1001"))
    claims.accept(claims.file("1002", amount_minor=12_000_000))
    claims.work()
    assert claims.books("#1002")["earned"] == 1_200_000
    assert claims.books("1002") == {}


def test_without_an_acceptance_nothing_of_it_is_booked(claims):
    claim = claims.file("B-1")
    service.decline(claims.session, claim, reason=Decline.NOT_FOUND, actor=claims.staff, now=NOW)
    claims.work()
    assert claims.books("B-1") == {}
    told(claims, "d-1", message("order.completed", timestamp=PLACED, order_id="B-1", placed_at=PLACED))
    claims.work()
    assert claims.books("B-1")["earned"] == 0
    assert claims.books("B-1")["conversion"][:2] == ("declined", "no_click")


def by_every_way(claims, version: int) -> list[dict]:
    """Acceptance, the store's own message, its refund and the conveyor's turns, in every order: the books of each."""
    whole = message("order.completed", timestamp=PLACED, version=version, placed_at=PLACED)
    back = refund(version=2 * version, timestamp=PLACED, amount="54000.00")
    ends = []
    for number, way in enumerate(itertools.permutations(["accept", "whole", "back"])):
        ref = f"P-{number}"
        claim = claims.file(ref, amount_minor=99_000_000, actor=claims.person(claims.community, f"user:{number}"))
        for step in way:
            if step == "accept":
                claims.accept(claim)
            else:
                content = whole if step == "whole" else back
                content["data"]["order_id"] = ref
                told(claims, f"{ref}-{step}", content)
            if number % 2:
                claims.work()
        claims.work()
        ends.append(claims.books(ref))
    return ends


@pytest.mark.parametrize("version", [0, 1])
def test_any_way_to_the_same_facts_gives_the_same_books(claims, version):
    ends = by_every_way(claims, version)
    assert all(end == ends[0] for end in ends), ends
    # Rp270.000 as the store's own message says, less Rp54.000, at 10 %: the claim's amount is gone.
    assert ends[0]["order"] == ("completed", 21_600_000, 5_400_000)
    assert ends[0]["earned"] == 2_160_000
    assert ends[0]["credits"] == [("claim", claims.community.id, 10_000, None)]
    assert violations(claims.session) == {}


def test_the_stores_word_would_lose_if_the_claim_were_newer(claims, monkeypatch):
    """The control: with the hour of its acceptance on it, a claim's amount would stand above the store's own."""
    monkeypatch.setattr("affiliate.claims.rules.placed_at", lambda _start, _enrolled, now: now)
    assert {end["order"][1] for end in by_every_way(claims, 0)} != {21_600_000}


@pytest.mark.parametrize("claim_first", [True, False])
def test_a_click_of_another_community_goes_before_an_accepted_claim(claims, make, claim_first):
    other = make.community()
    make.enrollment(claims.programme, other)
    link = make.pick(other, make.product(claims.merchant)).link_id
    token = claims.token(link_id=link, clicked_at=MORNING, nonce=5)
    content = message("order.completed", timestamp=PLACED, order_id="B-1", placed_at=PLACED, click_token=token)
    claim = claims.file("B-1")
    if claim_first:
        claims.accept(claim)
        claims.work()
        assert claims.books("B-1")["conversion"][2] == claims.community.id
    told(claims, "d-1", content)
    claims.work()
    if not claim_first:
        refused(service.OrderIsAnothers, lambda: claims.accept(claim))
        return
    books = claims.books("B-1")
    assert books["credits"][0][:3] == ("token", other.id, 10_000)
    assert books["credits"][1] == ("claim", claims.community.id, 0, "lower_rung")
    assert violations(claims.session) == {}


def test_the_second_answer_loses_and_the_first_stands(claims):
    claim = claims.file()
    claims.session.execute(
        sa.update(Claim).where(Claim.id == claim.id)
        .values(status="declined", decline_reason="other", answered_by="user:1")
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    refused(service.AnsweredAlready, lambda: claims.accept(claim))
    claims.session.refresh(claim)
    assert (claim.status, claim.answered_by) == (ClaimStatus.DECLINED, "user:1")
    assert claims.session.execute(sa.select(sa.func.count()).select_from(AcceptedClaim)).scalar_one() == 0
    assert claims.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 0
    refused(service.AnsweredAlready, lambda: claims.accept(claim))


def test_who_answers_when(claims, make):
    claim, late = claims.file(), NOW + timedelta(days=10)
    foreign = Claims(make).staff
    for nobody in (foreign, claims.curates, NOBODY, claims.admin):
        refused(service.NotYourTurn, lambda nobody=nobody: claims.accept(claim, actor=nobody))
    assert [row[0].id for row in queries.for_admin(claims.session, now=late, limit=9)] == [claim.id]
    assert not queries.for_admin(claims.session, now=NOW, limit=9)
    service.decline(claims.session, claim, reason=Decline.CANCELLED, actor=claims.admin, now=late)
    service.appeal(claims.session, claim, words="Barangnya tidak kami kembalikan.", actor=claims.curates, now=late)
    refused(service.NotYourTurn, lambda: claims.accept(claim))
    refused(service.AppealedAlready, lambda: service.appeal(
        claims.session, claim, words="Lagi", actor=claims.curates, now=late))  # fmt: skip
    claims.accept(claim, actor=claims.admin, now=late)
    claims.work(late)
    assert claims.books(claim.order_ref)["earned"] == 1_000_000


def test_only_the_two_sides_and_the_platform_see_a_claim(claims, make):
    claim = claims.file()
    stranger = Claims(make)
    for actor in (claims.curates, claims.staff, claims.admin):
        assert queries.claim_for(claims.session, actor, claim.id)[0].id == claim.id
    for actor in (stranger.curates, stranger.staff, NOBODY):
        refused(NotFound, lambda actor=actor: queries.claim_for(claims.session, actor, claim.id))
        assert not queries.claims(claims.session, actor, limit=9) or actor is stranger.curates


def test_a_named_link_tells_whose_pick_it_was(claims):
    code = claims.session.execute(sa.text(f"SELECT code FROM tracking_links WHERE id = {claims.pick.link_id}")).scalar()
    claims.accept(claims.file("B-1", link_code=code))
    claims.work()
    (row,) = claims.session.execute(sa.select(AcceptedClaim)).scalars()
    assert (row.link_id, row.curator_id) == (claims.pick.link_id, claims.curator.id)
    assert violations(claims.session) == {}


def test_a_picture_is_written_anew_and_the_same_one_twice_is_seen(claims):
    picture = read_picture(photo("navy", "JPEG"))
    assert picture.body[:4] == b"RIFF"
    first, second = claims.file(picture=picture), claims.file(picture=read_picture(photo("navy", "JPEG")))
    assert queries.same_pictures(claims.session, first) == queries.same_pictures(claims.session, second) == 1
    assert queries.same_pictures(claims.session, claims.file()) == 0


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"<svg/>", photo()[:60], photo(size=(3, 900)), b"x" * 5_242_881])
def test_what_is_no_picture_is_refused_with_the_reason(data):
    with pytest.raises(NotAPicture) as found:
        read_picture(data)
    assert str(found.value.fields["picture"])


def test_the_conveyor_asks_once_a_batch_whatever_is_claimed(claims, count_statements):
    def cost(number: int) -> int:
        orders = [claims.order(token=None, placed_at=CLICKED + timedelta(hours=1)) for _one in range(number)]
        with count_statements() as made:
            claims.settle(*orders)
        return made[0]

    assert cost(2) == cost(40)
