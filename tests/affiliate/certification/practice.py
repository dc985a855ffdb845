"""Requests to a sandbox as tests need them: recorded by hand for the rules, sent for real otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from affiliate.certification import rules, samples
from affiliate.certification.history import History, history, read
from affiliate.certification.models import Reply
from affiliate.certification.steps import Result, State, Step
from affiliate.core import clock
from affiliate.merchants.models import WebhookKind
from affiliate.orders.adapters.reading import Shop
from tests.conftest import NOW

SECRET = "whsec_" + "QUFB" * 8


@dataclass
class Row:
    """A recorded request, as the table has it."""

    id: int
    body: bytes
    kind: WebhookKind = WebhookKind.STANDARD
    reply: Reply = Reply.KEPT
    cause: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    received_at: datetime = NOW


def rows(*contents: Any, kind: WebhookKind = WebhookKind.STANDARD, topics: Sequence[str] = ()) -> list[Row]:
    """Contents that came in this order, a second apart; a Reply among them is a request without a content."""
    made = []
    for place, content in enumerate(contents):
        reply = content if isinstance(content, Reply) else Reply.KEPT
        body = (
            b"{}"
            if isinstance(content, Reply)
            else content
            if isinstance(content, bytes)
            else json.dumps(content).encode()
        )
        given = {samples.HEADERS[kind][1]: topics[place]} if topics else {}
        cause = "wrong_secret" if reply is Reply.REFUSED else None
        made.append(Row(place + 1, body, kind, reply, cause, given, NOW + timedelta(seconds=place)))
    return made


def told(recorded: Iterable[Row]) -> History:
    return history(read(row, Shop(1, "etl")) for row in recorded)


def judged(
    recorded: Iterable[Row], *, currency: str = "IDR", prices: dict[str, int] | None = None
) -> dict[Step, Result]:
    listed = list(recorded)
    kind = listed[0].kind if listed else WebhookKind.STANDARD
    found = rules.checklist(told(listed), kind=kind, currency=currency, prices=prices or {})
    return {one.step: one for one in found}


def of_samples(kind: WebhookKind, steps: Iterable[Step] | None = None) -> list[Row]:
    """The samples as the sandbox would record them, in the order given."""
    made: list[Row] = []
    known: set[str] = set()
    for step, parts in samples.samples(kind, NOW).items():
        if steps is not None and step not in steps:
            continue
        for part in parts:
            given = samples.headers(kind, part, SECRET, NOW)
            repeat = Reply.REPEAT if part.delivery_id in known else Reply.KEPT
            reply = repeat if part.is_signed_well else Reply.REFUSED
            known.add(part.delivery_id)
            at = NOW + timedelta(seconds=len(made))
            made.append(Row(len(made) + 1, part.body, kind, reply, None, given, at))
    return made


def passed(results: Iterable[Result]) -> set[Step]:
    return {one.step for one in results if one.state is State.PASSED}


def send(client: Any, slug: str, key: Any, sample: samples.Sample, *, real: str | None = None) -> Any:
    """Post a sample to the sandbox, or with a real key's secret to the real address."""
    tail = "" if real else "/sandbox"
    given = samples.headers(key.kind, sample, real or key.secret, clock.now())
    return client.post(f"/hooks/v1/{slug}/{key.kind.value}{tail}", data=sample.body, headers=given)


def send_all(client: Any, slug: str, key: Any) -> list[int]:
    told_ = samples.samples(key.kind, key.created_at)
    return [send(client, slug, key, one).status_code for parts in told_.values() for one in parts]
