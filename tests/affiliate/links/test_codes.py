"""Codes that people choose: what may be had, what looks alike, what one slip leads to."""

from __future__ import annotations

import random

import pytest

from affiliate.links import codes


@pytest.mark.parametrize("code", ["kebaya", "gaun", "promo1212", "a" * 20, "0000", "12ab"])
def test_small_letters_and_digits_make_a_code(code: str):
    assert codes.is_wellformed(code)


@pytest.mark.parametrize(
    "code", ["", "abc", "a" * 21, "Kebaya", "kebaya-sage", "kebaya sage", "kebayé", "a\n", "kéb\0a"]
)
def test_everything_else_does_not(code: str):
    assert not codes.is_wellformed(code)


@pytest.mark.parametrize(("one", "other"), [("kebaya", "KEBAYA"), ("promo10", "promolo"), ("1lili0", "llllio")])
def test_what_looks_alike_has_one_look(one: str, other: str):
    assert codes.look(one) == codes.look(other)


@pytest.mark.parametrize("code", ["admin", "masuk", "etalase", "l0gin", "0fficia1", "adm1n"])
def test_a_word_that_misleads_is_reserved_in_every_disguise(code: str):
    assert codes.is_reserved(code)


@pytest.mark.parametrize(
    ("wish", "nearest"),
    [("Kebaya Sage!", "kebayasage"), ("gaun-pesta", "gaunpesta"), ("é" * 30, "e" * 20), ("!!", "xkcd"), ("ab", "xkcd")],
)
def test_the_nearest_that_can_be_had(wish: str, nearest: str):
    assert codes.nearest_wellformed(wish, "xkcd") == nearest


@pytest.mark.parametrize("code", ["kebaya", "admin", "a" * 20, "abcd"])
def test_every_alternative_can_be_had(code: str):
    found = codes.alternatives(code)
    assert len(found) > 5
    assert all(codes.is_wellformed(one) and not codes.is_reserved(one) for one in found)
    assert code not in found


def slip(rng: random.Random, code: str) -> str:
    """The code as a hurried thumb writes it: one letter wrong, missing, too many, or two swapped."""
    place = rng.randrange(len(code))
    letter = rng.choice("abcdefghijklmnopqrstuvwxyz0123456789")
    return rng.choice(
        [
            code[:place] + letter + code[place + 1 :],
            code[:place] + code[place + 1 :],
            code[:place] + letter + code[place:],
            code[:place] + code[place : place + 2][::-1] + code[place + 2 :],
        ]
    )


def test_every_single_slip_leads_back_and_the_number_of_guesses_is_bounded():
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    for _ in range(500):
        code = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(4, 20)))
        typed = slip(rng, code)
        guesses = codes.one_slip_away(typed)
        assert codes.look(code) in guesses, (seed, code, typed)
        assert len(guesses) <= 1500, (seed, typed)


def test_two_slips_are_too_many():
    assert codes.look("kebayasage") not in codes.one_slip_away("kabayasagi")


@pytest.mark.parametrize("typed", ["", "ab", "x" * 22, "💥", "../../etc", "\x00" * 40, "a" * 10_000])
def test_what_is_no_code_by_its_length_has_no_guesses(typed: str):
    assert all(4 <= len(one) <= 20 for one in codes.one_slip_away(typed))
    assert len(codes.one_slip_away(typed)) <= 1500


def test_signs_that_chat_programs_add_are_not_slips():
    assert codes.one_slip_away("kebaya).")[0] == "kebaya"
