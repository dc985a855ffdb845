"""Links are given out once, follow their product, and keep their code for ever."""

from __future__ import annotations

from itertools import chain, repeat

import pytest
import sqlalchemy as sa

from affiliate.links import queries, service
from affiliate.links.models import TrackingLink
from tests.conftest import NOW


def test_a_link_leads_to_the_products_present_address(make, session):
    product = make.product(make.merchant())
    link = service.create(session, make.community(), product, now=NOW)
    product.url = "https://toko-1.test/moved"
    session.flush()
    target = queries.target_of(session, link.code)
    assert target is not None
    assert (target.link_id, target.url, target.is_withdrawn) == (link.id, product.url, False)
    assert (link.created_at, link.merchant_id) == (NOW, product.merchant_id)


def test_a_taken_code_is_tried_again_and_nothing_is_lost(make, session):
    community, product = make.community(), make.product(make.merchant())
    codes = iter(["samesame", "samesame", "samesame", "otherone"])
    first = service.create(session, community, product, now=NOW, new_code=lambda: next(codes))
    second = service.create(session, community, product, now=NOW, new_code=lambda: next(codes))
    assert (first.code, second.code) == ("samesame", "otherone")
    assert session.scalar(sa.select(sa.func.count()).select_from(TrackingLink)) == 2


def test_when_no_code_is_free_it_says_so(make, session):
    community, product = make.community(), make.product(make.merchant())
    codes = chain(repeat("samesame"))
    service.create(session, community, product, now=NOW, new_code=lambda: next(codes))
    with pytest.raises(service.CodesUsedUp):
        service.create(session, community, product, now=NOW, new_code=lambda: next(codes))


def test_a_link_to_a_page_of_the_store(make, session):
    merchant = make.merchant()
    url = f"https://{merchant.allowed_hosts[0]}/promo"
    link = service.create_to(session, make.community(), merchant, url, now=NOW)
    target = queries.target_of(session, link.code)
    assert target is not None
    assert target.url == url


@pytest.mark.parametrize("url", ["https://evil.test/", "", "x" * 3000, "https://toko.test/" + "x" * 2000])
def test_a_foreign_or_endless_address_is_refused_and_leaves_no_link(make, session, url):
    merchant = make.merchant(allowed_hosts=["toko.test"])
    with pytest.raises(service.TargetRefused) as refused:
        service.create_to(session, make.community(), merchant, url, now=NOW)
    assert "target_url" in refused.value.fields
    assert session.scalar(sa.select(sa.func.count()).select_from(TrackingLink)) == 0


def test_withdrawing_and_restoring_happen_once(make, session):
    link = make.link(make.community(), make.product(make.merchant()))
    assert service.withdraw(session, link.id, now=NOW)
    assert not service.withdraw(session, link.id, now=NOW)
    assert queries.target_of(session, link.code).is_withdrawn
    assert service.restore(session, link.id)
    assert not service.restore(session, link.id)
    assert not queries.target_of(session, link.code).is_withdrawn


def test_suggestions_are_live_links_only(make, session):
    community, product = make.community(), make.product(make.merchant())
    live = make.link(community, product, code="abCd2345")
    gone = make.link(community, product, code="ABCD2345")
    service.withdraw(session, gone.id, now=NOW)
    assert [one.code for one in queries.suggestions(session, "abcd2345).")] == [live.code]
    assert queries.suggestions(session, "zzzzzzzz") == []


def test_all_targets_are_read_in_chunks(make, session, monkeypatch):
    monkeypatch.setattr(queries, "CHUNK", 3)
    community, product = make.community(), make.product(make.merchant())
    links = [make.link(community, product) for _ in range(10)]
    assert [target.link_id for target in queries.targets_after(session, links[0].id)] == [link.id for link in links[1:]]
