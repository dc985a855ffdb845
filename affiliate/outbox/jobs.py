"""The step that sends: it takes back what the threads have done, and gives them what is due. It never waits itself."""

from __future__ import annotations

import random
from datetime import datetime

from flask import current_app

from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.outbox import recording, sending
from affiliate.outbox.courier import Courier

FINISH_SECONDS = 20.0  # longer than a parcel takes; what is not back by then is sent again after its lease
_KEY = "etalase_courier"


def run(now: datetime) -> int:
    """Record what came back, claim what is due; how many parcels were begun or ended. 0 while it only waits."""
    courier = courier_of_process()
    return _fetch(courier, now, 0.0) + _give(courier, now)


def finish(now: datetime) -> int:
    """Wait for a parcel under way and record it; 0 when there is none."""
    courier = courier_of_process()
    return _fetch(courier, now, FINISH_SECONDS) if courier.is_busy else 0


def courier_of_process() -> Courier:
    """This process's threads, made when they are first needed: a child of a fork has none of its parent's."""
    found: Courier | None = current_app.extensions.get(_KEY)
    if found is None:
        to_localhost = current_app.config["ETALASE"].webhooks_to_localhost
        found = current_app.extensions[_KEY] = Courier(to_localhost=to_localhost)
    return found


def _fetch(courier: Courier, now: datetime, wait_seconds: float) -> int:
    ended = courier.done(wait_seconds=wait_seconds)
    for parcel, results in ended:
        with transaction(db.session) as session:
            recording.record(session, parcel, results, jitter=random.random, now=max(now, parcel.claimed_at))
    return len(ended)


def _give(courier: Courier, now: datetime) -> int:
    healthy, failing = courier.free()
    if healthy + failing == 0:
        return 0
    if not sending.is_due(db.session, now=now):
        return 0
    with transaction(db.session) as session:
        parcels = sending.claim(session, healthy=healthy, failing=failing, now=now)
    for parcel in parcels:
        courier.take(parcel, now=clock.now)
    return len(parcels)
