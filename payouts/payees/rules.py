"""How a payout account is written. Pure."""

from __future__ import annotations

import re

from affiliate.core.wording import one_line
from payouts.payees.banks import bank_name

ACCOUNT_NUMBER = re.compile(r"[0-9]{5,20}")
HOLDER_MAX = 120


def account_number(text: str) -> str | None:
    """The digits of an account number as typed (spaces, dots and hyphens between them fall away), or None."""
    digits = re.sub(r"[ .-]", "", text)
    return digits if ACCOUNT_NUMBER.fullmatch(digits) else None


def holder_name(text: str) -> str | None:
    """The holder's name on one line, or None when there is none or it is too long for a bank."""
    name = one_line(text)
    return name if 0 < len(name) <= HOLDER_MAX else None


def payee_text(holder: str, bank_code: str, number: str) -> str:
    """SITI RAHMA · BCA (014) · 0012345678"""
    return f"{holder} · {bank_name(bank_code)} ({bank_code}) · {number}"


def masked(number: str) -> str:
    """The last four digits, for pages where the whole number is nobody's business."""
    return "•••• " + number[-4:]
