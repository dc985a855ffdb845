"""No input gives a 500, an unexpected traceback, or a row that a refusal should not leave; a wrong field is named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

import app as application
from affiliate.core import clock, work
from affiliate.core.db import db, transaction
from affiliate.core.signing import standard_signature
from affiliate.identity.models import AuditEntry
from affiliate.merchants.models import Merchant, WebhookKey
from affiliate.orders.models import Delivery, DeliveryStatus, Order
from tests.conftest import NOW, SHARED
from tests.flows.books import violations
from tests.hostile import inputs
from tests.hostile.house import MERCHANT, House, form_bytes, json_bytes, query, routes

MONEY = {"amount": "149000.00", "currency": "IDR"}
# What is taken, so that one hostile field at a time gets past its neighbours.
GOOD: dict[str, dict[str, Any]] = {
    "/api/v1/communities": {"slug": "baru-sekali", "name": "Baru"},
    "/api/v1/merchants": {"slug": "toko-baru", "name": "Toko", "currency": "IDR", "shop_url": "https://toko.test",
                          "allowed_hosts": ["toko.test"], "click_param": "etl"},
    "/api/v1/merchants/<slug>/webhook-keys": {"kind": "standard", "secret": None},
    "/api/v1/programmes": {"merchant": MERCHANT, "name": "P", "window_days": 30, "hold_days": 14,
                           "payable_when": "held", "timezone": "Asia/Jakarta"},
    "/api/v1/programmes/<int:programme_id>/terms": {"valid_from": "2026-12-01T00:00:00Z", "rates": [
        {"scope": "brand", "match": "Acme", "kind": "percent", "bps": 500, "amount": None},
        {"scope": "all", "match": None, "kind": "per_item", "bps": None, "amount": MONEY}]},
    "/api/v1/enrollments": {"programme": 1, "community": "sahabat-senandika", "valid_from": None, "split": {
        "platform_bps": 1000, "community_bps": 6000, "curator_bps": 3000, "evangelist_bps": 0}},
    "/api/v1/communities/<slug>/picks": {"product": 1, "collection": "Baru", "note": "Bagus.", "curator": "ada"},
    "/api/v1/claims": {"community": "lemari-kita", "merchant": MERCHANT, "order_ref": "RA-1",
                       "ordered_on": "2026-10-30", "amount": MONEY, "link": "", "note": "Hilang."},
    "/api/v1/claims/<int:claim_id>/answer": {"outcome": "accepted", "order_ref": "RA-1", "amount": MONEY,
                                             "reason": None, "answer": "", "is_another": True},
    "/api/v1/receipts": {"merchant": MERCHANT, "amount": MONEY, "reference": "TRF-9", "received_on": "2026-10-30"},
    "/api/v1/payout-runs": {"cutoff": "2026-11-01T00:00:00Z", "currency": "IDR", "minimum": MONEY},
    "/api/v1/payout-runs/<int:run_id>/approval": {"digest": "0" * 64},
    "/api/v1/payouts/<int:payout_id>/settlement": {"status": "paid", "reference": "R"},
}  # fmt: skip
# A form that werkzeug gives up half-way leaves its parts to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed file.*SpooledTemporaryFile:ResourceWarning"),
]
STANDING = ("/static", "/assets")  # files that packages serve


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    made = House(app)
    yield made
    made.close()


@pytest.mark.timeout(1200)
def test_no_input_gives_a_500(house: House):
    """A seeded share of everything; `make campaign` asks the rest."""
    besiege(house, random.Random(20261126), share=1)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_no_input_gives_a_500_however_long_one_tries(house: House):
    seed = random.randrange(10**9)
    besiege(house, random.Random(seed), share=25, note=f"seed {seed}")


def test_a_fault_a_logged_error_and_a_row_of_a_refusal_are_found_out(house: House, monkeypatch: pytest.MonkeyPatch):
    """The control: three views that do what none may do."""
    rule = next(rule for rule in house.app.url_map.iter_rules() if rule.endpoint == "identity.start")

    def break_down() -> Any:
        raise ZeroDivisionError

    def complain() -> Any:
        house.app.logger.error("lost")
        return "fine"

    def keep_and_refuse() -> Any:
        with transaction(db.session) as session:
            session.execute(
                sa.insert(AuditEntry).values(at=NOW, actor="a", action="b", subject_kind="c", subject_id="d")
            )
        return "no", 422

    for view, found in ((break_down, 2), (complain, 1), (keep_and_refuse, 1)):
        view.__guard__ = ("public", "a control")  # type: ignore[attr-defined]
        monkeypatch.setitem(house.app.view_functions, rule.endpoint, view)
        house.ask(house.people[None], rule, "GET", "/")
        assert len(house.problems) == found, (view.__name__, house.problems)
        house.problems.clear()
    house.ask(house.people[None], rule, "GET", "/")
    assert len(house.problems) == 1, "each question is undone"


def besiege(house: House, chance: random.Random, *, share: int, note: str = "") -> None:
    texts = inputs.texts(SHARED / "data" if SHARED.is_dir() else None)
    for rule, method in routes(house.app):
        if method == "HEAD" and (share == 1 or str(rule).startswith(STANDING)):
            continue
        ask_addresses(house, chance, rule, method, share)
        ask_queries(house, chance, rule, method, texts, share)
        ask_headers(house, chance, rule, method, share)
        if method not in {"GET", "HEAD"}:
            ask_bodies(house, chance, rule, method, share)
            ask_forms(house, chance, rule, method, texts, share)
            ask_json(house, chance, rule, method, share)
        if method == "POST" and str(rule).startswith("/api/") and not str(rule).endswith("/uploads"):
            ask_for_names(house, rule)
    ask_hooks(house, chance, texts, share)
    assert house.problems == [], f"{note} {len(house.problems)} of {sum(house.asked.values())}:\n" + "\n".join(
        house.problems
    )
    assert {rule.endpoint for rule, _method in routes(house.app)} - set(house.asked) == set()
    assert house.taken > 200, "hostile fields must get past their neighbours"
    assert violations(db.session) == {}


def draw(chance: random.Random, pool: list[Any], number: int) -> list[Any]:
    return chance.sample(pool, min(number, len(pool)))


def ask_addresses(house: House, chance: random.Random, rule: Rule, method: str, share: int) -> None:
    """Each part of the address replaced, as bytes that no browser would send."""
    for name in rule.arguments:
        good = house.address(
            rule, **({name: "zzz"} if "string" in type(rule._converters[name]).__name__.lower() else {})
        )
        for piece in draw(chance, inputs.PATHS, 2 * share):
            raw = good.encode().replace(str(house.value(rule, name)).encode(), piece, 1)
            if b"zzz" in raw:
                raw = raw.replace(b"zzz", piece)
            role = chance.choice(house.roles(rule))
            client, headers = house.who(rule, role)
            house.ask(
                client, rule, method, "/", headers=headers, environ_overrides={"PATH_INFO": raw.decode("latin-1")}
            )


def ask_queries(house: House, chance: random.Random, rule: Rule, method: str, texts: list[str], share: int) -> None:
    """Every argument that any page reads, all hostile or one at a time; then strings that are no arguments."""
    names = sorted(house.names)
    address = house.address(rule)
    for role in draw(chance, house.roles(rule), share):
        client, headers = house.who(rule, role)
        strings = [chance.choice(inputs.QUERIES)]
        strings += [query({name: chance.choice(texts)}) for name in draw(chance, names, 2)]
        strings += [query({name: chance.choice(texts) for name in names})] * (share > 1)
        for text in strings:
            overrides = {"QUERY_STRING": text}
            house.ask(client, rule, method, address, headers=headers, environ_overrides=overrides)


def ask_headers(house: House, chance: random.Random, rule: Rule, method: str, share: int) -> None:
    for name, value in draw(chance, inputs.HEADERS, share):
        client, headers = house.who(rule, chance.choice(house.roles(rule)))
        house.ask(client, rule, method, house.address(rule), headers=headers, environ_overrides={name: value})


def ask_bodies(house: House, chance: random.Random, rule: Rule, method: str, share: int) -> None:
    for _time in range(share):
        kind = chance.choice(inputs.KINDS)
        body = chance.choice(inputs.MULTIPARTS if "boundary=b" in kind else inputs.BODIES)
        client, headers = house.who(rule, chance.choice(house.roles(rule)))
        house.ask(client, rule, method, house.address(rule), headers=headers, data=body, content_type=kind)


def ask_forms(house: House, chance: random.Random, rule: Rule, method: str, texts: list[str], share: int) -> None:
    """One hostile field at a time among those that the page offers, then all of them."""
    fields = house.forms.get(rule.endpoint, {})
    for name in [*fields, None, None]:
        for text in draw(chance, texts, share):
            given = fields | ({name: text} if name else {each: chance.choice(texts) for each in fields})
            client, headers = house.who(rule, chance.choice(house.roles(rule)))
            kind = "application/x-www-form-urlencoded"
            house.ask(
                client, rule, method, house.address(rule), headers=headers, data=form_bytes(given), content_type=kind
            )
    client, headers = house.who(rule, chance.choice(house.roles(rule)))
    for name in ("file", "logo"):
        file = (
            BytesIO(chance.choice(inputs.BODIES)),
            chance.choice(["a.csv", "a.xml", "a.png", "", "\u202e.svg", "x" * 900]),
        )
        house.ask(client, rule, method, house.address(rule), headers=headers, data={name: file, **fields})


def ask_json(house: House, chance: random.Random, rule: Rule, method: str, share: int) -> None:
    """Every field of the API's bodies, however deep, replaced by what it is not."""
    if not str(rule).startswith("/api/"):
        return
    good = GOOD.get(str(rule)) or house.body(rule)
    address = house.address(rule)
    for place in [*places(good), ("unheard_of",), ()]:
        for value in draw(chance, inputs.VALUES, 2 * share):
            client, headers = house.who(rule, chance.choice(house.roles(rule)))
            body = json_bytes(replaced(good, place, value))
            house.ask(client, rule, method, address, headers=headers, data=body, content_type="application/json")


