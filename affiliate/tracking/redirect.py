"""GET /go/<code>, answered in front of Flask and without a database: token, spool line, 302.

What it does not know goes on to Flask, whose page in `views.py` says what is wrong with the code.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from affiliate.core import clock, health
from affiliate.core.settings import Settings
from affiliate.tracking import records, rules, tokens
from affiliate.tracking.cache import Handover, LinkCache
from affiliate.tracking.spool import Spool

PREFIX = "/go/"
COMPLAIN_SECONDS = 10.0
_KEY = "etalase_redirect"
log = logging.getLogger("etalase.tracking")

HEADERS = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("Content-Length", "0"),
]


def install(app: Flask, settings: Settings) -> None:
    """Put the redirect in front of the application."""
    redirect = Redirect(app, settings)
    app.wsgi_app = redirect  # type: ignore[method-assign]
    app.extensions[_KEY] = redirect
    health.add_check(app, "spool", redirect.can_write)
    health.add_metrics(app, redirect.metrics)


def start(app: Flask) -> None:
    """Follow changes of links in the background: once in every server process."""
    app.extensions[_KEY].start()


def stop(app: Flask) -> None:
    """Close this process's spool file; the next click opens another."""
    app.extensions[_KEY].stop()


@dataclass(slots=True)
class _Process:
    """What belongs to one process and must not be shared with a child of it."""

    spool: Spool
    pid: int = field(default_factory=os.getpid)
    nonces: tokens.Nonces = field(default_factory=tokens.Nonces)


class Redirect:
    """A WSGI application around another."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._next = app.wsgi_app
        self._secret = settings.secret_key
        self._keys = tokens.keys(settings.secret_key)
        self._folder = settings.spool_dir
        self._cache = LinkCache(app)
        self._process = _Process(Spool(self._folder))
        self._lost = 0
        self._complained_at = -COMPLAIN_SECONDS

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if path.startswith(PREFIX) and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            handover = self._cache.find(path[len(PREFIX) :])
            if handover is not None:
                start_response("302 Found", [("Location", self._hand_over(handover, environ)), *HEADERS])
                return ()
        return self._next(environ, start_response)

    def _hand_over(self, handover: Handover, environ: dict[str, Any]) -> str:
        """Note the visit down, then give the store's address with the token."""
        process = self._own_process()
        now = clock.now()
        ms = tokens.milliseconds(now)
        nonce = process.nonces.draw()
        agent = environ.get("HTTP_USER_AGENT", "")[: rules.AGENT_LENGTH_MAX]
        line = records.line(
            ms,
            nonce,
            handover.link_id,
            rules.visitor(self._secret, now, environ.get("REMOTE_ADDR", ""), agent),
            rules.device_of(agent),
            _reason(environ, agent) or "",
            rules.referrer_host(environ.get("HTTP_REFERER", "")),
        )
        try:
            process.spool.append(line)
        except OSError:
            self._complain()  # the token still tells the store's order what it came from
        return f"{handover.before}{tokens.mint_at(handover.link_id, ms, nonce, self._keys)}{handover.after}"

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
            log.exception("click_not_spooled", extra={"lost": self._lost})

    def start(self) -> None:
        """Follow links' changes, and close old spool files, in a thread of this process."""
        self._cache.watch(lambda: self._own_process().spool.close_if_old())

    def stop(self) -> None:
        self._own_process().spool.close()

    def can_write(self) -> bool:
        """True when a click could be kept right now."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return os.access(self._folder, os.W_OK) and os.statvfs(self._folder).f_bavail > 0

    def metrics(self) -> Iterable[health.Figure]:
        """What this process has done, and what waits on the disk for all of them."""
        waiting = sum(path.stat().st_size for path in self._folder.glob("*.log"))
        aside = sum(1 for _path in self._folder.glob("*.bad"))
        lines = self._process.spool.lines
        yield health.Figure("etalase_clicks_spooled", "Redirects written down by this process", lines)
        yield health.Figure("etalase_clicks_not_spooled", "Redirects answered that could not be written", self._lost)
        yield health.Figure("etalase_spool_bytes", "Bytes of spool files on the disk", waiting)
        yield health.Figure("etalase_spool_bad_files", "Spool files with lines set aside", aside)


def _reason(environ: dict[str, Any], agent: str) -> rules.Reason | None:
    get = environ.get
    return rules.disqualified(
        method=environ["REQUEST_METHOD"],
        agent=agent,
        purpose=get("HTTP_SEC_PURPOSE", "")
        + get("HTTP_PURPOSE", "")
        + get("HTTP_X_PURPOSE", "")
        + get("HTTP_X_MOZ", ""),
        fetch_mode=get("HTTP_SEC_FETCH_MODE", ""),
        fetch_dest=get("HTTP_SEC_FETCH_DEST", ""),
        accept=get("HTTP_ACCEPT", ""),
    )
