"""Damage costs the line it hits and no other."""

from __future__ import annotations

import random

import pytest

from affiliate.tracking import records
from affiliate.tracking.records import ClickRecord

THREE = [
    ClickRecord(1793523600000 + n, 2**62 + n, 7 + n, "ab" * 12, "phone", reason, "contoh.test")
    for n, reason in enumerate(["", "bot", ""])
]
LINES = [records.line_of(record) for record in THREE]


def test_what_is_written_is_read():
    parsed = records.parse(b"".join(LINES))
    assert parsed.records == THREE
    assert parsed.damaged == []


def test_every_flipped_bit_costs_only_its_own_line():
    """One flip anywhere in three lines: the other two stand, and the hit one is set aside or still whole."""
    data = b"".join(LINES)
    for position in range(len(data)):
        hit = 0 if position < len(LINES[0]) else 1 if position < len(LINES[0]) + len(LINES[1]) else 2
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            parsed = records.parse(bytes(flipped))
            others = [record for n, record in enumerate(THREE) if n != hit]
            assert [record for record in parsed.records if record != THREE[hit]] == others, (position, bit)
            assert parsed.damaged, (position, bit)


@pytest.mark.parametrize(
    "block", [b"\0" * 4096, b"\xff" * 50, b"0050 12345678 ", b"ffff ffffffff x", b"\n\n\n", b"0000 00000000 "]
)
def test_blocks_of_rubbish_between_lines_cost_nothing(block: bytes):
    parsed = records.parse(LINES[0] + block + LINES[1] + block + LINES[2])
    assert parsed.records == THREE
    assert bool(parsed.damaged) is bool(block.strip(b"\n\0"))


def test_a_cut_line_is_damaged_at_every_place_of_the_cut():
    for cut in range(1, len(LINES[2]) - 1):
        parsed = records.parse(LINES[0] + LINES[1] + LINES[2][:cut])
        assert parsed.records == THREE[:2]
        assert len(parsed.damaged) == 1


def test_random_bytes_never_raise():
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    for _ in range(200):
        assert records.parse(rng.randbytes(rng.randrange(2000))).records == [], seed


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"1\t2\t3",
        b"9" * 15 + b"\t2\t3\tab\tphone\t\t",
        b"1\t9999999999999999999\t3\tab\tphone\t\t",
        b"1\t2\t3\tab\tfridge\t\t",
        b"1\t2\t3\tab\tphone\tbecause\t",
        b"1\t2\t3\tXY\tphone\t\t",
    ],
)
def test_a_sound_checksum_over_nonsense_is_still_damage(payload: bytes):
    from zlib import crc32

    line = b"%04x %08x %b\n" % (len(payload), crc32(payload), payload)
    parsed = records.parse(LINES[0] + line + LINES[1])
    assert parsed.records == THREE[:2]
    assert len(parsed.damaged) == 1


def test_bulk_reading_finds_what_a_search_byte_by_byte_finds():
    """Random damage of every kind: cut out, doubled, flipped, glued together, NULs in between."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    for _ in range(300):
        pieces = [bytearray(rng.choice(LINES)) for _ in range(rng.randrange(1, 8))]
        for piece in pieces:
            damage(rng, piece)
        data = b"".join(pieces)
        slowly = records.Parsed()
        records._search(slowly, data)
        assert records.parse(data) == slowly, (seed, data)


def damage(rng: random.Random, piece: bytearray) -> None:
    place, length = rng.randrange(len(piece)), rng.randrange(20)
    what = rng.randrange(7)
    if what == 0:
        del piece[place : place + length]
    elif what == 1:
        piece[place:place] = piece[place : place + length]
    elif what == 2:
        piece[place] ^= rng.randrange(1, 256)
    elif what == 3:
        piece[place:place] = bytes(length)
    elif what == 4:
        del piece[-1:]  # the next line follows without a line end
    elif what == 5:
        piece[place:place] = LINES[0]


@pytest.mark.parametrize("nonce", [2**63 - 1, 2**63, 10**19 - 1, 0])
def test_a_nonce_is_63_bits(nonce: int):
    data = LINES[0] + records.line_of(ClickRecord(1, nonce, 7, "ab", "phone", "", ""))
    assert len(records.parse(data).payloads) == (2 if nonce < 2**63 else 1)


def test_a_moment_after_the_last_year_is_damage():
    record = ClickRecord(253_402_214_400_000, 1, 7, "ab", "phone", "", "")
    assert records.parse(records.line_of(record)).records == [record]
    assert records.parse(records.line(record.ms + 1, 1, 7, "ab", "phone", "", "")).records == []
