"""Links in memory: what the redirect needs, kept fresh beside it, so that a click asks no database.

In a server a thread watches for changes (`watch`). Without it (commands, tests) every question goes to the database,
and the memory only answers where the database does not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from affiliate.core import clock
from affiliate.core.db import db
from affiliate.links import queries, rules
from affiliate.links.queries import Shop, Target

REFRESH_SECONDS = 2.0
OVERLAP = timedelta(minutes=10)  # longer than any transaction that changes links or products stays open
OVERLAP_IDS = 1000
ASKING_AT_ONCE = 4
MISSES_PER_SECOND = 200
PAUSE_SECONDS = 1.0  # after the database failed
log = logging.getLogger("etalase.tracking")


@dataclass(frozen=True, slots=True)
class Handover:
    """Where a code leads: the store's address, cut open where the token goes in."""

    link_id: int
    before: str
    after: str


class LinkCache:
    """Live links by code. A link that is withdrawn, or leads off its merchant's hosts, is not in it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._links: dict[str, Handover] = {}
        self._shops: dict[int, Shop] = {}
        self._last_id = 0
        self._loaded_at: datetime | None = None
        self._is_watching = False
        self._asking = Asking()

    def find(self, code: str) -> Handover | None:
        """Where this code leads, or None when it is unknown, withdrawn or cannot be asked for now."""
        known = self._links.get(code)
        if (known is not None and self._is_watching) or not (code.isascii() and code.isalnum()):
            return known
        if len(code) > rules.CODE_LENGTH_MAX or not self._asking.begin():
            return known
        found = None
        try:
            found = self._look_up(code)
        except SQLAlchemyError:
            self._asking.failed()
            return known
        finally:
            self._asking.end(missed=found is None)
        return found

    def watch(self, every_tick: Callable[[], None]) -> None:
        """Start to follow changes in the background; `every_tick` is called along with it."""
        threading.Thread(target=self._watch, args=(every_tick,), name="links", daemon=True).start()

    def refresh(self) -> None:
        """Load all links the first time, then what has changed since; raises what the database raises."""
        started = clock.now()
        with self._app.app_context():
            shops = queries.shops(db.session)
            changed = {id_ for id_, shop in shops.items() if self._shops.get(id_, shop) != shop}
            for target in queries.targets_after(db.session, max(0, self._last_id - OVERLAP_IDS)):
                self._take(target, shops.get(target.merchant_id))
                self._last_id = max(self._last_id, target.link_id)
            for target in self._changed(changed):
                self._take(target, shops.get(target.merchant_id))
        self._shops = shops
        self._loaded_at = started

    def _changed(self, merchant_ids: set[int]) -> list[Target]:
        if self._loaded_at is None:
            return []
        targets = queries.targets_changed(db.session, self._loaded_at - OVERLAP)
        return targets + queries.targets_of_merchants(db.session, merchant_ids) if merchant_ids else targets

    def _watch(self, every_tick: Callable[[], None]) -> None:
        while True:
            try:
                every_tick()
                self.refresh()
                self._is_watching = True
            except Exception:
                log.warning("links_not_refreshed", exc_info=True)
            time.sleep(REFRESH_SECONDS)

    def _look_up(self, code: str) -> Handover | None:
        with self._app.app_context():
            target = queries.target_of(db.session, code)
            if target is not None:
                return self._take(target, queries.shop_of(db.session, target.merchant_id))
        self._links.pop(code, None)
        return None

    def _take(self, target: Target, shop: Shop | None) -> Handover | None:
        """Remember where a link leads now, or forget it when it may lead nowhere."""
        if shop is None or not queries.is_open(target, shop):
            self._links.pop(target.code, None)
            return None
        handover = Handover(target.link_id, *rules.around_token(target.url, shop.click_param))
        self._links[target.code] = handover
        return handover


class Asking:
    """Guards the database against floods of unknown codes, and the redirect against a database that hangs."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(ASKING_AT_ONCE)
        self._second = 0
        self._misses = 0
        self._paused_until = 0.0

    def begin(self) -> bool:
        """True when one more question may be asked; then `end` must follow."""
        now = time.monotonic()
        if int(now) != self._second:
            self._second, self._misses = int(now), 0
        if now < self._paused_until or self._misses >= MISSES_PER_SECOND:
            return False
        return self._slots.acquire(blocking=False)

    def end(self, *, missed: bool) -> None:
        self._misses += missed
        self._slots.release()

    def failed(self) -> None:
        self._paused_until = time.monotonic() + PAUSE_SECONDS
