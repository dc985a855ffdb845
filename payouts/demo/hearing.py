"""Programs that listen in the demo: a community's cash book and a store's dispatch, with a log as real ones have.

Nobody is called: the answers are told here. The host names are of `.example`, which nobody can own (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.communities.models import Community
from affiliate.identity.actors import system
from affiliate.merchants.models import Merchant
from affiliate.outbox import recording, sending, service
from affiliate.outbox.rules import EventType, Outcome
from affiliate.outbox.sending import Parcel, Result, Sending
from payouts.demo.story import CLUBS, STORES

ROBOT = system("demo")
CASH_BOOK = "https://kas.lemari-kita.example/hooks/etalase"
DISPATCH = "https://gudang.rumah-anggun.example/webhook"
OLD_REPORTS = "https://laporan-lama.rumah-anggun.example/in"
ADDRESS = "203.0.113.20"  # of documentation (RFC 5737)
STUMBLES = 14  # one of so many is answered well only at the second try
REFUSED = 61  # and one of so many never
ROUNDS = 6
ROUND = timedelta(minutes=15)


def listen(session: Session, *, now: datetime) -> None:
    """The addresses: two in use, and one that was paused."""
    club = session.execute(sa.select(Community).where(Community.slug == CLUBS[0].slug)).scalar_one()
    store = session.execute(sa.select(Merchant).where(Merchant.slug == STORES[0].slug)).scalar_one()
    _add(session, club, CASH_BOOK, "Buku kas komunitas", service.heard_by(club), now)
    told = [kind for kind in service.heard_by(store) if kind is not EventType.CONVERSION_CREATED]
    _add(session, store, DISPATCH, "Gudang dan laporan", told, now)
    old = service.add_endpoint(
        session, store, url=OLD_REPORTS, types=[EventType.COMMISSION_EARNED], note="Laporan lama", to_localhost=False,
        actor=ROBOT, now=now,
    )  # fmt: skip
    service.pause(session, old, actor=ROBOT, now=now)


def _add(
    session: Session, owner: Community | Merchant, url: str, note: str, types: Sequence[EventType], now: datetime
) -> None:
    row = service.add_endpoint(
        session, owner, url=url, types=types, note=note, to_localhost=False, actor=ROBOT, now=now
    )
    service.send_test(session, row, source="ping:demo", actor=ROBOT, now=now)


def send(session: Session, dice: Random, *, is_last: bool, now: datetime) -> None:
    """Send what the day has brought; on the last days everything arrives at once, so no page begins with a fault."""
    for number in range(1 if is_last else ROUNDS):
        moment = now + number * ROUND
        while parcels := sending.claim(session, healthy=8, failing=8, now=moment):
            for parcel in parcels:
                results = _answers(parcel, is_last)
                recording.record(session, parcel, results, jitter=dice.random, now=moment)


def _answers(parcel: Parcel, is_last: bool) -> list[Result]:
    """The answers to a parcel, up to the first that is no 2xx."""
    results = []
    for one in parcel.sendings:
        results.append(_answer(one, is_last))
        if results[-1].outcome is not Outcome.DELIVERED:
            break
    return results


def _answer(one: Sending, is_last: bool) -> Result:
    took = 40 + one.message_id * 37 % 160
    if not is_last and one.message_id % REFUSED == 0:
        text = '{"error": "pesanan tidak dikenal di gudang"}'
        return Result(one, Outcome.REFUSED, 422, ADDRESS, text, took)
    if not is_last and one.message_id % STUMBLES == 0 and one.number == 1:
        return Result(one, Outcome.REFUSED, 503, ADDRESS, "sedang dirawat, coba lagi", took)
    return Result(one, Outcome.DELIVERED, 200, ADDRESS, '{"ok": true}', took)
