"""A real shop's month, and a statement drawn from it with seeded damage: every damaged order is found, no other."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from dataclasses import replace

import pytest

from affiliate.core import money
from affiliate.reconciliation.comparing import Field, Kind, Line, compare

SEED = 20261127


@pytest.fixture(name="sold")
def _sold(shared_data):
    place = shared_data / "orders" / "uci_online_retail.csv.gz"
    if not place.exists():
        pytest.skip("the retail orders are not here")
    sums: dict[str, int] = defaultdict(int)
    with gzip.open(place, "rt", encoding="utf-8", errors="replace", newline="") as lines:
        for row in csv.DictReader(lines):
            number, price = row["InvoiceNo"], row["UnitPrice"]
            if row["InvoiceDate"].startswith("2010-12") and number.isdigit() and not price.startswith("-"):
                pence = money.from_decimal(price, "GBP") if len(price.partition(".")[2]) <= 2 else 0
                sums[number] += int(row["Quantity"]) * pence
    return {number: Line("GBP", total, "completed") for number, total in sums.items() if total > 0}


def test_a_statement_drawn_from_real_orders_agrees_until_it_is_damaged(sold):
    print(f"seed {SEED}")  # noqa: T201  shown when the test fails
    whole = compare(sold, sold)
    assert (whole.differences, len(whole.agreed)) == ((), len(sold))
    picked = random.Random(SEED).sample(sorted(sold), 60)
    removed, added, changed = set(picked[:20]), set(picked[20:40]), set(picked[40:])
    told = {number: line for number, line in sold.items() if number not in removed}
    told |= {number: replace(sold[number], amount_minor=sold[number].amount_minor + 100) for number in changed}
    ours = {number: line for number, line in sold.items() if number not in added}
    found = compare(told, ours)
    by_kind = {kind: {one.order_key for one in found.differences if one.kind is kind} for kind in Kind}
    assert by_kind == {Kind.EXTRA: removed, Kind.MISSING: added, Kind.DIFFERENT: changed}
    assert {one.fields for one in found.differences if one.kind is Kind.DIFFERENT} == {(Field.AMOUNT,)}
    assert len(found.agreed) == len(sold) - len(picked)
