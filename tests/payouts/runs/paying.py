"""What the tests of runs share: finance's people, and money that is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from affiliate.identity.models import Role
from payouts.booking import checks as booking
from payouts.ledger import checks as ledger
from payouts.runs import checks as runs
from tests.conftest import NOW
from tests.factories import Make
from tests.payouts.earning import Earnings

API = "/api/v1/payout-runs"
CUTOFF = "2026-11-15"
DAY = timedelta(days=1)


class Finance:
    """A maker and an approver with API keys, over the test client."""

    def __init__(self, client: FlaskClient, make: Make) -> None:
        self.client = client
        self.maker = make.key(Role.FINANCE_MAKER)
        self.approver = make.key(Role.FINANCE_APPROVER)

    def plan(self, *, status: int = 201, headers: Any = None, **over: Any) -> dict[str, Any]:
        body = {"cutoff": CUTOFF, "currency": "IDR"} | over
        return self._post(API, headers or self.maker, body, status)

    def approve(self, run: dict[str, Any], *, status: int = 200, headers: Any = None, digest: str = "") -> Any:
        body = {"digest": digest or run["digest"]}
        return self._post(f"{API}/{run['id']}/approval", headers or self.approver, body, status)

    def submit(self, run: dict[str, Any], *, status: int = 200, headers: Any = None) -> Any:
        return self._post(f"{API}/{run['id']}/submission", headers or self.maker, None, status)

    def cancel(self, run: dict[str, Any], *, status: int = 200, headers: Any = None) -> Any:
        return self._post(f"{API}/{run['id']}/cancellation", headers or self.maker, None, status)

    def settle(self, payout: dict[str, Any], **body: Any) -> Any:
        return self._post(f"/api/v1/payouts/{payout['payout']}/settlement", self.maker, body, 200)

    def show(self, run: dict[str, Any]) -> Any:
        return self.client.get(f"{API}/{run['id']}", headers=self.maker).json

    def _post(self, path: str, headers: Any, body: Any, status: int) -> Any:
        answer = self.client.post(path, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json


def earned(make: Make, *amounts: int, **over: Any) -> Earnings:
    """Commissions whose hold has passed before the cut-off; not booked yet."""
    earnings = Earnings(make)
    for amount in amounts:
        earnings.earn(amount, available_on=NOW + DAY, **over)
    make.session.commit()
    return earnings


def assert_in_order(session: Any) -> None:
    """Every invariant of payouts holds. Those of commissions do not apply: the builders make no terms and no traces."""
    checks = [*ledger.CHECKS, *booking.CHECKS, *runs.CHECKS]
    broken = {code: found for code, _sentence, check in checks if (found := check(session))}
    assert broken == {}, broken
