"""Idempotency-Key on every POST of the API: the same key and body get the first answer, another body a 409.

The key is claimed before the work and its answer kept after it. A claim whose process died is free again after
LEASE; the work itself has natural unique keys, so that even then nothing happens twice.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app, g, request
from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core import clock
from affiliate.core.db import Base, affected, db, primary_key, transaction, upsert
from affiliate.core.errors import Conflict, Invalid
from affiliate.core.i18n import _l
from affiliate.core.signing import sha256_hex

LEASE = timedelta(seconds=60)
KEY_MAX = 255


class IdempotencyKey(Base):
    """One key of one caller, with the hash of what was sent and the answer that was given."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("caller", "key"),)

    id: Mapped[int] = primary_key()
    caller: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(KEY_MAX))
    request_hash: Mapped[str] = mapped_column(String(64))
    claimed_at: Mapped[datetime]
    status: Mapped[int | None]  # None: the first request is still at work
    answer: Mapped[str | None] = mapped_column(sa.Text)


class KeyReused(Conflict):
    code = "idempotency_key_reused"
    message = _l("This Idempotency-Key came with another body before. Nothing was done.")


class KeyBusy(Conflict):
    code = "idempotency_key_busy"
    message = _l("The first request with this Idempotency-Key is still at work. Ask again in a moment.")


def _applies() -> str | None:
    if request.method != "POST" or not request.path.startswith("/api/"):
        return None
    if request.mimetype == "multipart/form-data":
        return None  # an upload is known by its own content
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= KEY_MAX and key.isprintable()):
        raise Invalid.field("Idempotency-Key", _l("Use 1 to 255 printable characters."))
    return key


def _before() -> Response | None:
    actor = g.get("actor")
    key = _applies()
    if key is None or actor is None or not actor.known:
        return None
    body_hash = sha256_hex(request.full_path.encode() + b"\0" + request.get_data(cache=True))
    now = clock.now()
    with transaction(db.session) as session:
        insert = upsert(session, IdempotencyKey).values(
            caller=actor.ref, key=key, request_hash=body_hash, claimed_at=now
        )
        claimed = affected(session.execute(insert.on_conflict_do_nothing()))
        row = session.execute(
            sa.select(IdempotencyKey).where(IdempotencyKey.caller == actor.ref, IdempotencyKey.key == key)
        ).scalar_one()
        if not claimed:
            if row.request_hash != body_hash:
                raise KeyReused
            if row.status is not None:
                return _replay(row)
            _take_over(session, row, now)
    g.idempotency_id = row.id
    return None


def _take_over(session: Any, row: IdempotencyKey, now: datetime) -> None:
    stale = (
        sa.update(IdempotencyKey)
        .where(IdempotencyKey.id == row.id, IdempotencyKey.status.is_(None), IdempotencyKey.claimed_at < now - LEASE)
        .values(claimed_at=now)
    )
    if not affected(session.execute(stale)):
        raise KeyBusy


def _replay(row: IdempotencyKey) -> Response:
    kept = json.loads(row.answer or "{}")
    response: Response = current_app.response_class(kept["body"], status=row.status, mimetype=kept["mimetype"])
    response.headers["Idempotent-Replay"] = "true"
    return response


def _after(response: Response) -> Response:
    row_id = g.pop("idempotency_id", None)
    if row_id is None:
        return response
    with transaction(db.session) as session:
        if response.status_code >= 500:  # nothing was done: the caller may try again with the same key
            session.execute(sa.delete(IdempotencyKey).where(IdempotencyKey.id == row_id))
        else:
            answer = json.dumps({"body": response.get_data(as_text=True), "mimetype": response.mimetype})
            session.execute(
                sa.update(IdempotencyKey)
                .where(IdempotencyKey.id == row_id)
                .values(status=response.status_code, answer=answer)
            )
    return response


def init_app(app: Flask) -> None:
    """Registered after identity's `before_request`, which says who is asking."""
    app.before_request(_before)
    app.after_request(_after)
