"""Every route × a stranger of each role: the door that stands open for one house stays shut for another's.

Two houses: ours, with a row of everything, and the stranger's. A stranger asks for each of our things by its real
address, with a body that its owner could send, and must get the very answer that they get for a thing that does not
exist; nothing of ours stands in any answer, and not one row is written.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, Rule

from affiliate.certification.models import SandboxDelivery
from affiliate.certification.service import open_sandbox
from affiliate.claims.models import Claim, ClaimPicture
from affiliate.core.db import Base
from affiliate.core.limits import limiter
from affiliate.identity.guards import declared
from affiliate.identity.models import Role
from affiliate.identity.people import admit
from affiliate.integration.models import LinkTest
from affiliate.merchants.models import SHOP_KINDS
from affiliate.outbox import service as webhooks
from tests.affiliate.orders.shop import message, send
from tests.conftest import NOW
from tests.factories import PASSWORD, ROBOT, Make
from tests.payouts.earning import Earnings
from tests.test_routes import address, routes

OURS = "Sangat Rahasia"  # stands in every name of our house
SPLIT = {"platform_bps": 1000, "community_bps": 6000, "curator_bps": 3000, "evangelist_bps": 0}
# What these answer is the visitor's own, or ends something of theirs.
THEIR_OWN = {
    "identity.home",
    "identity.sign_out",
    "identity.account",
    "identity.save_account",
    "identity.change_password",
}
# Every community may look through every store's shelf: that is how it finds whom to sell with.
OPEN_SHELF = {"api_catalogue.list_products"}
# What a page must be asked to show anything.
ASKED = {"communities.verdict": "?accent=%239a3b26"}
# Tables that a mere visit may write to: sessions, the memory of repeated requests.
VISITS = {"user_sessions", "idempotency_keys"}


@dataclass
class House:
    """Our house: the value of each argument of an address, and bodies by endpoint."""

    values: dict[str, Any]
    forms: dict[str, dict[str, Any]]
    bodies: dict[str, dict[str, Any]]

    def address(self, rule: Rule) -> str | None:
        """A rule's address with our things in it; None for one that has no argument."""
        if not rule.arguments:
            return None
        wanted = {name: self._value(rule, name) for name in rule.arguments - (rule.defaults or {}).keys()}
        built = rule.build(wanted, append_unknown=False)
        assert built is not None, rule
        return str(built[1]) + ASKED.get(rule.endpoint, "")

    def _value(self, rule: Rule, name: str) -> Any:
        converter = rule._converters.get(name)
        if isinstance(converter, AnyConverter):
            return min(converter.items)
        text = str(rule)
        kind = "merchant" if "merchant" in text else "community"
        for key in (f"{rule.endpoint}:{name}", f"{kind}:{name}", name):
            if key in self.values:
                return self.values[key]
        raise AssertionError(f"{rule}: say what {name!r} of our house is")


