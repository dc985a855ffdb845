"""The job "retention": clicks whose time is over are blanked, and old files of lines set aside removed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app

from affiliate.core.db import db, transaction
from affiliate.tracking import spool
from affiliate.tracking.retention import service

KEPT_MONTHS = 13
BAD_FILE_DAYS = 30
BATCHES_A_RUN = 4


def run(now: datetime) -> int:
    """Do a bounded part of what is due; how many clicks were blanked and files removed."""
    cutoff = service.months_before(now, KEPT_MONTHS)
    done = _remove_bad_files(current_app.config["ETALASE"].spool_dir, now - timedelta(days=BAD_FILE_DAYS))
    for _ in range(BATCHES_A_RUN):
        if service.next_moment(db.session, cutoff) is None:
            break
        with transaction(db.session) as session:
            done += service.blank_batch(session, cutoff)
    return done


def _remove_bad_files(folder: Path, before: datetime) -> int:
    removed = 0
    for path in folder.glob(f"*{spool.SUFFIX}.bad"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
