"""The funnel's pages, its file and its API: the same numbers, each opening the rows that it sums; nobody else's."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine

from affiliate.conversions.models import ConversionStatus
from affiliate.identity.models import Role
from affiliate.orders.models import Order

PENDING, CONFIRMED, DECLINED = ConversionStatus.PENDING, ConversionStatus.CONFIRMED, ConversionStatus.DECLINED
A_FIGURE = re.compile(r'<a href="(/(?:portal|merchant)/[a-z-]+/orders\?[^"]*stage=[^"]*)">([\d.,]+)</a>')


@pytest.fixture
def busy(make, day, session, noon):
    """A community that sells for two stores, with some orders at every stage on two days."""
    community = make.community(slug="kebaya", name="Kebaya Kita")
    merchant = make.merchant(slug="batik", name="Toko Batik")
    shelf = make.collection(community, title="Kantor")
    first = make.pick(community, make.product(merchant, title="=HYPERLINK(1)"), collection=shelf)
    second = make.pick(community, make.product(make.merchant(slug="lain", name="Toko Lain"), title="Selendang"))
    for ago in (timedelta(0), timedelta(days=1), timedelta(days=40)):
        day.view(community, [first, second], ago=ago)
        for pick in (first, first, second):
            day.visit(pick, ago=ago)
        day.earned(day.order(first, CONFIRMED, ago=ago), 1000_00)
        day.order(second, PENDING, ago=ago)
        day.order(first, DECLINED, ago=ago)
    back = day.order(first, CONFIRMED)
    session.execute(sa.update(Order).where(Order.id == back.order_id).values(refunded_minor=1))
    session.commit()
    return community, merchant, first, second


PLACES = [
    (Role.CURATOR, "community", "/portal/kebaya/insights", ("day", "collection", "pick", "merchant")),
    (Role.MERCHANT_STAFF, "merchant", "/merchant/batik/insights", ("day", "community", "pick")),
    (Role.FINANCE_MAKER, None, "/finance/insights", ("day", "community", "merchant", "pick")),
]


def somebody(make, busy, role, scope):
    community, merchant, _first, _second = busy
    return make.user(role, {"community": community.id, "merchant": merchant.id}.get(scope), locale="en")


@pytest.mark.parametrize(("role", "scope", "place", "groupings"), PLACES)
def test_every_figure_opens_as_many_orders_as_it_says(client, make, enter, busy, role, scope, place, groupings):
    enter(somebody(make, busy, role, scope))
    opened = 0
    for by in groupings:
        page = client.get(f"{place}?days=7&by={by}")
        assert page.status_code == 200
        for href, number in A_FIGURE.findall(page.text):
            listed = client.get(unescape(href))
            assert listed.status_code == 200
            rows = listed.text.count('<td class="nowrap"><a href="/merchant/') or listed.text.count(
                '<td class="nowrap">A-'
            )
            assert rows == int(number), (by, unescape(href))
            opened += 1
    assert opened > 6


@pytest.mark.parametrize(("role", "scope", "place", "groupings"), PLACES)
def test_every_link_of_the_page_opens(client, make, enter, busy, role, scope, place, groupings):
    enter(somebody(make, busy, role, scope))
    for by in groupings:
        page = client.get(f"{place}?by={by}&days=7").text
        main = page[page.index("<main") :]
        for href in {unescape(found) for found in re.findall(r'href="(/[^"]*)"', main)}:
            answer = client.get(href)
            assert answer.status_code == 200, href


def test_the_numbers_and_the_words_of_the_page(client, make, enter, busy):
    enter(somebody(make, busy, Role.CURATOR, "community"))
    page = client.get("/portal/kebaya/insights?days=7&by=pick").text
    assert "From view to sale" in page
    assert "16 Nov – 22 Nov 2026" in page
    assert "One row is one pick" in page
    assert "=HYPERLINK(1)" in page
    assert "Rp1.800" in page  # nine tenths of two commissions of Rp1.000
    assert re.search(r'aria-sort="(ascending|descending)"', page) is None
    sorted_page = client.get("/portal/kebaya/insights?days=7&by=pick&sort=name").text
    assert sorted_page.index("Selendang") < sorted_page.index("=HYPERLINK(1)")
    assert 'aria-sort="descending"' in sorted_page
    upwards = client.get("/portal/kebaya/insights?days=7&by=pick&sort=clicks.up").text
    assert upwards.index("Selendang") < upwards.index("=HYPERLINK(1)")


def test_the_file_has_the_tables_rows_and_no_formula(client, make, enter, busy):
    enter(somebody(make, busy, Role.CURATOR, "community"))
    answer = client.get("/portal/kebaya/insights.csv?days=7&by=pick")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="portal-kebaya-pick-2026-11-16-2026-11-22.csv"'
    )
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1)", "Selendang"]
    first = rows[0]
    assert (first["views"], first["clicks"], first["orders"], first["completed"]) == ("2", "4", "5", "3")
    assert (first["refunded"], first["cancelled"], first["earned_IDR"]) == ("1", "2", "1800.00")
    assert (first["conversion_percent"], first["per_click_IDR"]) == ("125.00", "450.00")


def test_filters_narrow_and_foreign_ones_are_not_there(client, make, enter, busy):
    community, merchant, first, second = busy
    foreign = make.pick(make.community(), make.product(make.merchant()))
    enter(somebody(make, busy, Role.CURATOR, "community"))
    here = "/portal/kebaya/insights.csv?days=7&by=pick"

    def named(filter_: str) -> list[str]:
        return [row["name"] for row in csv.DictReader(io.StringIO(client.get(f"{here}&{filter_}").text))]

    assert named(f"collection={first.collection_id}") == ["'=HYPERLINK(1)"]
    assert named(f"link={second.link_id}") == ["Selendang"]
    assert named(f"store={merchant.id}") == ["'=HYPERLINK(1)"]
    assert named("link=abc") == ["'=HYPERLINK(1)", "Selendang"]
    for wrong in (
        f"collection={foreign.collection_id}", f"link={foreign.link_id}", "store=999999", "link=9223372036854775807",
    ):  # fmt: skip
        assert client.get(f"{here}&{wrong}").status_code == 404, wrong
    assert client.get(f"{here}&community={community.id + 999}").status_code == 200  # it is this community's already


@pytest.mark.parametrize(
    "args", ["from=2026-11-20&to=x", "from=9999-99-99", "days=0", "month=2026-00", "by=hour", "sort=;", "sort=.up",
             "collection=99999999999999999999", "from=2100-12-31", "from=2000-01-01&to=2000-01-01"],
)  # fmt: skip
def test_no_address_makes_it_fall(client, make, enter, busy, args):
    enter(somebody(make, busy, Role.CURATOR, "community"))
    assert client.get(f"/portal/kebaya/insights?{args}").status_code == 200
    assert client.get(f"/portal/kebaya/orders?stage=open&{args}").status_code == 200


def test_strangers_see_nothing(client, make, enter, busy):
    enter(make.user(Role.CURATOR, make.community().id))
    for place in ("/portal/kebaya/insights", "/portal/kebaya/insights.csv", "/merchant/batik/insights",
                  "/finance/insights", "/finance/insights.csv"):  # fmt: skip
        assert client.get(place).status_code == 404, place


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("", "Nobody has looked yet"),
        ("?from=2020-01-01&to=2020-01-02", "Nobody has looked yet"),
    ],
)
def test_a_new_community_is_told_the_next_step(client, make, enter, noon, args, words):
    community = make.community(slug="baru")
    enter(make.user(Role.COMMUNITY_OWNER, community.id, locale="en"))
    page = client.get(f"/portal/baru/insights{args}").text
    assert words in page
    assert "See the shop window" in page
    assert "Download CSV" not in page


def test_days_without_anything_are_told_apart_from_never(client, make, enter, busy):
    enter(somebody(make, busy, Role.CURATOR, "community"))
    page = client.get("/portal/kebaya/insights?from=2020-01-01&to=2020-01-02").text
    assert "Nothing happened in this period" in page
    assert "Show the last 90 days" in page
    _community, _merchant, _first, second = busy
    page = client.get(f"/portal/kebaya/insights?from=2020-01-01&to=2020-01-02&link={second.link_id}").text
    assert "Show everything" in page


def test_no_overview_reads_the_clicks_themselves(client, make, enter, busy):
    """They may be millions: pages read the sums by the hour."""
    said: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        said.append(statement)

    enter(make.user(Role.ADMIN))
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for place in ("/portal/kebaya/", "/merchant/batik/", "/portal/kebaya/insights?by=pick", "/finance/insights"):
            assert client.get(place).status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert any("click_hours" in statement for statement in said)
    assert [statement for statement in said if re.search(r"\b(FROM|JOIN) (clicks|page_views)\b", statement)] == []


def test_the_api_says_what_the_page_says(client, make, session, busy):
    community, _merchant, first, _second = busy
    key = make.key(Role.CURATOR, community.id)
    answer = client.get("/api/v1/insights/funnel?from=2026-11-16&to=2026-11-22&by=pick", headers=key)
    assert answer.status_code == 200
    body = answer.json
    assert (body["from"], body["to"], body["zone"], body["earned_is"]) == (
        "2026-11-16", "2026-11-22", "Asia/Jakarta", "community_part",
    )  # fmt: skip
    assert [item["pick"] for item in body["items"]] == ["=HYPERLINK(1)", "Selendang"]
    one = body["items"][0]
    assert (one["views"], one["clicks"], one["orders"], one["completed"], one["refunded"]) == (2, 4, 5, 3, 1)
    assert one["earned"] == [{"amount": "1800.00", "currency": "IDR"}]
    assert (body["total"]["orders"], body["total"]["open"], body["total"]["views"]) == (7, 2, 2)
    assert body["before"]["orders"] == 0
    for by, count in (("day", 7), ("collection", 2), ("merchant", 2), ("community", 1)):
        items = client.get(f"/api/v1/insights/funnel?from=2026-11-16&by={by}", headers=key).json["items"]
        assert len(items) == count
        assert sum(item["orders"] for item in items) == 7
    link = client.get(f"/api/v1/insights/funnel?from=2026-11-16&link={one['link']}", headers=key).json
    assert link["total"]["orders"] == 5
    shelf = client.get(f"/api/v1/insights/funnel?from=2026-11-16&collection={first.collection_id}", headers=key).json
    assert shelf["total"] == link["total"]


def test_the_api_gives_each_their_own(client, make, busy):
    _community, merchant, _first, _second = busy
    stranger = make.key(Role.CURATOR, make.community(slug="lain").id)
    store, finance = make.key(Role.MERCHANT_STAFF, merchant.id), make.key(Role.FINANCE_MAKER)
    place = "/api/v1/insights/funnel?from=2026-11-16"
    assert client.get(f"{place}&community=kebaya", headers=stranger).status_code == 404
    assert client.get(f"{place}&merchant=batik", headers=stranger).status_code == 404
    assert client.get(f"{place}&community=tidak-ada", headers=finance).status_code == 404
    assert client.get(place, headers=stranger).json["total"]["orders"] == 0
    assert client.get(place).status_code == 401
    own = client.get(f"{place}&merchant=batik&community=kebaya", headers=store).json
    assert (own["total"]["orders"], own["earned_is"]) == (5, "commission")
    assert client.get(place, headers=finance).json["total"]["orders"] == 7
    for wrong in ("by=hour", "from=1999-01-01", "from=x", "collection=0"):
        answer = client.get(f"/api/v1/insights/funnel?{wrong}", headers=finance)
        assert answer.status_code == 422, wrong
        assert wrong.partition("=")[0] in answer.json["errors"], wrong
