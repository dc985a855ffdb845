"""The conveyor: the one module that knows the order of the rooms from delivery to commission.

A batch is claimed in a transaction of its own and worked in another. Where the batch fails, its deliveries are worked
one by one, and only the one that fails is set aside with its error: it never holds up the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from flask import current_app
from sqlalchemy.exc import OperationalError

from affiliate.commissions import service as commissions
from affiliate.conversions import service as conversions
from affiliate.core.db import db, plan_by_index, transaction
from affiliate.orders import service as orders
from affiliate.orders.adapters.reading import customer_key
from affiliate.tracking import tokens

BATCH = 1000
log = logging.getLogger("etalase.pipeline")


def run(now: datetime) -> int:
    """Work one batch of due deliveries: orders, then conversions, then commissions. Returns how many were claimed."""
    with transaction(db.session) as session:
        delivery_ids = orders.claim(session, limit=BATCH, now=now)
    if not delivery_ids:
        return 0
    try:
        _work_again(delivery_ids, now)
    except Exception:
        log.exception("batch_failed", extra={"deliveries": len(delivery_ids)})
        for delivery_id in delivery_ids:
            _work_alone(delivery_id, now)
    return len(delivery_ids)


def _work_again(delivery_ids: Sequence[int], now: datetime) -> None:
    """Once more where two batches waited for each other, by customers whom both make known, and the database chose."""
    try:
        _work(delivery_ids, now)
    except OperationalError:
        log.warning("batch_again", exc_info=True, extra={"deliveries": len(delivery_ids)})
        _work(delivery_ids, now)


def _work(delivery_ids: Sequence[int], now: datetime) -> None:
    with transaction(db.session) as session:
        plan_by_index(session)
        settings = current_app.config["ETALASE"]
        order_ids = orders.work(session, delivery_ids, now=now, customer_key=customer_key(settings.secret_key))
        if order_ids:
            keys = tokens.keys(settings.secret_key, settings.secret_key_old)
            touched = conversions.settle(session, order_ids, keys=keys, now=now)
            commissions.settle(session, sorted({*order_ids, *touched}), now=now)


def _work_alone(delivery_id: int, now: datetime) -> None:
    try:
        _work([delivery_id], now)
    except Exception as error:
        log.exception("delivery_failed", extra={"delivery": delivery_id})
        with transaction(db.session) as session:
            orders.set_aside(session, delivery_id, error=repr(error), now=now)
