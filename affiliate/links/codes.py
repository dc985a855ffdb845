"""Codes that a person chooses: which may be had, which look alike, and which was meant when one was mistyped. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from affiliate.core.wording import slug

LENGTH_MIN = 4
LENGTH_MAX = 20
_CODE = re.compile(rf"[a-z0-9]{{{LENGTH_MIN},{LENGTH_MAX}}}")
_SEEN_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l"})
_LOOKS = "abcdefghjklmnopqrstuvwxyz23456789"  # what is left of the alphabet by `look`
# What a visitor would take for a page of ours or of a bank, and so would follow for the wrong reason.
RESERVED = frozenset(
    {
        "account", "admin", "administrator", "akun", "bank", "bantuan", "bayar", "billing", "daftar", "etalase",
        "finance", "hadiah", "help", "info", "kontak", "login", "logout", "masuk", "official", "password", "payment",
        "payout", "portal", "promo", "register", "resmi", "security", "signin", "signup", "staff", "support", "test",
        "transfer", "undian", "verifikasi", "verify",
    }
)  # fmt: skip


def look(code: str) -> str:
    """How a code looks to somebody who types it off a poster: 0 as o, 1 and i as l, capitals as small letters."""
    return code.lower().translate(_SEEN_ALIKE)


_RESERVED_LOOKS = frozenset(look(word) for word in RESERVED)


def is_wellformed(code: str) -> bool:
    """4 to 20 small letters and digits: all that survives a poster, a voice and a phone's keyboard."""
    return _CODE.fullmatch(code) is not None


def is_reserved(code: str) -> bool:
    return look(code) in _RESERVED_LOOKS


def nearest_wellformed(typed: str, fallback: str) -> str:
    """What comes closest to a wish that cannot be had as it stands: "Kebaya Sage!" gives kebayasage."""
    kept = slug(typed, fallback).replace("-", "")[:LENGTH_MAX]
    return kept if is_wellformed(kept) else fallback


def alternatives(code: str) -> list[str]:
    """Other codes for somebody who cannot have this one, the nicest first; each is well-formed."""
    stem = code[: LENGTH_MAX - 2]
    endings = [*"23456789", "id", "ku", "yuk", *(str(number) for number in range(22, 100, 11))]
    found = [stem + ending for ending in endings]
    return [one for one in found if is_wellformed(one) and not is_reserved(one)]


def one_slip_away(typed: str) -> list[str]:
    """The looks from which one slip leads to what was typed: nothing, a letter too many, swapped, wrong or missing.

    About 70 for each letter typed, so never above 1,500; none for what no chosen code could have become.
    """
    found = seen(typed)
    return list(dict.fromkeys(one for one in (found, *_slips(found)) if LENGTH_MIN <= len(one) <= LENGTH_MAX))


def seen(typed: str) -> str:
    """The look of what was typed, without blanks and signs; "" for what is no code by its length."""
    kept = look("".join(re.findall(r"[0-9A-Za-z]", typed[: 4 * LENGTH_MAX])))
    return kept if LENGTH_MIN - 1 <= len(kept) <= LENGTH_MAX + 1 else ""


def _slips(text: str) -> Iterator[str]:
    if not text:
        return
    cuts = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    yield from (before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1)
    yield from (before + after[1:] for before, after in cuts if after)
    yield from (before + letter + after[1:] for before, after in cuts if after for letter in _LOOKS)
    yield from (before + letter + after for before, after in cuts for letter in _LOOKS)
