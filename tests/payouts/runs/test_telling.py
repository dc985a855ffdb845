"""What a community is told of payouts: its own and its curators', and never where they go."""

from __future__ import annotations

import json

import pytest

from tests.affiliate.outbox.hearing import heard, listen, types
from tests.payouts.runs.paying import Finance, earned


@pytest.fixture
def finance(client, make) -> Finance:
    return Finance(client, make)


def test_a_payout_is_told_when_it_is_sent_paid_and_returned(finance, make, session):
    earnings = earned(make, 50_000_00)
    ear, stranger = listen(session, earnings.community), listen(session, make.community())
    session.commit()
    run = finance.plan()
    finance.approve(run)
    assert heard(session, ear) == []
    finance.submit(run)
    finance.submit(run)
    sent = heard(session, ear)
    assert set(types(sent)) == {"payout.sent"}
    assert len(sent) == len(run["payouts"])
    payout = run["payouts"][0]
    for _again in range(2):
        finance.settle(payout, status="paid", reference="BI-FAST 77")
    finance.settle(payout, status="returned")
    told = heard(session, ear)[len(sent) :]
    assert types(told) == ["payout.paid", "payout.returned"]
    assert told[0]["data"] | {"occurred_at": ""} == {
        "payout": payout["payout"], "community": earnings.community.slug, "owner": payout["owner"],
        "role": payout["role"], "status": "paid", "amount": payout["amount"], "reference": "BI-FAST 77",
        "occurred_at": "",
    }  # fmt: skip
    assert heard(session, stranger) == []


def test_the_account_of_a_payee_is_never_told(finance, make, session):
    earnings = earned(make, 50_000_00)
    ear = listen(session, earnings.community)
    session.commit()
    run = finance.plan()
    finance.approve(run)
    finance.submit(run)
    finance.settle(run["payouts"][0], status="failed")
    told = heard(session, ear)
    assert types(told)[-1] == "payout.failed"
    text = json.dumps(told)
    assert "payee" not in text
    assert "account" not in text
