"""What roles are called on screen."""

from __future__ import annotations

from typing import Any

from affiliate.core.i18n import _l
from affiliate.identity.models import Role

ROLE_LABELS: dict[Role, Any] = {
    Role.COMMUNITY_OWNER: _l("Community owner"),
    Role.CURATOR: _l("Curator"),
    Role.MERCHANT_STAFF: _l("Partner store staff"),
    Role.FINANCE_MAKER: _l("Finance, makes payouts"),
    Role.FINANCE_APPROVER: _l("Finance, approves payouts"),
    Role.ADMIN: _l("Platform admin"),
}
