"""What the redirect needs of links, kept fresh beside it, so that a click asks no database.

Facts of all links stand in the process's journal (a local file, `journal.py`), the ready answers of those that were
asked for lately in memory. In a server a thread follows changes (`watch`). Without it (commands, tests) every question
goes to the database, and the memory only answers where the database does not.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from affiliate.core import clock
from affiliate.core.db import db
from affiliate.core.settings import Settings
from affiliate.core.signing import keyed_hash
from affiliate.links import queries, rules
from affiliate.links.queries import Shop, Target
from affiliate.tracking.journal import Fact, Journal

REFRESH_SECONDS = 2.0
OVERLAP = timedelta(minutes=10)  # longer than any transaction that changes links or products stays open
OVERLAP_IDS = 1000
READY_MAX = 45_000  # answers in a generation; there are two
BATCH = 500  # facts that are taken before another thread may go on
SUPERSEDED_MAX = 100_000  # lines of the journal that count no more, beside as many as there are links
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
    """Live links by code. A link that is withdrawn, or leads off its merchant's hosts, leads nowhere."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._folder: Path = settings.links_dir
        self._of_database = keyed_hash(settings.secret_key.encode(), settings.database_url.encode()).hex()
        self._ready = Ready()
        self._journal: Journal | None = None
        self._is_complete = False  # the journal holds all that the database had, or has
        self._writing = threading.Lock()
        self._shops: dict[int, Shop] = {}
        self._last_id = 0
        self._loaded_at: datetime | None = None
        self._overlap: dict[str, Target] = {}
        self._is_failing = False
        self._asking = Asking()

    def at_hand(self, code: str) -> Handover | None:
        """Where this code leads, as far as that is known here; asks no database."""
        if not self._is_complete:
            return None
        return self._ready.get(code) or (self._recall(code) if is_code(code) else None)

    def find(self, code: str) -> Handover | None:
        """Where this code leads, or None when it is unknown, withdrawn or cannot be asked for now."""
        known = self.at_hand(code)
        if known is not None or not is_code(code):
            return known
        known = None if self._is_complete else self._ready.get(code)
        if not self._asking.begin():
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

    def _recall(self, code: str) -> Handover | None:
        """From the journal, made ready; not kept ready if it was changed under our hands."""
        assert self._journal is not None
        version = self._ready.version
        fact = self._journal.recall(code)
        handover = made_ready(fact, self._shops) if fact else None
        if handover is not None:
            self._ready.put(code, handover, version)
        return handover

    def _look_up(self, code: str) -> Handover | None:
        version = self._ready.version
        with self._app.app_context():
            target = queries.target_of(db.session, code)
            shop = queries.shop_of(db.session, target.merchant_id) if target else None
        if target is None or shop is None:
            self._forget(code)
            return None
        fact = fact_of(target)
        handover = made_ready(fact, {target.merchant_id: shop})
        if self._take([fact], version):
            self._shops = {**self._shops, target.merchant_id: shop}
            if handover is not None:
                self._ready.put(code, handover, self._ready.version)
        return handover

    def _take(self, facts: list[Fact], version: int | None = None) -> bool:
        """Let these count from now on. A journal that cannot be written forgets them, and the database is asked.

        False, and nothing is taken, when they were read at `version` and something may have changed since.
        """
        with self._writing:
            if version not in {None, self._ready.version}:
                return False
            if self._journal is not None:
                try:
                    self._journal.keep(facts)
                except OSError:
                    log.warning("links_not_kept", exc_info=True)
                    self._journal.forget(fact.code for fact in facts)
            self._ready.drop([fact.code for fact in facts])
            return True

    def _forget(self, code: str) -> None:
        with self._writing:
            if self._journal is not None:
                self._journal.forget([code])
            self._ready.drop([code])

    def start(self) -> None:
        """Load all links; those of an earlier process where the database does not answer."""
        try:
            self.refresh()
        except Exception:
            log.warning("links_not_loaded", exc_info=True)
            self._adopt()

    def watch(self, every_tick: Callable[[], None]) -> None:
        """Follow changes in the background; `every_tick` is called along with it."""
        threading.Thread(target=self._watch, args=(every_tick,), name="links", daemon=True).start()

    def _watch(self, every_tick: Callable[[], None]) -> None:
        while True:
            time.sleep(REFRESH_SECONDS)
            try:
                every_tick()
                self.refresh()
                self._is_failing = False
            except Exception:
                if not self._is_failing:  # told once an outage, not every two seconds
                    log.warning("links_not_refreshed", exc_info=True)
                self._is_failing = True

    def refresh(self) -> None:
        """Load all links the first time, then what has changed since; raises what the database raises."""
        started = clock.now()
        with self._app.app_context():
            self._take_shops(queries.shops(db.session))
            if self._loaded_at is None or self._is_worn():
                self._load_all()
            else:
                self._follow(self._loaded_at)
        self._loaded_at = started

    def _take_shops(self, shops: dict[int, Shop]) -> None:
        if shops != self._shops:
            self._shops = shops
            self._ready.drop_all()
            if self._loaded_at is not None and self._journal is not None:
                self._note_shops(self._journal)

    def _note_shops(self, journal: Journal) -> None:
        rows = [[id_, shop.click_param, *shop.allowed_hosts] for id_, shop in self._shops.items()]
        with self._writing:
            journal.note("shops", json.dumps(rows))

    def _is_worn(self) -> bool:
        journal = self._journal
        return journal is not None and journal.lines > 2 * journal.live + SUPERSEDED_MAX

    def _load_all(self) -> None:
        """Into a new journal, which takes the place of the present one when it is complete."""
        journal = Journal.create(self._folder)
        try:
            last_id = self._fill(journal)
        except Exception:
            journal.path.unlink(missing_ok=True)
            raise
        with self._writing:
            self._journal = journal
            self._ready.drop_all()
        self._last_id, self._overlap = last_id, {}
        self._is_complete = True
        journal.publish()

    def _fill(self, journal: Journal) -> int:
        journal.note("database", self._of_database)
        self._note_shops(journal)
        last_id = 0
        for targets in batches(queries.targets_after(db.session, 0)):
            journal.keep(map(fact_of, targets))
            last_id = targets[-1].link_id
        return last_id

    def _follow(self, since: datetime) -> None:
        seen: dict[str, Target] = {}
        for targets in batches(queries.targets_after(db.session, max(0, self._last_id - OVERLAP_IDS))):
            self._take_changed(targets, seen)
            self._last_id = max(self._last_id, targets[-1].link_id)
        for targets in batches(queries.targets_changed(db.session, since - OVERLAP)):
            self._take_changed(targets, seen)
        self._overlap = seen

    def _take_changed(self, targets: list[Target], seen: dict[str, Target]) -> None:
        """Take what the last look has not already shown."""
        fresh = [target for target in targets if self._overlap.get(target.code) != target]
        seen.update((target.code, target) for target in targets)
        if fresh:
            self._take([fact_of(target) for target in fresh])

    def _adopt(self) -> None:
        """Take over what another process knew of this database: better an old answer than none."""
        for journal in Journal.newest(self._folder):
            if journal.notes.get("database") == self._of_database:
                rows = json.loads(journal.notes.get("shops", "[]"))
                self._shops = {id_: Shop(tuple(hosts), param) for id_, param, *hosts in rows}
                self._journal = journal
                self._is_complete = True
                log.warning("links_adopted", extra={"links": journal.live})
                return


