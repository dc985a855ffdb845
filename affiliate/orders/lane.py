"""The server's lane for deliveries: those that come in while others are being kept are kept together.

One transaction for all that wait costs the database and the interpreter little more than one for each of them. Only
what ends in 202 is answered here; whatever is to be refused is left to the view, which does it all again and says why.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from affiliate.core import clock
from affiliate.core.db import db, transaction
from affiliate.core.lanes import Asked, Whole
from affiliate.merchants import queries as merchants
from affiliate.merchants.models import SHOP_KINDS, WebhookKind
from affiliate.orders import intake
from affiliate.orders.api import HOOKS

Address = tuple[str, str]  # slug and shop system
AT_ONCE = 64  # deliveries in one transaction
REMEMBERED_SECONDS = 1.0  # so long may a key still sign that has just been revoked
HEADERS = [("content-type", "application/json"), ("x-content-type-options", "nosniff")]
_ADDRESS = re.compile(rf"{HOOKS}([a-z0-9-]+)/({'|'.join(SHOP_KINDS)})")
log = logging.getLogger("etalase.intake")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery as it came to an address; who sent it is still to be seen."""

    slug: str
    kind: WebhookKind
    asked: Asked
    body: bytes


class IntakeLane:
    """Runs on the server's loop, but for the database, which has a thread."""

    def __init__(self, app: Flask) -> None:
        self._desk = Desk(app)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._waiting: list[tuple[Claimed, asyncio.Future[intake.Kept | None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    def takes(self, method: str, path: str) -> bool:
        return method == "POST" and _ADDRESS.fullmatch(path) is not None

    async def answer(self, asked: Asked, body: bytes) -> Whole | None:
        """202 when it is kept; None to leave it to the pages."""
        found = _ADDRESS.fullmatch(asked.path)
        if found is None:
            return None
        kept: asyncio.Future[intake.Kept | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Claimed(found[1], WebhookKind(found[2]), asked, body), kept))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_waiting())
        one = await kept
        if one is None:
            return None
        return 202, HEADERS, json.dumps({"delivery": one.delivery_id, "repeat": one.repeat}).encode()

    def stop(self) -> None:
        """Give the connection back, when nothing is waiting any more."""
        self._thread.submit(self._desk.leave)
        self._thread.shutdown()

    async def _keep_waiting(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            claimed = [one for one, _kept in together]
            all_kept = await asyncio.get_running_loop().run_in_executor(self._thread, self._keep, claimed)
            for (_one, kept), found in zip(together, all_kept, strict=True):
                if not kept.done():
                    kept.set_result(found)
        self._keeping = None

    def _keep(self, claimed: Sequence[Claimed]) -> list[intake.Kept | None]:
        """What became of each, in their order; None for all that is not simply kept."""
        try:
            return self._desk.keep(claimed)
        except SQLAlchemyError:  # the view tries each by itself, and says what is wrong
            log.warning("not_kept_together", exc_info=True, extra={"deliveries": len(claimed)})
        except Exception:
            log.exception("not_kept_together")
        self._desk.leave()
        return [None] * len(claimed)


class Desk:
    """Keeps deliveries over a connection of its own, and remembers for a moment who may sign: for one thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._connection: Connection | None = None
        self._known: dict[Address, tuple[float, merchants.Signers]] = {}  # until when, on the monotonic clock

    def keep(self, claimed: Sequence[Claimed]) -> list[intake.Kept | None]:
        """Keep those that a live secret signed, in one transaction; None for the others."""
        now, session = clock.now(), self._connected()
        signers = self._signers(session, {(one.slug, one.kind) for one in claimed})
        kept: list[intake.Kept | None] = [None] * len(claimed)
        signed: dict[int, intake.Told] = {}
        for place, one in enumerate(claimed):
            known = signers.get((one.slug, one.kind))
            if known and intake.is_signed(known.secrets, one.asked.headers, one.body, now=now, kind=one.kind):
                signed[place] = intake.told(known.merchant_id, one.kind, one.asked.headers, one.body)
        if signed:
            with transaction(session):
                found = intake.keep_all(session, list(signed.values()), now=now)
            for place, one_kept in zip(signed, found, strict=True):
                kept[place] = one_kept
        return kept

    def leave(self) -> None:
        """Give the connection back, after a failure: the next delivery gets another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Session:
        if self._connection is None:
            with self._app.app_context():
                self._connection = db.engine.connect()
        return Session(self._connection, expire_on_commit=False)

    def _signers(self, session: Session, addresses: Set[Address]) -> dict[Address, merchants.Signers]:
        now = time.monotonic()
        known = {address: found for address, found in self._known.items() if found[0] > now}
        if missing := addresses - known.keys():
            read = merchants.live_secrets(session, missing)
            known |= {address: (now + REMEMBERED_SECONDS, signers) for address, signers in read.items()}
            session.rollback()  # ends the read
        self._known = known
        return {address: signers for address, (_until, signers) in known.items()}