@pytest.fixture
def house(client: FlaskClient, make: Make, session: Any) -> House:
    """One of everything."""
    earnings = Earnings(make)
    community, store = earnings.community, earnings.merchant
    community.name, store.name = f"Komunitas {OURS}", f"Toko {OURS}"
    earnings.earn(100_000)
    earnings.book()
    product = make.product(store, title=f"Kebaya {OURS}")
    pick = make.pick(
        community, product, collection=make.collection(community, title=f"Rak {OURS}"), curator=earnings.curator
    )
    hook = make.webhook_key(store)
    guest = admit(
        session, "orang@rahasia.test", name=f"Orang {OURS}", role=Role.COMMUNITY_OWNER, scope_id=community.id,
        actor=ROBOT, now=NOW,
    )  # fmt: skip
    staff = make.key(Role.MERCHANT_STAFF, store.id)
    feed = f"id\ttitle\tlink\tprice\nK-1\tKain {OURS}\t{store.shop_url}/k-1\t10000.00 IDR\n".encode()
    sent = client.post(
        f"/api/v1/merchants/{store.slug}/catalogue/uploads",
        data={"file": (io.BytesIO(feed), f"{OURS}.tsv")},
        headers=staff,
    )
    assert sent.status_code == 202
    assert send(client, store.slug, hook, "d-1", message(order_id=f"R-{OURS}")).status_code == 202
    one = {name: session.execute(sa.text(f"SELECT max(id) FROM {name}")).scalar_one() for name in (
        "deliveries", "orders", "commissions", "grants", "api_keys", "ledger_accounts", "catalogue_uploads",
    )}  # fmt: skip
    values = {
        "merchant:slug": store.slug, "community:slug": community.slug, "programme_id": earnings.programme.id,
        "enrollment_id": earnings.enrollment.id, "version": 1, "upload_id": one["catalogue_uploads"],
        "delivery_id": one["deliveries"], "order_id": one["orders"], "commission_id": one["commissions"],
        "collection_id": pick.collection_id, "pick_id": pick.id, "merchant:key_id": hook.id,
        "identity.revoke_key:key_id": one["api_keys"], "person_id": guest.user.id, "grant_id": one["grants"],
        "role": "curator", "scope_id": community.id, "account_id": one["ledger_accounts"], "ref": "O-1",
        "currency": "IDR", "name": "payable", "run_id": 1, "payout_id": 1,
        "coupon_id": make.coupon(store, community, "RAHASIA10").id, "link_id": make.link(community, product).id,
        "test_id": _link_test(session, store, product, community).id,
        "request_id": _sandbox_request(session, store).id,
        **_webhooks(session, community, store),
        "claim_id": _claim(session, earnings).id,
    }  # fmt: skip
    session.commit()
    return House(values, _forms(community, store, product, guest.user), _bodies(community, earnings, product))


def _claim(session: Any, earnings: Earnings) -> Claim:
    claim = Claim(
        merchant_id=earnings.merchant.id, community_id=earnings.community.id, order_ref=OURS, order_key="x",
        ordered_on=NOW.date(), amount_minor=1, currency="IDR", note=OURS, finding="unknown_order", clicks=0,
        filed_by="system:test", filed_at=NOW, due_at=NOW,
    )  # fmt: skip
    session.add(claim)
    session.flush()
    session.add(ClaimPicture(claim_id=claim.id, sha256="0" * 64, width=1, height=1, body=OURS.encode()))
    return claim


def _link_test(session: Any, store: Any, product: Any, community: Any) -> LinkTest:
    link = Make(session).link(community, product)
    test = LinkTest(
        merchant_id=store.id, product_id=product.id, link_id=link.id, deliveries_before=0, started_at=NOW,
        started_by="system:test",
    )  # fmt: skip
    session.add(test)
    session.flush()
    return test


def _webhooks(session: Any, community: Any, store: Any) -> dict[str, int]:
    """An address of each, and a message to it."""
    found = {}
    for kind, owner in (("community", community), ("merchant", store)):
        row = webhooks.add_endpoint(
            session, owner, url="https://app.contoh.id/hooks", types=webhooks.heard_by(owner), note=OURS,
            to_localhost=False, actor=ROBOT, now=NOW,
        )  # fmt: skip
        found[f"{kind}:endpoint_id"] = row.id
        found[f"{kind}:message_id"] = webhooks.send_test(session, row, source="ping:1", actor=ROBOT, now=NOW)
    return found