def ask_for_names(house: House, rule: Rule) -> None:
    """A write that holds an unknown field, no amount or another currency is a 422 that names the field."""
    good = GOOD.get(str(rule), {})
    wrong = [(("unheard_of",), 1, "unheard_of")]
    for place in places(good):
        if place[-1] == "amount" and isinstance(value_at(good, place), str):
            wrong += [(place, text, ".".join(map(str, place[:-1]))) for text in ("-1.00", "NaN", "1e9", "0.001")]
            wrong += [((*place[:-1], "currency"), "XXX", ".".join(map(str, place[:-1])))]
    for place, value, name in wrong:
        client, headers = house.who(rule, house.roles(rule)[0])
        answer = house.ask(
            client, rule, "POST", house.address(rule), headers=headers, json=replaced(good, place, value)
        )
        if answer.status_code != 422 or not any(field.startswith(name) for field in answer.json.get("errors", {})):
            house.problems.append(f"{rule} took {place} {value!r}: {answer.status_code} {answer.text[:300]}")


def value_at(value: Any, path: tuple[Any, ...]) -> Any:
    return value_at(value[path[0]], path[1:]) if path else value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield (*path, name)
        yield from places(part, (*path, name))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, list):
        return [replaced(part, path[1:], new) if place == path[0] else part for place, part in enumerate(value)]
    return {**value, path[0]: replaced(value.get(path[0], {}), path[1:], new)}


