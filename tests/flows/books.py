"""What the invariants say after a walk: nothing, or which of them are broken."""

from __future__ import annotations

from sqlalchemy.orm import Session

from payouts.verify import findings


def violations(session: Session) -> dict[str, int]:
    """{code: count} of every broken invariant."""
    return {found.code: found.violations for found in findings(session) if found.violations}