def _sandbox_request(session: Any, store: Any) -> SandboxDelivery:
    for kind in SHOP_KINDS:
        open_sandbox(session, store, kind, shop_secret=None, actor=ROBOT, now=NOW)
    body = OURS.encode()
    row = SandboxDelivery(
        merchant_id=store.id, kind="standard", reply="kept", delivery_id=OURS, headers={"x": OURS}, body=body,
        body_bytes=len(body), body_sha256="0" * 64, received_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _forms(community: Any, store: Any, product: Any, person: Any) -> dict[str, dict[str, Any]]:
    face = {"name": "Baru", "accent": "#9a3b26", "corners": "soft"}
    file = lambda: (io.BytesIO(b"id\ttitle\n1\tx\n"), "x.tsv")  # noqa: E731  a new stream for each request
    return {
        "communities.save": face,
        "communities.add_curator": {"handle": "penyusup", "full_name": "Penyusup"},
        "catalogue.send": {"file": file},
        "catalogue.map_columns": {"title": "title"},
        "merchants.create_key": {"kind": "standard"},
        "payees.give": {
            "owner": f"community:{community.id}",
            "holder_name": "X",
            "bank_code": "014",
            "account_number": "12345678",
        },
        "storefronts.create": {"title": "Rak penyusup"},
        "storefronts.describe": {"title": "Rak penyusup"},
        "storefronts.add_pick": {"product": product.id},
        "storefronts.note": {"note": "penyusup"},
        "storefronts.move": {"direction": "up"},
        "identity.create_key": {"name": "x", "role": "admin"},
        "identity.add_person": {"name": "x", "email": "x@contoh.test", "role": "admin"},
        "identity.give_role": {"role": "admin"},
        "communities.admin_create": {"slug": "penyusup", "name": "Penyusup"},
        "communities.admin_add_person": {"name": "x", "email": "x@contoh.test", "role": "curator"},
        "merchants.admin_add_staff": {"name": "x", "email": "x@contoh.test"},
        "merchants.admin_save": {
            "name": "x",
            "shop_url": store.shop_url,
            "allowed_hosts": " ".join(store.allowed_hosts),
            "click_param": "x",
        },
        "merchants.create_programme": {
            "name": "x",
            "window_days": "1",
            "hold_days": "1",
            "payable_when": "held",
            "timezone": "UTC",
        },
        "merchants.add_terms": {"scope-0": "all", "kind-0": "percent", "value-0": "1"},
        "merchants.admit": {"community": community.slug, "platform_bps": "100"},
        "merchants.add_split": {"platform_bps": "100"},
        "identity.withdraw_role": {},
        **{f"{place}.{verb}": {"url": "https://penyusup.contoh.id/", "events": "conversion.created", "note": "x"}
           for place in ("community_webhooks", "merchant_webhooks") for verb in ("create", "change")},
    }  # fmt: skip


def _bodies(community: Any, earnings: Earnings, product: Any) -> dict[str, dict[str, Any]]:
    programme, store = earnings.programme, earnings.merchant
    rates = [{"scope": "all", "kind": "percent", "bps": 1}]
    return {
        "api_merchants.create_programme": {"merchant": store.slug, "name": "x", "window_days": 1, "hold_days": 1},
        "api_merchants.add_terms": {"valid_from": "2026-11-01T00:00:00Z", "rates": rates},
        "api_merchants.create_webhook_key": {"kind": "standard"},
        "api_merchants.enroll": {"programme": programme.id, "community": community.slug, "split": SPLIT},
        "api_storefronts.add_pick": {"product": product.id},
        "api_webhook_endpoints.change_endpoint": {"enabled": False},
        "api_webhook_endpoints.replay_failed": {"since": "2026-11-01T00:00:00Z"},
    }


@dataclass
class Stranger:
    """Somebody of another house, at a browser and with a program's key."""

    client: FlaskClient
    key: dict[str, str]
    house: House

    def ask(self, rule: Rule, method: str, place: str) -> Any:
        if place.startswith("/api/"):
            body = self.house.bodies.get(rule.endpoint, {}) if method != "GET" else None
            return self.client.open(place, method=method, json=body, headers=self.key)
        form = {
            name: value() if callable(value) else value
            for name, value in self.house.forms.get(rule.endpoint, {}).items()
        }
        return self.client.open(place, method=method, data=form if method == "POST" else None)


def guarded(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule, method in routes(app):
        if rule.endpoint in THEIR_OWN:
            continue
        if (declared(app.view_functions[rule.endpoint]) or ("",))[0] in {"roles", "person"}:
            yield rule, method


def rows(session: Any) -> dict[str, int]:
    return {
        table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.sorted_tables
        if table.name not in VISITS
    }


def stranger(role: Role | None, client: FlaskClient, make: Make, session: Any, house: House) -> Stranger:
    scope = {
        Role.COMMUNITY_OWNER: make.community, Role.CURATOR: make.community, Role.MERCHANT_STAFF: make.merchant,
    }.get(role)  # type: ignore[arg-type]  # nobody's role has no scope  # fmt: skip
    scope_id = scope().id if scope else None
    user = make.user(role, scope_id)
    key = make.key(role, scope_id) if role else {"Authorization": "Bearer etk_nobody"}
    session.commit()
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}).status_code == 303
    return Stranger(client, key, house)