def is_code(text: str) -> bool:
    """Whether this may be a code at all."""
    return text.isascii() and text.isalnum() and len(text) <= rules.CODE_LENGTH_MAX


def fact_of(target: Target) -> Fact:
    return Fact(target.code, target.link_id, target.merchant_id, "" if target.is_withdrawn else target.url)


def made_ready(fact: Fact, shops: dict[int, Shop]) -> Handover | None:
    """The answer for a link, or None when visitors may not be led there."""
    shop = shops.get(fact.merchant_id)
    if shop is None or not fact.url or not rules.allowed(fact.url, shop.allowed_hosts):
        return None
    return Handover(fact.link_id, *rules.around_token(fact.url, shop.click_param))


def batches(targets: Iterable[Target]) -> Iterator[list[Target]]:
    rest = iter(targets)
    while batch := list(islice(rest, BATCH)):
        yield batch
        time.sleep(0)  # lets a click have the interpreter


class Ready:
    """Ready answers in two generations: what is asked for in neither of them goes. Safe for many threads.

    Whoever makes an answer looks at `version` before reading what it is made from: `put` refuses it when something
    was dropped in between, so no old answer comes back behind a change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._lock = threading.Lock()
        self._young: dict[str, Handover] = {}
        self._old: dict[str, Handover] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def get(self, code: str) -> Handover | None:
        known = self._young.get(code)
        if known is None:
            version = self.version
            known = self._old.get(code)
            if known is not None:
                self.put(code, known, version)
        return known

    def put(self, code: str, handover: Handover, version: int) -> None:
        """Keep an answer that was made from what was known at `version`."""
        with self._lock:
            if version != self.version:
                return
            if len(self._young) >= READY_MAX:
                self._old, self._young = self._young, {}
            self._young[code] = handover

    def drop(self, codes: list[str]) -> None:
        with self._lock:
            for code in codes:
                self._young.pop(code, None)
                self._old.pop(code, None)
            self.version += 1  # last: a reader that saw what was dropped has the version before

    def drop_all(self) -> None:
        with self._lock:
            self._young, self._old = {}, {}
            self.version += 1


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
