"""The guides' code is run, not only printed: each snippet's message is taken by the real webhook, its token read."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from affiliate import pipeline
from affiliate.core import clock
from affiliate.core.signing import standard_verified
from affiliate.identity.models import Role
from affiliate.integration import example
from affiliate.integration.wording import GUIDES
from affiliate.merchants.models import WebhookKind
from affiliate.orders import api as orders_api
from affiliate.orders.models import Delivery, Order
from tests.affiliate.conversions.sold import Sold
from tests.conftest import missing
from tests.factories import PASSWORD

HOOK_URL = "http://127.0.0.1:8000/hooks/v1/{slug}/standard"


@pytest.fixture
def store(make, client, monkeypatch):
    sold = Sold(make, window_days=45)
    sold.merchant.click_param = "ref.id"
    sold.key = make.webhook_key(sold.merchant)
    user = make.user(Role.MERCHANT_STAFF, sold.merchant.id)
    make.session.commit()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    monkeypatch.setattr(orders_api, "KINDS", (WebhookKind.STANDARD,), raising=False)  # the longest way round
    return sold


def page(client, store, shop: str) -> str:
    answer = client.get(f"/merchant/{store.merchant.slug}/integration?shop={shop}")
    assert answer.status_code == 200
    return answer.text


def snippets(client, store, shop: str) -> list[str]:
    """The code as the copy button gives it."""
    return [html.unescape(found) for found in re.findall(r'<pre data-copy="([^"]*)"', page(client, store, shop))]


@pytest.mark.parametrize("shop", [*GUIDES, "", "nonsense"])
def test_each_guide_names_the_stores_own_parameter_and_address(client, store, shop):
    text = page(client, store, shop)
    assert "ref.id" in text
    assert HOOK_URL.format(slug=store.merchant.slug) in text
    assert text.count('aria-current="page"') == 2  # the place in the navigation, and the guide


@pytest.mark.parametrize("currency", ["IDR", "JPY", "KWD"])
def test_the_signed_example_is_signed_correctly(currency):
    one = example.signed(currency)
    assert standard_verified(
        [one.secret], message_id=one.message_id, timestamp=str(one.timestamp), signature=one.signature,
        body=one.body.encode(), now=example.AT,
    )  # fmt: skip
    assert not standard_verified(
        [one.secret], message_id=one.message_id, timestamp=str(one.timestamp), signature=one.signature,
        body=one.body.encode() + b" ", now=example.AT,
    )  # fmt: skip
    assert json.loads(one.body)["data"]["test"] is True
    assert "coupon" in json.loads(example.signed(currency, coupon="X").body)["data"]


def test_the_example_on_the_page_is_that_example(client, store):
    text = html.unescape(page(client, store, "plain"))
    one = example.signed("IDR")
    for part in (one.secret, one.message_id, str(one.timestamp), one.body, one.signature):
        assert f'data-copy="{part}"' in text


def deliver(client, store, session, sent: dict[str, Any]) -> Delivery:
    """Hand what a snippet wanted to send to the real webhook, and work it."""
    assert sent["url"] == HOOK_URL.format(slug=store.merchant.slug)
    path = sent["url"].partition("8000")[2]
    answer = client.post(path, data=sent["body"].encode(), headers=sent["headers"])
    assert answer.status_code == 202, answer.text
    while pipeline.run(clock.now()):
        pass
    session.expire_all()
    return session.get_one(Delivery, answer.json["delivery"])


def order_of(session, ref: str) -> Order:
    return session.execute(sa.select(Order).where(Order.ref == ref)).scalar_one()


# -- PHP: WooCommerce and a plain shop ---------------------------------------------------------------------------


def php(code: str, tmp_path: Path) -> Any:
    """Run PHP and read the JSON that it prints."""
    program = shutil.which("php") or shutil.which("php8.2")
    if program is None:
        missing("php", "there is no PHP here to run the snippets with")
    script = tmp_path / "snippet.php"
    script.write_text(code)
    done = subprocess.run(
        [program, "-d", "error_reporting=E_ALL", str(script)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


WORDPRESS = (Path(__file__).parent / "wordpress.php").read_text()


def plugin(client, store) -> str:
    (code,) = snippets(client, store, "woocommerce")
    return code.removeprefix("<?php")


def test_the_woocommerce_plugin_carries_the_token_from_click_to_order(client, store, tmp_path):
    """In the classic checkout and in the checkout block; WooCommerce's own webhook then tells us of the order."""
    token = store.token()
    told = php(
        WORDPRESS
        + f"$_GET['ref_id'] = '{token}';\n"
        + plugin(client, store)
        + """
fire('init');
$order = new Order(7, []);
fire('woocommerce_checkout_create_order', $order, []);
$block = new Order(9, []);
fire('woocommerce_store_api_checkout_update_order_meta', $block);
echo json_encode(['order' => $order->meta, 'block' => $block->meta, 'saved' => $block->saved]);
""",
        tmp_path,
    )
    assert told == {"order": {"_click_token": token}, "block": {"_click_token": token}, "saved": 1}