def ask_hooks(house: House, chance: random.Random, texts: list[str], share: int) -> None:
    """Signed deliveries of any content are kept and worked: the unreadable make no order and stop nothing."""
    merchant_id = db.session.scalar(sa.select(Merchant.id).where(Merchant.slug == MERCHANT))
    secret = db.session.scalar(sa.select(WebhookKey.secret).where(WebhookKey.merchant_id == merchant_id))
    orders = db.session.scalar(sa.select(sa.func.count()).select_from(Order))
    client = house.people[None]
    for sent, body in enumerate(hook_bodies(chance, texts, share)):
        name, now = f"hostile-{sent}", clock.now()
        headers = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())),
                   "webhook-signature": standard_signature(secret, name, now, body)}  # fmt: skip
        answer = client.post(f"/hooks/v1/{MERCHANT}/standard", data=body, headers=headers)
        if answer.status_code != 202:
            house.problems.append(f"hook {body[:200]!r} → {answer.status_code}")
    work.run_once(application.STEPS)
    house.problems += house.errors()
    statuses = set(
        db.session.scalars(sa.select(Delivery.status).where(Delivery.delivery_id.startswith("hostile-")).distinct())
    )
    assert statuses == {DeliveryStatus.WORKED}, statuses
    made = db.session.scalar(sa.select(sa.func.count()).select_from(Order)) - orders
    assert made <= len(set(texts)) * share + 5


def hook_bodies(chance: random.Random, texts: list[str], share: int) -> Iterator[bytes]:
    yield from inputs.BODIES
    for path in sorted((SHARED / "data/hostile/jsontestsuite").glob("*.json")):
        yield path.read_bytes()
    line = {"line_id": "1", "sku": "Z", "title": "T", "category": "C", "brand": "B", "quantity": 2,
            "unit_price": "1500.00", "discount": "10.00", "tax": "0.00"}  # fmt: skip
    refund = {"refund_id": "R", "amount": "1.00", "lines": [{"line_id": "1", "quantity": 1, "amount": "1.00"}]}
    order = {
        "order_id": "H-1", "version": 1, "currency": "IDR", "placed_at": "2026-10-20T09:00:00Z", "click_token": "x",
        "coupon": "C", "test": False, "customer": {"ref": "r", "is_new": True}, "lines": [line], "shipping": "1.00",
        "refund": refund,
    }  # fmt: skip
    good = {"type": "order.completed", "timestamp": "2026-10-20T09:00:00Z", "data": order}
    for kind in ("order.completed", "order.refunded"):
        for place in places(good):
            for value in draw(chance, [*inputs.VALUES, *texts], 2 * share):
                yield json_bytes(replaced({**good, "type": kind}, place, value))
