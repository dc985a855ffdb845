"""No visitor's address is kept: not in a table, not in the spool, not in a log."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

import pytest
import sqlalchemy as sa

import app as application
from affiliate.core import work
from affiliate.core.db import db
from affiliate.tracking.models import Click
from tests.affiliate.orders import shop
from tests.affiliate.tracking.test_rules import CHROME
from tests.conftest import all_tables
from tests.factories import PASSWORD


def traces(address: str) -> list[bytes]:
    """The address as it would be found: as text, and as the bytes or hex digits of it."""
    packed = ipaddress.ip_address(address).packed
    return [address.encode(), packed.hex().encode(), packed if len(packed) > 4 else address.encode()]


def everything_kept(app: Any) -> dict[str, bytes]:
    """Each table's rows and each file of the data folder, as bytes."""
    kept = {}
    for table in all_tables():
        kept[table.name] = repr(db.session.execute(sa.select(table)).all()).encode()
    for path in app.config["ETALASE"].data_dir.rglob("*"):
        if path.is_file() and path.name != "test.db" and not path.name.startswith("test.db-"):
            kept[str(path)] = path.read_bytes()
    return kept


@pytest.mark.parametrize("address", ["203.0.113.77", "2001:db8:1234:5678::77"])
def test_nothing_that_is_kept_holds_a_visitors_address(app, client, make, session, caplog, address):
    caplog.set_level(logging.DEBUG)
    merchant, community = make.merchant(), make.community()
    pick = make.pick(community, make.product(merchant))
    code = session.scalar(sa.text("SELECT code FROM tracking_links"))
    key = make.webhook_key(merchant)
    user = make.user()
    session.commit()
    options = {
        "environ_base": {"REMOTE_ADDR": address},
        "headers": {"User-Agent": CHROME, "X-Forwarded-For": address, "Referer": f"https://a.test/?from={address}"},
    }
    assert client.get(f"/go/{code}", **options).status_code == 302
    assert client.head(f"/go/{code}", **options).status_code == 302
    assert client.get(f"/c/{community.slug}", **options).status_code == 200
    assert client.get("/nowhere", **options).status_code == 404
    assert client.get("/readyz", **options).status_code in {200, 503}
    assert client.post("/sign-in", data={"email": user.email, "password": "salah"}, **options).status_code in {401, 422}
    assert client.post("/sign-in", data={"email": user.email, "password": PASSWORD}, **options).status_code == 303
    body = shop.body_of(shop.message())
    signed = {**shop.headers(key, "msg-1", body), "x-forwarded-for": address}
    hook = f"/hooks/v1/{merchant.slug}/standard"
    assert client.post(hook, data=body, headers=signed, environ_base=options["environ_base"]).status_code == 202
    assert client.post(hook, data=b"?", **options).status_code == 401
    before = everything_kept(app)  # the spool is on the disk, not loaded yet
    assert any(name.endswith(".log") for name in before)
    work.run_once(application.STEPS)
    assert session.scalar(sa.select(sa.func.count()).select_from(Click)) == 2
    assert pick.link_id is not None
    said = {"log": "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records).encode()}
    for name, content in [*before.items(), *everything_kept(app).items(), *said.items()]:
        assert [trace for trace in traces(address) if trace in content] == [], name


def test_an_address_that_was_kept_would_be_found(app, client, make, session):
    """The control."""
    community = make.community(name="Komunitas 203.0.113.77")
    session.commit()
    assert traces("203.0.113.77")[0] in everything_kept(app)["communities"]
    assert community.id