@pytest.mark.parametrize("mark", ["", "a b", "<script>", "x" * 81, "é"])
def test_the_woocommerce_plugin_keeps_no_nonsense(client, store, tmp_path, mark):
    told = php(
        WORDPRESS + f"$_GET['ref_id'] = json_decode({json.dumps(json.dumps(mark))!r});\n" + plugin(client, store)
        + "fire('init'); $o = new Order(1, []); fire('woocommerce_checkout_create_order', $o);"
        + "echo json_encode($o->meta);",
        tmp_path,
    )  # fmt: skip
    assert told == []


def test_the_plain_shop_keeps_the_token_and_sends_it_signed(client, store, session, tmp_path):
    landing, form, send = snippets(client, store, "plain")
    token = store.token()
    send = send.replace("whsec_…", store.key.secret).removeprefix("<?php")
    caught = (
        "function file_get_contents_caught($url, $use, $context)"
        " { global $sent; $sent = [$url, stream_context_get_options($context)['http']]; return ''; }"
    )
    send = send.replace("file_get_contents(", "file_get_contents_caught(").replace(
        "explode(' ', $http_response_header[0])[1]", "202"
    )
    line = "['line_id' => '1', 'sku' => 'S-1', 'quantity' => 1, 'unit_price' => '150000.00']"
    told = php(
        f"<?php $_GET['ref_id'] = '{token}'; ob_start(); ?>" + landing + form + f"""<?php
$page = ob_get_clean(); {caught} {send}
$status = etalase_send('order.placed', ['number' => 'PL-1', 'placed_at' => '2026-10-20T03:05:00Z',
  'click_token' => $_SESSION['click_token'], 'lines' => [{line}]], 1);
foreach ($sent[1]['header'] as $one) {{ [$name, $value] = explode(': ', $one, 2); $headers[$name] = $value; }}
echo json_encode(['page' => $page, 'status' => $status, 'url' => $sent[0], 'body' => $sent[1]['content'],
  'headers' => $headers]);
""",
        tmp_path,
    )  # fmt: skip
    assert f'name="click_token" value="{token}"' in told["page"]
    assert told["status"] == 202
    deliver(client, store, session, told)
    assert order_of(session, "PL-1").click_token == token


@pytest.mark.parametrize("shop", ["shopify", "woocommerce"])
def test_the_shops_own_messages_have_an_address(client, store, shop):
    text = page(client, store, shop)
    assert f"/hooks/v1/{store.merchant.slug}/{shop}" in text
    code = snippets(client, store, shop)
    assert len(code) == 1  # what carries the token; nothing of ours need be sent
    assert "click_token" in code[0]
    assert "whsec_" not in code[0]
