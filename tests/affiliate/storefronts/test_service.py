"""Verbs of the shelf, with rows and audit entries looked at."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from affiliate.catalogue.models import ProductStatus
from affiliate.core.errors import NotFound
from affiliate.identity.models import AuditEntry
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import RateKind, RateScope
from affiliate.storefronts import earnings, queries, service
from affiliate.storefronts.models import CollectionStatus, Pick
from tests.conftest import NOW
from tests.factories import ROBOT


def put(session, community, shelf, product, note="Bagus."):
    return service.add_pick(session, community, shelf, product, note=note, curator=None, actor=ROBOT, now=NOW)


def order_of(session, shelf):
    return [card.product.id for card in queries.cards(session, shelf)]


def deeds(session):
    return session.execute(sa.select(AuditEntry.action).order_by(AuditEntry.id)).scalars().all()


@pytest.fixture
def community(make):
    return make.community()


@pytest.fixture
def shelf(make, community):
    return make.collection(community)


@pytest.fixture
def goods(make):
    merchant = make.merchant()
    return [make.product(merchant) for _number in range(4)]


class TestCollections:
    def test_titles_become_addresses_of_their_own(self, session, community):
        titles = ["Batik & Kebaya!", "Batik, kebaya", "日本", "日本", "é" * 120]
        made = [service.create_collection(session, community, title=t, actor=ROBOT, now=NOW) for t in titles]
        assert [row.slug for row in made] == ["batik-kebaya", "batik-kebaya-2", "koleksi", "koleksi-2", "e" * 54]
        assert [row.position for row in made] == [1, 2, 3, 4, 5]
        assert {row.status for row in made} == {CollectionStatus.DRAFT}

    def test_a_name_finds_by_slug_then_by_title_and_makes_what_is_missing(self, session, community):
        def called(name):
            return service.collection_called(session, community, name, actor=ROBOT, now=NOW)

        default = called(None)
        assert (default.slug, default.title, default.status) == ("pilihan", "Pilihan", CollectionStatus.PUBLISHED)
        assert called(None).id == called("pilihan").id == called("Pilihan").id == default.id
        night = called("Malam ini")
        assert called("malam-ini").id == called("Malam ini").id == night.id
        assert night.published_at == NOW

    def test_publishing_twice_is_publishing_once(self, session, make, community):
        draft = make.collection(community, status=CollectionStatus.DRAFT)
        service.publish(session, draft, actor=ROBOT, now=NOW)
        service.publish(session, draft, actor=ROBOT, now=NOW)
        assert draft.status is CollectionStatus.PUBLISHED
        assert draft.published_at == NOW
        service.unpublish(session, draft, actor=ROBOT, now=NOW)
        assert (draft.status, draft.published_at) == (CollectionStatus.DRAFT, None)
        session.flush()
        assert deeds(session) == ["collection.published", "collection.unpublished"]


class TestPicking:
    def test_each_pick_owns_a_link_to_its_product(self, session, make, community, shelf, goods):
        other = make.collection(community)
        here, there = put(session, community, shelf, goods[0]), put(session, community, other, goods[0])
        assert here.link.code != there.link.code
        for picked in (here, there):
            link = session.get(TrackingLink, picked.pick.link_id)
            assert (link.community_id, link.product_id, link.merchant_id) == (
                community.id,
                goods[0].id,
                goods[0].merchant_id,
            )

    def test_picks_stand_in_the_order_in_which_they_came(self, session, community, shelf, goods):
        for product in goods:
            put(session, community, shelf, product)
        assert order_of(session, shelf) == [product.id for product in goods]

    def test_the_same_product_again_is_the_first_pick(self, session, community, shelf, goods):
        first = put(session, community, shelf, goods[0], note="Pertama.")
        again = put(session, community, shelf, goods[0], note="Kedua.")
        assert (again.pick.id, again.link.id, again.is_new) == (first.pick.id, first.link.id, False)
        assert again.pick.note == "Pertama."
        assert session.execute(sa.select(sa.func.count(TrackingLink.id))).scalar() == 1

    def test_what_is_not_sold_any_more_is_refused(self, session, make, community, shelf):
        gone = make.product(make.merchant(), status=ProductStatus.WITHDRAWN)
        with pytest.raises(service.NotSoldAnyMore) as refusal:
            put(session, community, shelf, gone)
        assert "product" in refusal.value.fields

    def test_picks_of_another_community_are_not_there(self, session, make, community, shelf, goods):
        picked = put(session, community, shelf, goods[0])
        with pytest.raises(NotFound):
            queries.pick(session, make.community(), picked.pick.id)
        with pytest.raises(NotFound):
            queries.collection(session, make.community(), shelf.id)


class TestOrdering:
    @pytest.fixture
    def picks(self, session, community, shelf, goods):
        return [put(session, community, shelf, product).pick for product in goods]

    def test_up_and_down(self, session, shelf, goods, picks):
        assert service.step(session, picks[2], -1) == 2
        assert service.step(session, picks[0], 1) == 2
        assert order_of(session, shelf) == [goods[n].id for n in (2, 0, 1, 3)]
        assert service.step(session, picks[2], -1) == 1

    def test_behind_another_and_to_the_front(self, session, shelf, goods, picks):
        assert service.put_behind(session, picks[0], picks[3].id) == 4
        assert service.put_behind(session, picks[2], None) == 1
        assert order_of(session, shelf) == [goods[n].id for n in (2, 1, 3, 0)]
        positions = session.execute(sa.select(Pick.position).order_by(Pick.position)).scalars().all()
        assert positions == [1, 2, 3, 4]

    def test_a_race_with_a_withdrawal_is_lost(self, session, shelf, goods, picks):
        service.withdraw(session, picks[3], actor=ROBOT, now=NOW)
        with pytest.raises(service.ShelfChanged):
            service.put_behind(session, picks[0], picks[3].id)
        with pytest.raises(service.ShelfChanged):
            service.step(session, picks[3], -1)
        assert order_of(session, shelf) == [product.id for product in goods[:3]]

    def test_a_pick_of_another_shelf_is_no_anchor(self, session, make, community, picks):
        stranger = make.pick(community, make.product(make.merchant()))
        with pytest.raises(service.ShelfChanged):
            service.put_behind(session, picks[0], stranger.id)

    def test_equal_positions_are_put_right(self, session, shelf, goods, picks):
        session.execute(sa.update(Pick).values(position=7))
        service.step(session, picks[3], -1)
        assert order_of(session, shelf) == [goods[n].id for n in (0, 1, 3, 2)]


class TestWithdrawing:
    def test_withdrawn_and_brought_back_where_it_stood(self, session, community, shelf, goods):
        picks = [put(session, community, shelf, product).pick for product in goods]
        service.withdraw(session, picks[1], actor=ROBOT, now=NOW)
        assert order_of(session, shelf) == [goods[n].id for n in (0, 2, 3)]
        service.restore(session, picks[1], actor=ROBOT, now=NOW)
        service.restore(session, picks[1], actor=ROBOT, now=NOW)
        assert order_of(session, shelf) == [product.id for product in goods]
        session.flush()
        assert deeds(session)[-2:] == ["pick.withdrawn", "pick.restored"]

    def test_what_was_picked_anew_cannot_come_back_twice(self, session, community, shelf, goods):
        old = put(session, community, shelf, goods[0])
        service.withdraw(session, old.pick, actor=ROBOT, now=NOW)
        anew = put(session, community, shelf, goods[0])
        assert anew.is_new
        assert anew.link.code != old.link.code
        with pytest.raises(service.AlreadyOnShelf):
            service.restore(session, old.pick, actor=ROBOT, now=NOW)
        assert order_of(session, shelf) == [goods[0].id]


class TestEarnings:
    def test_by_the_terms_and_the_split_of_now(self, session, make, community):
        merchant = make.merchant()
        programme = make.programme(merchant, bps=1000)
        make.enrollment(programme, community, split=(2000, 5000, 3000, 0))
        later = [{"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": 9000}]
        make.terms(programme, rates=later, valid_from=NOW.replace(year=NOW.year + 1))
        product = make.product(merchant, price_minor=20_000_000, sale_price_minor=10_000_000)
        found = earnings.offers(session, community, [merchant.id], now=NOW)
        assert earnings.brings(product, found) == 800_000
        assert earnings.is_enrolled(session, community, merchant.id, now=NOW)

    def test_nothing_without_enrollment_or_after_its_end(self, session, make, community):
        merchant = make.merchant()
        enrollment = make.enrollment(make.programme(merchant), community)
        stranger = make.community()
        assert earnings.offers(session, stranger, [merchant.id], now=NOW) == {}
        enrollment.ended_at = NOW
        session.flush()
        assert earnings.offers(session, community, [merchant.id], now=NOW) == {}
        assert not earnings.is_enrolled(session, community, merchant.id, now=NOW)
        assert earnings.brings(make.product(merchant), {}) is None
