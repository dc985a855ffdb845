"""A token says which click it was, to us only, and only as we wrote it."""

from __future__ import annotations

import itertools
import json
import os
import random
import string
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from affiliate.core.settings import DEMO_SECRET_KEY
from affiliate.tracking import tokens
from affiliate.tracking.tokens import ClickToken

KEYS = tokens.keys("satu rahasia yang cukup panjang untuk ini")
AT = datetime(2026, 11, 1, 9, 0, 0, 123456, tzinfo=UTC)
TOKEN = tokens.mint(42, AT, 2**62 + 5, KEYS)


def test_it_says_link_moment_and_nonce():
    assert tokens.read(TOKEN, KEYS) == ClickToken(42, AT.replace(microsecond=123000), 2**62 + 5)


def test_its_moment_is_utc_whatever_zone_it_was_given_in():
    jakarta = AT.astimezone(timezone(timedelta(hours=7)))
    assert tokens.mint(42, jakarta, 2**62 + 5, KEYS) == TOKEN


@pytest.mark.parametrize("link_id", [0, 1, 2**63 - 1])
@pytest.mark.parametrize("nonce", [0, 2**63 - 1])
@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)])
def test_the_ends_of_the_ranges(link_id: int, nonce: int, at: datetime):
    assert tokens.read(tokens.mint(link_id, at, nonce, KEYS), KEYS) == ClickToken(link_id, at, nonce)


def test_it_fits_and_survives_chat_programs():
    rng = random.Random(7)
    for _ in range(2000):
        token = tokens.mint(rng.getrandbits(40), AT, rng.getrandbits(63), KEYS)
        assert len(token) == tokens.LENGTH < 48
        assert token[-1].isalnum()
        assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_every_single_bit_flip_is_refused():
    data = TOKEN.encode()
    for position, bit in itertools.product(range(len(data)), range(8)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << bit
        assert tokens.read(flipped.decode("latin-1"), KEYS) is None, (position, bit)


def test_every_other_character_in_every_place_is_refused():
    for position, char in itertools.product(range(len(TOKEN)), string.printable):
        if char != TOKEN[position]:
            assert tokens.read(TOKEN[:position] + char + TOKEN[position + 1 :], KEYS) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        TOKEN[:-1],
        TOKEN + "a",
        TOKEN + "=",
        " " + TOKEN,
        TOKEN + "\n",
        "=" * 43 + "a",
        "a" * 44,
        "é" * 44,
        "\x00" * 44,
        "A" * 10_000,
    ],
)
def test_anything_else_is_refused(text: str):
    assert tokens.read(text, KEYS) is None


@pytest.mark.parametrize("thing", [None, 5, 1.5, b"a" * 44, TOKEN.encode(), [], {}, object()])
def test_what_is_no_text_is_refused(thing: object):
    assert tokens.read(thing, KEYS) is None  # type: ignore[arg-type]


def test_naughty_strings_are_refused(shared_data: Path):
    naughty = json.loads((shared_data / "hostile" / "blns.json").read_text("utf-8"))
    assert len(naughty) > 400
    for text in naughty:
        assert tokens.read(text, KEYS) is None
        assert tokens.read((text + "a" * 44)[:44], KEYS) is None


def test_another_secret_refuses_it():
    assert tokens.read(TOKEN, tokens.keys(DEMO_SECRET_KEY)) is None


def test_tokens_from_before_a_rotation_are_still_believed():
    """First the new key signs and the old is believed; when SECRET_KEY_OLD is taken away, only the new one is."""
    old_secret, new_secret = "satu rahasia yang cukup panjang untuk ini", "rahasia lain yang sama panjangnya dengan itu"
    rotating, rotated = tokens.keys(new_secret, old_secret), tokens.keys(new_secret)
    fresh = tokens.mint(7, AT, 1, rotating)
    assert tokens.read(TOKEN, rotating) == tokens.read(TOKEN, KEYS) is not None
    assert (
        tokens.read(fresh, rotating) == tokens.read(fresh, rotated) == ClickToken(7, AT.replace(microsecond=123000), 1)
    )
    assert tokens.read(fresh, KEYS) is None
    assert tokens.read(TOKEN, rotated) is None


def test_two_keys_whose_ids_are_the_same_are_both_believed():
    """62 ids for all keys in the world: some meet."""
    first = tokens.keys("secret 0")
    twin = next(n for n in range(1, 10_000) if tokens.keys(f"secret {n}").current == first.current)
    rotating = tokens.keys(f"secret {twin}", "secret 0")
    assert len(rotating.live) == 1
    for secret in ("secret 0", f"secret {twin}"):
        assert tokens.read(tokens.mint(7, AT, 1, tokens.keys(secret)), rotating) is not None
    assert tokens.read(tokens.mint(7, AT, 1, rotating), tokens.keys(f"secret {twin}")) is not None
    assert tokens.read(tokens.mint(7, AT, 1, rotating), first) is None


def test_nonces_of_processes_do_not_meet():
    """Three real processes and this one draw at the same moment: no number twice, all within 63 bits."""
    count = 5000
    readers = []
    for _ in range(3):
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(write_end, "w") as pipe:
                pipe.write("\n".join(map(str, draw(tokens.Nonces(), count))))
            os._exit(0)
        os.close(write_end)
        readers.append((child, read_end))
    seen = set(draw(tokens.Nonces(), count))
    for child, read_end in readers:
        with os.fdopen(read_end) as pipe:
            seen.update(int(line) for line in pipe)
        os.waitpid(child, 0)
    assert len(seen) == 4 * count
    assert all(0 <= nonce < 2**63 for nonce in seen)


def draw(nonces: tokens.Nonces, count: int) -> list[int]:
    return [nonces.draw() for _ in range(count)]


def test_nonces_of_threads_do_not_meet():
    """Threads that are switched as often as the interpreter can: no number twice, and none of them fails."""
    nonces, drawn = tokens.Nonces(), []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=lambda: drawn.append(draw(nonces, 20_000))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len({nonce for part in drawn for nonce in part}) == 160_000
