"""Indonesian banks by their three-digit clearing code (sandi bank). The code is text: leading zeros count."""

from __future__ import annotations

BANKS = {
    "002": "BRI",
    "008": "Mandiri",
    "009": "BNI",
    "011": "Danamon",
    "013": "Permata",
    "014": "BCA",
    "016": "Maybank",
    "019": "Panin",
    "022": "CIMB Niaga",
    "023": "UOB",
    "028": "OCBC",
    "046": "DBS",
    "147": "Muamalat",
    "153": "Sinarmas",
    "157": "Maspion",
    "451": "BSI",
    "536": "BCA Syariah",
}


def bank_name(code: str) -> str:
    """The bank's name, or its code where we do not know it."""
    return BANKS.get(code, code)
