"""The whole house with a month of demo in it, and a way to ask it anything without leaving a trace."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.exceptions import HTTPException
from werkzeug.routing import AnyConverter, Rule

from affiliate.catalogue.models import CatalogueUpload, Product
from affiliate.certification.models import SandboxDelivery
from affiliate.certification.service import open_sandbox, receive
from affiliate.claims.models import Claim
from affiliate.commissions.models import Commission
from affiliate.communities.models import Community
from affiliate.core.db import db
from affiliate.core.limits import limiter
from affiliate.identity import service as identity
from affiliate.identity.guards import declared
from affiliate.identity.models import ApiKey, Role
from affiliate.links.models import TrackingLink
from affiliate.merchants.models import SHOP_KINDS, Enrollment, Merchant, Programme, WebhookKey, WebhookKind
from affiliate.orders.models import Delivery, Order
from affiliate.outbox import service as webhooks
from affiliate.storefronts.models import Collection, Pick
from payouts.demo.seed import seed
from payouts.demo.story import PASSWORD
from payouts.ledger.models import LedgerAccount
from payouts.runs.models import Payout, PayoutRun
from tests.conftest import NOW, all_tables
from tests.factories import ROBOT

COMMUNITY, MERCHANT = "lemari-kita", "rumah-anggun"
PEOPLE = {
    Role.COMMUNITY_OWNER: "ada@lemari-kita.example",
    Role.CURATOR: "ben@lemari-kita.example",
    Role.MERCHANT_STAFF: "sari@rumah-anggun.example",
    Role.FINANCE_MAKER: "fina@etalase.example",
    Role.FINANCE_APPROVER: "agus@etalase.example",
    Role.ADMIN: "admin@etalase.example",
}
IDS = {
    "collection_id": Collection.id, "pick_id": Pick.id, "upload_id": CatalogueUpload.id, "order_id": Order.id,
    "commission_id": Commission.id, "delivery_id": Delivery.id, "key_id": WebhookKey.id, "run_id": PayoutRun.id,
    "payout_id": Payout.id, "account_id": LedgerAccount.id, "programme_id": Programme.id, "link_id": TrackingLink.id,
    "enrollment_id": Enrollment.id, "product_id": Product.id, "request_id": SandboxDelivery.id,
    "claim_id": Claim.id,
}  # fmt: skip
# The answer is kept under the caller's key, whatever it was; wrong signatures are counted by store and day, and
# shown in the sandbox.
KEPT_OF_A_REFUSAL = {"idempotency_keys", "refused_requests", "sandbox_deliveries"}


@dataclass
class House:
    """People who are signed in, keys, and what stands at the addresses they may ask for."""

    app: Flask
    people: dict[Role | None, FlaskClient] = field(default_factory=dict)
    keys: dict[Role, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    webhooks: dict[str, int] = field(default_factory=dict)  # ids of an address and a message of each kind of owner
    forms: dict[str, dict[str, str]] = field(default_factory=dict)  # endpoint → its fields as the page offers them
    bodies: dict[str, Any] = field(default_factory=dict)  # rule → a body such as the API's description asks for
    names: set[str] = field(default_factory=set)  # of query arguments, anywhere
    problems: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)  # endpoint → number of questions
    taken: int = 0  # answers below 400

    def __post_init__(self) -> None:
        assert seed(NOW)
        for role, email in PEOPLE.items():
            client = self.app.test_client()
            assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
            self.people[role] = client
            scope = {"community_owner": Community, "curator": Community, "merchant_staff": Merchant}.get(role)
            slug = COMMUNITY if scope is Community else MERCHANT
            scope_id = db.session.scalar(sa.select(scope.id).where(scope.slug == slug)) if scope else None
            self.keys[role] = identity.create_api_key(
                db.session, f"uji {role}", role=role, scope_id=scope_id, actor=ROBOT, now=NOW
            )
        self.people[None] = self.app.test_client()
        self._practise()
        db.session.commit()
        self._look_up()
        self._log = Errors()
        self._counts = self.counts()
        self._crawl()
        self._read_description()

    def _practise(self) -> None:
        """An open sandbox of every shop system, so that its address takes what comes and its pages show it."""
        merchant = db.session.scalars(sa.select(Merchant).where(Merchant.slug == MERCHANT)).one()
        for kind in SHOP_KINDS:
            open_sandbox(db.session, merchant, kind, shop_secret=None, actor=ROBOT, now=NOW)
        db.session.flush()
        receive(db.session, MERCHANT, WebhookKind.STANDARD, headers={"x-satu": "dua"}, body=b"{", now=NOW)

    def _look_up(self) -> None:
        one = lambda query: db.session.execute(query.limit(1)).scalar()  # noqa: E731
        merchant = one(sa.select(Merchant.id).where(Merchant.slug == MERCHANT))
        community = one(sa.select(Community.id).where(Community.slug == COMMUNITY))
        for name, column in IDS.items():
            owner = column.class_
            query = sa.select(column).order_by(column)
            for scope, value in (("merchant_id", merchant), ("community_id", community)):
                if hasattr(owner, scope):
                    query = query.where(getattr(owner, scope) == value)
            self.values[name] = one(query) or 1
        self.values |= {
            "collection": one(sa.select(Collection.slug).where(Collection.community_id == community)),
            "sku": one(sa.select(Product.sku).where(Product.merchant_id == merchant)),
            "ref": one(sa.select(Order.ref).where(Order.merchant_id == merchant)),
            "code": one(sa.select(TrackingLink.code)), "sha256": "0" * 64, "kind": "standard", "currency": "IDR",
            "version": 1, "merchant": MERCHANT, "name": one(sa.select(LedgerAccount.name)), "step": "completed",
        }  # fmt: skip
        self._webhooks(merchant, community)
        self.values["admin_key_id"] = one(sa.select(ApiKey.id))

    def _webhooks(self, merchant: int, community: int) -> None:
        """An address of each for what we send, and a message to it."""
        owners = (db.session.get_one(Merchant, merchant), db.session.get_one(Community, community))
        for kind, owner in zip(("merchant", "community"), owners, strict=True):
            row = webhooks.add_endpoint(
                db.session, owner, url="https://app.contoh.id/", types=webhooks.heard_by(owner), to_localhost=False,
                actor=ROBOT, now=NOW,
            )  # fmt: skip
            message_id = webhooks.send_test(db.session, row, source="ping:1", actor=ROBOT, now=NOW)
            self.webhooks |= {f"{kind}:endpoint_id": row.id, f"{kind}:message_id": message_id}
        db.session.commit()

    def value(self, rule: Rule, name: str) -> Any:
        """What stands for this part of an address, so that it leads to something that exists."""
        if name in {"endpoint_id", "message_id"}:
            return self.webhooks[f"{'merchant' if str(rule).startswith('/merchant') else 'community'}:{name}"]
        if name == "slug":
            return COMMUNITY if re.search(r"/(portal|c|communities)/", str(rule)) else MERCHANT
        converter = rule._converters.get(name)
        if isinstance(converter, AnyConverter):
            return next(iter(sorted(converter.items)))
        return self.values.get(name, 1)

    def address(self, rule: Rule, **over: Any) -> str:
        values = {
            name: over.get(name, self.value(rule, name)) for name in rule.arguments - (rule.defaults or {}).keys()
        }
        built = rule.build(values, append_unknown=False)
        assert built is not None, rule
        return built[1]

    def roles(self, rule: Rule) -> list[Role | None]:
        guard = declared(self.app.view_functions[rule.endpoint])
        return [Role(name) for name in guard[1]] if guard and guard[0] == "roles" else [None]

    def who(self, rule: Rule, role: Role | None) -> tuple[FlaskClient, dict[str, str]]:
        """The client and headers with which this role asks at such an address."""
        if str(rule).startswith("/api/") and role is not None:
            return self.people[None], {"Authorization": f"Bearer {self.keys[role]}"}
        return self.people[role], {}

    def _crawl(self) -> None:
        """Every form of every page, with its fields."""
        router = self.app.url_map.bind("localhost")
        for rule in self.app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or str(rule).startswith(("/api/", "/static", "/assets")):
                continue
            for role in self.roles(rule):
                answer = self.ask(self.who(rule, role)[0], rule, "GET", self.address(rule))
                if answer.status_code == 200 and answer.mimetype == "text/html":
                    self._note_forms(router, html.fromstring(answer.get_data(as_text=True)), self.address(rule))
        for path in [*Path("affiliate").rglob("*.py"), *Path("payouts").rglob("*.py")]:
            self.names |= set(re.findall(r"request\.args(?:\.get\(|\[)\"(\w+)\"", path.read_text()))

    def _read_description(self) -> None:
        """Bodies and query arguments of the API, from its own OpenAPI document."""
        told = self.people[None].get("/api/v1/openapi.json").json
        for path, operations in told["paths"].items():
            for operation in operations.values():
                if not isinstance(operation, dict):
                    continue
                self.names |= {one["name"] for one in operation.get("parameters", []) if one.get("in") == "query"}
                content = operation.get("requestBody", {}).get("content", {}).get("application/json")
                if content:
                    rule = re.sub(r"{(\w+)}", r"<\1>", path)
                    self.bodies[rule] = sample(content["schema"], told["components"]["schemas"])

    def body(self, rule: Rule) -> Any:
        return self.bodies.get(re.sub(r"<\w+:", "<", str(rule)), {})

    def _note_forms(self, router: Any, page: Any, here: str) -> None:
        for form in page.forms:
            fields = {name: str(value or "") for name, value in form.form_values()}
            fields |= {name: "" for name in form.fields if name and name not in fields}
            if form.method == "GET":
                self.names |= set(fields)
                continue
            try:
                endpoint, _values = router.match(urlsplit(form.action or here).path, "POST")
            except HTTPException:
                continue
            self.forms[endpoint] = self.forms.get(endpoint, {}) | fields

    def counts(self) -> dict[str, int]:
        parts = [
            sa.select(sa.func.count()).select_from(table).scalar_subquery().label(table.name) for table in all_tables()
        ]
        return dict(db.engines[None].execute(sa.select(*parts)).mappings().one())  # type: ignore[union-attr]

    def ask(self, client: FlaskClient, rule: Rule, method: str, path: str, **options: Any) -> Any:
        """One question, looked at and undone: no 5xx, nothing in the log, and a refusal leaves no row."""
        limiter.reset()
        self.asked[rule.endpoint] = self.asked.get(rule.endpoint, 0) + 1
        db.session.remove()  # else its open transaction would end ours with it
        step = db.engines[None].begin_nested()  # type: ignore[union-attr]  # the connection of the test
        try:
            answer = client.open(path, method=method, **options)
            answer.get_data()  # streams are read to their end
            db.session.remove()
            said = f"{method} {rule} {path[:150]!r} {str(options)[:400]} → {answer.status_code}"
            if answer.status_code >= 500:
                self.problems.append(said)
            self.problems += [f"{said}: {record}" for record in self._log.taken()]
            if answer.status_code >= 400:
                rows = {name for name, count in self.counts().items() if count != self._counts[name]}
                if rows - KEPT_OF_A_REFUSAL:
                    self.problems.append(f"{said} left rows in {rows - KEPT_OF_A_REFUSAL}")
            else:
                self.taken += 1
        finally:
            db.session.remove()
            step.rollback()
        return answer

    def errors(self) -> list[str]:
        """What has been logged as an error since it was last asked for."""
        return self._log.taken()

    def close(self) -> None:
        self._log.close()


class Errors(logging.Handler):
    """Everything that is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._found: list[str] = []
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(self.format(record)[-1500:])

    def taken(self) -> list[str]:
        found, self._found = self._found, []
        return found

    def close(self) -> None:
        logging.getLogger().removeHandler(self)
        super().close()


def sample(schema: dict[str, Any], named: dict[str, Any]) -> Any:
    """A value that a JSON schema describes, or nearly."""
    if "$ref" in schema:
        return sample(named[schema["$ref"].rsplit("/", 1)[-1]], named)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(part, named) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [] if schema.get("maxItems") == 0 else [sample(schema["items"], named)]
    if kind == "integer":
        return schema.get("minimum", 1)
    moments = {"date": "2026-10-30", "date-time": "2026-12-01T00:00:00Z"}
    return moments.get(schema.get("format", ""), "contoh") if kind == "string" else kind == "boolean"


def form_bytes(fields: dict[str, str]) -> bytes:
    """A form as a broken browser would send it: halves of characters as the bytes they would be."""
    return urlencode(fields, errors="surrogatepass").encode()


def query(fields: dict[str, str]) -> str:
    return urlencode(fields, errors="surrogatepass")


def json_bytes(content: Any) -> bytes:
    return json.dumps(content).encode()


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=str):
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield rule, method
