"""Every route says who may come in, and keeps strangers out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

import app as application
from affiliate.core.api import ApiBlueprint
from affiliate.core.settings import from_env
from affiliate.identity.guards import declared
from affiliate.identity.login import OPEN_ENDPOINTS
from affiliate.identity.models import Role
from tests.factories import PASSWORD

SAMPLES = {"int": "999999", "path": "tidak/ada", "default": "tidak-ada", "string": "tidak-ada", "any": "csv"}


def address(rule: Rule) -> str:
    """A concrete address of a rule that points to nothing that exists."""
    values = {}
    for name in rule.arguments - (rule.defaults or {}).keys():
        converter = type(rule._converters[name]).__name__.replace("Converter", "").lower()
        values[name] = SAMPLES["int" if converter == "integer" else "path" if converter == "path" else "default"]
        if converter == "any":
            values[name] = next(iter(rule._converters[name].items))
    built = rule.build(values, append_unknown=False)
    assert built is not None
    return built[1]


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def test_every_route_declares_its_guard(app: Flask):
    silent = [
        f"{rule} → {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in OPEN_ENDPOINTS and declared(app.view_functions[rule.endpoint]) is None
    ]
    assert silent == []


def test_a_route_without_a_guard_is_closed(tmp_path):
    built = application.create_app(from_env({"DATA_DIR": str(tmp_path)}))
    built.add_url_rule("/undeclared", "undeclared", lambda: "open")
    assert built.test_client().get("/undeclared").status_code == 404


def test_nobody_gets_into_a_guarded_route(app: Flask, client):
    wrong = []
    for rule, method in routes(app):
        if (declared(app.view_functions[rule.endpoint]) or ("",))[0] != "roles":
            continue
        answer = client.open(address(rule), method=method)
        expected = {401} if str(rule).startswith("/api/") else {302}
        if answer.status_code not in expected:
            wrong.append((method, str(rule), answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", [None, Role.CURATOR, Role.MERCHANT_STAFF, Role.FINANCE_MAKER])
def test_no_route_fails_for_things_that_are_not_there(app: Flask, client, make, session, role):
    """Whoever asks, and for whatever is missing: a clear answer below 500."""
    scope = {Role.CURATOR: "community", Role.MERCHANT_STAFF: "merchant"}.get(role)
    scope_id = getattr(make, scope)().id if scope else None
    user = make.user(role, scope_id)
    session.commit()
    answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 303
    failed = []
    for rule, method in routes(app):
        if rule.endpoint in {"identity.sign_out"}:
            continue
        answer = client.open(address(rule), method=method, data={} if method == "POST" else None)
        if answer.status_code >= 500:
            failed.append((method, str(rule), answer.status_code))
    assert failed == []


def test_every_write_is_covered_by_csrf_a_key_or_a_signature(app: Flask):
    """Pages check the form's token, the API takes keys only, hooks a signature: nothing else may write."""
    open_writes = []
    for rule, method in routes(app):
        if method == "GET" or rule.endpoint in OPEN_ENDPOINTS:
            continue
        guard = declared(app.view_functions[rule.endpoint])
        blueprint = app.blueprints.get(rule.endpoint.split(".")[0])
        by_key = isinstance(blueprint, ApiBlueprint)
        exempt = rule.endpoint.split(".")[0] in {
            getattr(found, "name", found) for found in app.extensions["csrf"]._exempt_blueprints
        }
        if exempt and not (by_key or (guard and guard[0] == "signed")):
            open_writes.append(f"{method} {rule}")
    assert open_writes == []
