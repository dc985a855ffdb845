"""Signed sample deliveries: for every step and shop system the requests that show it. Pure.

An order's words are the same whenever they are written, so that a command that runs twice is a repeat. Goods, names
and numbers are our own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from affiliate.certification.steps import Step
from affiliate.certification.writing import Stage, Taken, Tale, Writer, adobe_order, shopify, standard, woo_order
from affiliate.core.signing import SECRET_PREFIX, sha256_hex, standard_signature
from affiliate.merchants.models import WebhookKind
from affiliate.orders.schemes import adobe, woocommerce
from affiliate.orders.schemes import shopify as shopify_scheme

FIRST_NUMBER = 7_100_000_000_001
AGE = timedelta(hours=1)  # the samples' orders were placed before the sandbox was opened
WRITERS: dict[WebhookKind, Writer] = {
    WebhookKind.STANDARD: standard,
    WebhookKind.SHOPIFY: shopify,
    WebhookKind.WOOCOMMERCE: woo_order,
    WebhookKind.ADOBE: adobe_order,
}
HEADERS = {
    WebhookKind.SHOPIFY: (shopify_scheme.SIGNATURE, shopify_scheme.TOPIC, "x-shopify-webhook-id"),
    WebhookKind.WOOCOMMERCE: (woocommerce.SIGNATURE, woocommerce.TOPIC, "x-wc-webhook-delivery-id"),
    WebhookKind.ADOBE: (adobe.SIGNATURE, adobe.TOPIC, "x-adobe-commerce-webhook-id"),
}
_PLACED, _PAID = Tale(Stage.PLACED), Tale(Stage.PAID, minute=5)
_COMPLETED, _CANCELLED = Tale(Stage.COMPLETED, minute=10), Tale(Stage.CANCELLED, minute=5)
STORIES: dict[Step, tuple[Tale, ...]] = {
    Step.PLACED: (_PLACED,),
    Step.PAID: (_PLACED, _PAID),
    Step.COMPLETED: (_PLACED, _PAID, _COMPLETED),
    Step.PART_BY_LINE: (_COMPLETED, Tale(Stage.COMPLETED, Taken.PIECE, minute=15)),
    Step.PART_BY_AMOUNT: (_COMPLETED, Tale(Stage.COMPLETED, Taken.AMOUNT, minute=15)),
    Step.FULL_REFUND: (_COMPLETED, Tale(Stage.COMPLETED, Taken.ALL, minute=15)),
    Step.CANCEL: (_PLACED, _CANCELLED),
    Step.REPEAT: (_PLACED, _PLACED),
    Step.LATE_ORDER: (_COMPLETED, _PLACED),
    Step.EARLY_REFUND: (Tale(Stage.COMPLETED, Taken.PIECE, minute=15), _COMPLETED),
    Step.WRONG_SIGNATURE: (_PLACED,),
    Step.IDR: (Tale(Stage.PLACED, is_whole=True),),
    Step.ZERO_DECIMAL: (Tale(Stage.PLACED, currency="JPY"),),
}
# What a shop system does not say, it has no sample for.
WITHOUT = {
    WebhookKind.WOOCOMMERCE: {Step.PART_BY_LINE, Step.EARLY_REFUND},
    WebhookKind.ADOBE: {Step.EARLY_REFUND},
}
_WRONG_TEXT = "bukan-rahasia-kotak-pasir-ini-ya"
WRONG_SECRETS = dict.fromkeys(WebhookKind, _WRONG_TEXT) | {
    WebhookKind.STANDARD: SECRET_PREFIX + base64.b64encode(_WRONG_TEXT.encode()).decode()
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One request to be sent. The body ends in a new line, as a here-document in a shell does."""

    step: Step
    topic: str
    delivery_id: str
    body: bytes
    is_signed_well: bool


def samples(kind: WebhookKind, opened_at: datetime) -> dict[Step, list[Sample]]:
    """The requests by step, in the order in which they are to be sent."""
    steps = [step for step in Step if step not in WITHOUT.get(kind, set())]
    return {step: _story(kind, step, opened_at - AGE) for step in steps}


def order_refs() -> set[str]:
    """The order numbers of all samples, of whatever shop system."""
    numbers = [FIRST_NUMBER + place for place, _step in enumerate(Step)]
    return {str(number) for number in numbers} | {f"CONTOH-{number}" for number in numbers}


def _story(kind: WebhookKind, step: Step, at: datetime) -> list[Sample]:
    number = FIRST_NUMBER + list(Step).index(step)
    begun = at.replace(second=0, microsecond=0)
    told = []
    for tale in STORIES[step]:
        topic, content = WRITERS[kind](number, tale, begun)
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        name = f"contoh-{step.value.replace('_', '-')}-{sha256_hex(topic.encode() + body)[:12]}"
        told.append(Sample(step, topic, name, body, step is not Step.WRONG_SIGNATURE))
    return told


def headers(kind: WebhookKind, sample: Sample, secret: str, now: datetime) -> dict[str, str]:
    """The headers of a request, signed now; with another secret where that is what the sample is for."""
    signs = secret if sample.is_signed_well else WRONG_SECRETS[kind]
    given = {"content-type": "application/json"}
    if kind is WebhookKind.STANDARD:
        return given | {
            "webhook-id": sample.delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standard_signature(signs, sample.delivery_id, now, sample.body),
        }
    signature, topic, name = HEADERS[kind]
    mac = hmac.new(signs.encode(), sample.body, hashlib.sha256).digest()
    return given | {
        topic: sample.topic, name: sample.delivery_id, signature: base64.b64encode(mac).decode(),
    }  # fmt: skip
