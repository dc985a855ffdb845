"""The samples: each shows its own step, in any order and however often; and nothing of a shell gets out of them."""

from __future__ import annotations

import random
import shlex
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from affiliate.certification import samples, scripts
from affiliate.certification.models import Reply
from affiliate.certification.rules import demanded, is_passed
from affiliate.certification.samples import Sample
from affiliate.certification.steps import Step
from affiliate.merchants.models import SHOP_KINDS, WebhookKind
from tests.affiliate.certification.practice import SECRET, Row, judged, of_samples, passed, told
from tests.conftest import NOW

KINDS = list(SHOP_KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_alone_shows_its_own_step(kind):
    for step in samples.samples(kind, NOW):
        assert step in passed(judged(of_samples(kind, {step})).values()), step


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("currency", ["IDR", "JPY", "USD"])
def test_all_of_them_pass_all_that_is_demanded(kind, currency):
    results = list(judged(of_samples(kind), currency=currency).values())
    assert is_passed(results)
    assert len(demanded(results)) >= 9
    missing = [one for one in of_samples(kind) if one.reply is not Reply.REFUSED]
    assert not is_passed(list(judged(missing, currency=currency).values())), "the control: one step less"


def shuffled(recorded: list[Row], chance: random.Random) -> list[Row]:
    """The same requests in another order, some of them more than once, replied to as they then come."""
    order = recorded + chance.choices(recorded, k=chance.randrange(12))
    chance.shuffle(order)
    known: set[bytes] = set()
    made = []
    for place, row in enumerate(order):
        reply = row.reply
        if reply is not Reply.REFUSED:
            reply = Reply.REPEAT if row.body in known else Reply.KEPT
            known.add(row.body)
        made.append(replace(row, id=place + 1, reply=reply, received_at=NOW + timedelta(seconds=place)))
    return made


def came_late(recorded: list[Row]) -> bool:
    """Reckoned without the fold: some order's life events did not come in the order of their versions."""
    for order in told(recorded).orders.values():
        ages = [
            (event.facts.version, event.facts.occurred_at) for _by, event in order.events if event.facts.refund is None
        ]
        if ages != sorted(ages):
            return True
    return False


def came_early(recorded: list[Row]) -> bool:
    firsts = (order.events[0][1].facts for order in told(recorded).orders.values())
    return any(first.refund is not None and not first.is_snapshot for first in firsts)


@pytest.mark.parametrize("kind", KINDS)
def test_any_order_and_any_repetition_give_the_same_checklist_and_orders(kind):
    """Two steps ask for an order of arrival by their very meaning: they follow it, and no other does."""
    seed = random.randrange(10**9)
    print("seed", seed)  # noqa: T201  how to repeat a failure
    chance = random.Random(seed)
    recorded = of_samples(kind)
    by_arrival = {Step.LATE_ORDER, Step.EARLY_REFUND}
    expected = passed(judged(recorded).values()) - by_arrival
    states = {ref: order.state.state_hash() for ref, order in told(recorded).orders.items()}
    for _round in range(40):
        other = shuffled(recorded, chance)
        now = passed(judged(other).values())
        assert now - by_arrival == expected, seed
        assert (Step.LATE_ORDER in now) == came_late(other), seed
        assert (Step.EARLY_REFUND in now) == came_early(other), seed
        assert {ref: order.state.state_hash() for ref, order in told(other).orders.items()} == states, seed


def test_the_words_of_a_sample_stay_the_same_so_that_a_second_run_is_a_repeat():
    for kind in KINDS:
        assert samples.samples(kind, NOW) == samples.samples(kind, NOW)
        ids = [one.delivery_id for parts in samples.samples(kind, NOW).values() for one in parts]
        assert len(set(ids)) == len(ids) - 1, "only the repeat has an id of another one"


def test_nothing_in_a_command_is_run_by_the_shell(tmp_path):
    """Whatever stands in a body, id, address or title comes out as it went in."""
    evil = "'; touch hacked; $(touch hacked) `touch hacked` \\ \" $HOME \n"
    body = evil.replace("\n", " ").encode() + b"\n"
    sample = Sample(Step.PLACED, evil.strip(), "id'$(touch hacked)", body, True)
    fake = tmp_path / "curl"
    fake.write_text(
        '#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\n'
        'for word in "$@"; do case "$word" in @-) cat;; @*) cat "${word#@}";; esac; done\n'
    )
    fake.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    url = "http://x.test/$(touch hacked)'"
    for text in (
        scripts.signed([(evil, scripts.curl(url, {"x-evil": "a'$(touch hacked)"}, body))]),
        scripts.signing(WebhookKind.SHOPIFY, url, "s'$(touch hacked)", "w", [(evil, [sample])]),
        scripts.signing(WebhookKind.STANDARD, url, SECRET, SECRET, [(evil, [sample])]),
    ):
        done = subprocess.run(["sh"], input=text.encode(), cwd=tmp_path, env=env, capture_output=True, check=True)
        assert done.stdout.endswith(body), done
        assert url.encode() in done.stdout
        assert not (tmp_path / "hacked").exists()


def test_a_command_carries_its_headers_one_by_one():
    (sample,) = samples.samples(WebhookKind.STANDARD, NOW)[Step.PLACED]
    text = scripts.curl("http://x.test/h", samples.headers(WebhookKind.STANDARD, sample, SECRET, NOW), sample.body)
    words = shlex.split(text.partition(" <<")[0])
    assert words.count("-H") == 4
    assert text.endswith(f"<<'ETALASE'\n{sample.body.decode()}ETALASE")
