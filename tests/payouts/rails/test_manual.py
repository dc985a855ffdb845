"""The manual rail: a list on paper."""

from __future__ import annotations

from payouts.rails.base import Instruction, Rail, Result
from payouts.rails.manual import ManualRail
from payouts.rails.registry import DEFAULT, RAILS


def test_sent_means_that_it_stands_on_the_list():
    rail: Rail = ManualRail()
    outcome = rail.send(Instruction(5000, "IDR", "SITI", "ETALASE 1-2"), "payout-2-1")
    assert (outcome.result, outcome.reference) == (Result.SENT, "ETALASE 1-2")
    assert rail.send(Instruction(5000, "IDR", "SITI", "ETALASE 1-2"), "payout-2-1") == outcome
    assert rail.find("payout-2-1") is None


def test_every_rail_is_known_by_its_own_name():
    assert {name: rail.name for name, rail in RAILS.items()} == {"manual": "manual"}
    assert DEFAULT in RAILS