@pytest.mark.parametrize("role", [Role.COMMUNITY_OWNER, Role.CURATOR, Role.MERCHANT_STAFF, None])
def test_our_things_are_to_a_stranger_as_if_they_were_not_there(
    app: Flask, client: FlaskClient, make: Make, session: Any, house: House, role: Role | None
):
    visitor = stranger(role, client, make, session, house)
    before, wrong, tried = rows(session), [], 0
    for rule, method in guarded(app):
        ours = house.address(rule)
        limiter.reset()
        answer = visitor.ask(rule, method, ours or str(rule))
        if OURS in answer.get_data(as_text=True) and rule.endpoint not in OPEN_SHELF:
            wrong.append((method, str(rule), "shows what is ours"))
        if ours is None:
            if answer.status_code >= 500:
                wrong.append((method, str(rule), answer.status_code))
            continue
        tried += 1
        nothing = visitor.ask(rule, method, address(rule))
        if answer.status_code < 400 or answer.status_code != nothing.status_code:
            wrong.append((method, str(rule), f"{answer.status_code}, and {nothing.status_code} for nothing"))
    assert (wrong, rows(session)) == ([], before)
    assert tried > 80


@pytest.mark.parametrize("role", [Role.FINANCE_MAKER, Role.FINANCE_APPROVER])
def test_finance_reads_but_changes_nothing_outside_of_its_own_rooms(
    app: Flask, client: FlaskClient, make: Make, session: Any, house: House, role: Role
):
    visitor = stranger(role, client, make, session, house)
    own = ("/finance/", "/api/v1/payout-runs", "/api/v1/payouts", "/api/v1/receipts")
    before, wrong = rows(session), []
    for rule, method in guarded(app):
        if str(rule).startswith(own):
            continue
        limiter.reset()
        answer = visitor.ask(rule, method, house.address(rule) or str(rule))
        is_desk = str(rule).startswith("/admin")
        if answer.status_code >= 500 or (is_desk and answer.status_code != 404):
            wrong.append((method, str(rule), answer.status_code))
        if method != "GET" and answer.status_code not in {403, 404}:
            wrong.append((method, str(rule), answer.status_code))
    assert (wrong, rows(session)) == ([], before)


def test_the_same_addresses_open_for_their_own_people(
    app: Flask, client: FlaskClient, make: Make, session: Any, house: House
):
    """The negative control: were the addresses wrong, everything above would be 404 by itself."""
    admin = make.user(Role.ADMIN)
    session.commit()
    client.post("/sign-in", data={"email": admin.email, "password": PASSWORD})
    visitor = Stranger(client, make.key(Role.ADMIN), house)
    shut, shown = [], 0
    for rule, method in guarded(app):
        place = house.address(rule)
        if method != "GET" or place is None or "run_id" in rule.arguments or "payout_id" in rule.arguments:
            continue
        answer = visitor.ask(rule, method, place)
        shown += OURS.encode() in answer.get_data()
        if answer.status_code >= 400:
            shut.append((str(rule), answer.status_code))
    assert shut == []
    assert shown > 25
