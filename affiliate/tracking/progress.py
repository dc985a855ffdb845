"""How far the loader is, for /metrics: loaded, set aside, and how old the oldest click is that still waits."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from affiliate.core import clock, health
from affiliate.core.db import db
from affiliate.tracking import records, spool, tokens
from affiliate.tracking.models import SpoolProgress

LOOK_BYTES = 4096  # holds some whole lines


def figures() -> Iterable[health.Figure]:
    """Counts of the database, and the lag in seconds. Without a database only the lag, from the files' beginnings."""
    now_ms = tokens.milliseconds(clock.now())
    try:
        loaded, set_aside = _totals(db.session)
        offsets = _offsets(db.session)
        yield health.Figure("etalase_clicks_loaded", "Clicks loaded from the spool", loaded)
        yield health.Figure("etalase_clicks_set_aside", "Spool lines set aside: damaged, or of no link", set_aside)
    except SQLAlchemyError:
        db.session.rollback()
        offsets = {}
    oldest = oldest_waiting_ms(current_app.config["ETALASE"].spool_dir, offsets)
    lag = max(0, now_ms - oldest) / 1000 if oldest is not None else 0
    yield health.Figure("etalase_spool_lag_seconds", "Age of the oldest click that is not loaded yet", lag)


def oldest_waiting_ms(folder: Path, offsets: dict[str, int]) -> int | None:
    """When the oldest click that is not loaded was made (milliseconds since 1970), None when none waits."""
    waiting = (_first_ms(path, offsets.get(path.name, 0)) for path in folder.glob(f"*{spool.SUFFIX}"))
    return min((ms for ms in waiting if ms is not None), default=None)


def _first_ms(path: Path, offset: int) -> int | None:
    """The moment of the first good line from `offset`; where there is only damage, when the file was last written."""
    try:
        with path.open("rb") as handle:
            data = os.pread(handle.fileno(), LOOK_BYTES, offset)
            if not data.strip(b"\0"):
                return None
            payloads = records.parse(data).payloads
            return records.record_of(payloads[0]).ms if payloads else int(path.stat().st_mtime * 1000)
    except FileNotFoundError:  # loaded and gone meanwhile
        return None


def _totals(session: Session) -> tuple[int, int]:
    sums = sa.select(sa.func.sum(SpoolProgress.loaded), sa.func.sum(SpoolProgress.set_aside))
    loaded, set_aside = session.execute(sums).one()
    return int(loaded or 0), int(set_aside or 0)


def _offsets(session: Session) -> dict[str, int]:
    rows = session.execute(
        sa.select(SpoolProgress.file, SpoolProgress.offset_bytes).where(SpoolProgress.finished_at.is_(None))
    )
    return {row.file: row.offset_bytes for row in rows}
