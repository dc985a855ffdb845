"""Notes a view down while its page is answered: one line, by one write(2), in a file of this process's own."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, current_app, request

from affiliate.core import clock, health
from affiliate.core.settings import Settings
from affiliate.tracking import rules, tokens
from affiliate.tracking.pageviews import records
from affiliate.tracking.spool import SUFFIX, Spool

FOLDER = "views"  # under the spool's own, so that the loaders of clicks and views do not meet
COMPLAIN_SECONDS = 10.0
_KEY = "etalase_views"
log = logging.getLogger("etalase.tracking")


def install(app: Flask, settings: Settings) -> None:
    """Make the application able to note views; listen to pages with `record`."""
    recorder = Recorder(folder(settings), settings.secret_key)
    app.extensions[_KEY] = recorder
    health.add_metrics(app, recorder.metrics)


def stop(app: Flask) -> None:
    """Close this process's file; the next view opens another."""
    app.extensions[_KEY].stop()


def folder(settings: Settings) -> Path:
    """Where the views' files lie."""
    return settings.spool_dir / FOLDER


def record(*, community_id: int, collection_id: int | None, link_ids: Sequence[int]) -> None:
    """A page of this community was shown in this request, with these links on it."""
    current_app.extensions[_KEY].record(community_id, collection_id or 0, link_ids)


@dataclass(slots=True)
class _Process:
    """What belongs to one process and must not be shared with a child of it."""

    spool: Spool
    pid: int = field(default_factory=os.getpid)
    nonces: tokens.Nonces = field(default_factory=tokens.Nonces)


class Recorder:
    """Writes the lines. A view that cannot be written costs a line in the log, never the page."""

    def __init__(self, place: Path, secret_key: str) -> None:
        self._folder = place
        self._secret = secret_key
        self._process = _Process(Spool(place))
        self._lost = 0
        self._complained_at = -COMPLAIN_SECONDS

    def record(self, community_id: int, collection_id: int, link_ids: Sequence[int]) -> None:
        headers = request.headers
        agent = headers.get("User-Agent", "")[: rules.AGENT_LENGTH_MAX]
        reason = rules.disqualified(
            method=request.method,
            agent=agent,
            purpose=headers.get("Sec-Purpose", "") + headers.get("Purpose", "") + headers.get("X-Moz", ""),
            fetch_mode=headers.get("Sec-Fetch-Mode", ""),
            fetch_dest=headers.get("Sec-Fetch-Dest", ""),
        )
        if reason is not None:
            return
        process, now = self._own_process(), clock.now()
        visitor = rules.visitor(self._secret, now, request.environ.get("REMOTE_ADDR", ""), agent)
        ms, nonce = tokens.milliseconds(now), process.nonces.draw()
        try:
            process.spool.close_if_old()
            process.spool.append(records.line(ms, nonce, community_id, collection_id, visitor, link_ids))
        except OSError:
            self._complain()

    def stop(self) -> None:
        self._own_process().spool.close()

    def metrics(self) -> Iterable[health.Figure]:
        """What this process has noted, and what waits on the disk for all of them."""
        waiting = sum(path.stat().st_size for path in self._folder.glob(f"*{SUFFIX}"))
        lines = self._process.spool.lines
        yield health.Figure("etalase_views_spooled", "Page views written down by this process", lines)
        yield health.Figure("etalase_views_not_spooled", "Page views that could not be written", self._lost)
        yield health.Figure("etalase_views_spool_bytes", "Bytes of page views on the disk", waiting)

    def _own_process(self) -> _Process:
        process = self._process
        if process.pid != os.getpid():
            process = self._process = _Process(Spool(self._folder))
        return process

    def _complain(self) -> None:
        self._lost += 1
        now = time.monotonic()
        if now - self._complained_at >= COMPLAIN_SECONDS:
            self._complained_at = now
            log.exception("view_not_spooled", extra={"lost": self._lost})
