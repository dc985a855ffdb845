"""GET /go/<code>, answered in front of Flask and without a database: token, spool line, 302.

What it does not know goes on to Flask, whose page in `views.py` says what is wrong with the code. What each part of
this path costs, and what was tried instead, stands in docs/decisions/0009.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask

from affiliate.core import clock, health, signing
from affiliate.core.lanes import METHODS, Answer, Asked, FastLane
from affiliate.core.settings import Settings
from affiliate.tracking import records, rules, tokens
from affiliate.tracking.cache import Handover, LinkCache
from affiliate.tracking.spool import KeptInPart, Spool

PREFIX = "/go/"
COMPLAIN_SECONDS = 10.0
UNREADY_SECONDS = 30.0  # after the last click that could not be kept
HEADER_LENGTH_MAX = 64  # of the headers that decide whether a visit counts
SWITCH_SECONDS = 0.001  # how long a thread may compute before a waiting click gets the interpreter
Header = Callable[[str, str], str]  # name in lower case, and what to give where it is absent
_KEY = "etalase_redirect"
log = logging.getLogger("etalase.tracking")

HEADERS = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Robots-Tag", "noindex, nofollow"),
]


def install(app: Flask, settings: Settings) -> None:
    """Put the redirect in front of the application."""
    redirect = Redirect(app, settings)
    app.wsgi_app = redirect  # type: ignore[method-assign]
    app.extensions[_KEY] = redirect
    health.add_check(app, "spool", redirect.can_write)
    health.add_metrics(app, redirect.metrics)


def start(app: Flask) -> None:
    """Follow changes of links in the background: once in every server process, when all else is loaded."""
    app.extensions[_KEY].start()
    gc.collect()
    gc.freeze()  # the application lives as long as the process: no collection need walk through it
    sys.setswitchinterval(SWITCH_SECONDS)


def lane(app: Flask) -> FastLane:
    """What the server asks first."""
    redirect: Redirect = app.extensions[_KEY]
    return redirect


def stop(app: Flask) -> None:
    """Close this process's spool file; the next click opens another."""
    app.extensions[_KEY].stop()


class Redirect:
    """A WSGI application around another, and the server's fast lane.

    Both do the same; the lane runs on one loop, notes what it answered, and writes it down once a turn, before any of
    those answers is given.
    """

    prefix = PREFIX

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._next = app.wsgi_app
        self._is_behind_proxy = settings.production
        self._mint = tokens.Mint(tokens.keys(settings.secret_key, settings.secret_key_old))
        self._visitors = Visitors(settings.secret_key)
        self._folder = settings.spool_dir
        self._cache = LinkCache(app, settings)
        self._losses = Losses()
        self.begin_process()
        _redirects.add(self)

    def begin_process(self) -> None:
        """What belongs to one process and must not be shared with a child of it."""
        self._spool = Spool(self._folder)
        self._nonces = tokens.Nonces()
        self._unsettled: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """As any WSGI server calls it; a link that is not at hand is asked for."""
        if environ["PATH_INFO"].startswith(PREFIX) and environ["REQUEST_METHOD"] in METHODS:
            handover = self._cache.find(environ["PATH_INFO"][len(PREFIX) :])
            if handover is not None:
                line, location = self._hand_over(
                    handover, environ["REQUEST_METHOD"], _header_of(environ), environ.get("REMOTE_ADDR", "")
                )
                self._keep([line])
                start_response("302 Found", [("Location", location), *HEADERS])
                return []
        return self._next(environ, start_response)

    def at_once(self, asked: Asked) -> Answer | None:
        """The answer where the link is at hand. Stands in front of all middleware."""
        handover = self._cache.at_hand(asked.path[len(PREFIX) :])
        if handover is None:
            return None
        header: Header = asked.headers.get
        address = asked.address
        if self._is_behind_proxy:  # as ProxyFix does for all others
            address = header("x-forwarded-for", "").rpartition(",")[2].strip() or address
        line, location = self._hand_over(handover, asked.method, header, address)
        self._unsettled.append(line)
        return 302, [("Location", location), *HEADERS]

    def settle(self) -> None:
        """Keep what was answered at once since the last time."""
        if self._unsettled:
            lines, self._unsettled = self._unsettled, []
            self._keep(lines)

    def _hand_over(self, handover: Handover, method: str, header: Header, address: str) -> tuple[bytes, str]:
        """The line to keep of this visit, and the store's address with its token."""
        ms = clock.milliseconds()
        nonce = self._nonces.draw()
        agent = header("user-agent", "")[: rules.AGENT_LENGTH_MAX]
        device, reason = _verdict(
            method,
            agent,
            _purpose(header),
            header("sec-fetch-mode", "")[:HEADER_LENGTH_MAX],
            header("sec-fetch-dest", "")[:HEADER_LENGTH_MAX],
            header("accept", "")[:HEADER_LENGTH_MAX],
        )
        visitor = self._visitors.name(ms, address, agent)
        host = rules.referrer_host(header("referer", ""))
        line = records.line(ms, nonce, handover.link_id, visitor, device, reason, host)
        return line, f"{handover.before}{self._mint.token(handover.link_id, ms, nonce)}{handover.after}"

    def _keep(self, lines: Sequence[bytes]) -> None:
        try:
            self._spool.append(b"".join(lines))
        except OSError as refused:  # the token still tells the store's order what it came from
            kept = refused.kept if isinstance(refused, KeptInPart) else 0
            self._losses.note(len(lines) - kept)

    def start(self) -> None:
        """Load links, then follow their changes and close old spool files in a thread of this process."""
        self._cache.start()
        self._cache.watch(lambda: self._spool.close_if_old())

    def stop(self) -> None:
        self._spool.close()

    def can_write(self) -> bool:
        """True when a click could be kept right now, and those of the last half minute were."""
        self._folder.mkdir(parents=True, exist_ok=True)
        has_room = os.access(self._folder, os.W_OK) and os.statvfs(self._folder).f_bavail > 0
        return has_room and not self._losses.are_recent()

    def metrics(self) -> Iterable[health.Figure]:
        """What this process has done, and what waits on the disk for all of them."""
        waiting, aside = sizes(self._folder)
        lost = self._losses.count
        yield health.Figure("etalase_clicks_spooled", "Redirects written down by this process", self._spool.lines)
        yield health.Figure("etalase_clicks_not_spooled", "Redirects answered that could not be written", lost)
        yield health.Figure("etalase_spool_bytes", "Bytes of spool files on the disk", waiting)
        yield health.Figure("etalase_spool_bad_files", "Spool files with lines set aside", aside)


_redirects: weakref.WeakSet[Redirect] = weakref.WeakSet()


def _begin_process() -> None:
    for redirect in _redirects:
        redirect.begin_process()


os.register_at_fork(after_in_child=_begin_process)


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes in spool files, and the number of files with lines set aside. A file may go away while we look."""
    waiting = 0
    for path in folder.glob("*.log"):
        try:
            waiting += path.stat().st_size
        except FileNotFoundError:
            continue
    return waiting, sum(1 for _path in folder.glob("*.bad"))


def _header_of(environ: dict[str, Any]) -> Header:
    """Headers of a WSGI request by their own names."""
    return lambda name, absent: environ.get(f"HTTP_{name.replace('-', '_').upper()}", absent)


def _purpose(header: Header) -> str:
    """What browsers say when they load ahead, each in a header of its own."""
    said = header("sec-purpose", "") + header("purpose", "") + header("x-purpose", "") + header("x-moz", "")
    return said[:HEADER_LENGTH_MAX]


@lru_cache(maxsize=rules.AGENTS_REMEMBERED)
def _verdict(method: str, agent: str, purpose: str, fetch_mode: str, fetch_dest: str, accept: str) -> tuple[str, str]:
    """Device and reason of a visit, which few visitors share with nobody: "" where it counts."""
    reason = rules.disqualified(
        method=method, agent=agent, purpose=purpose, fetch_mode=fetch_mode, fetch_dest=fetch_dest, accept=accept
    )
    return rules.device_of(agent), reason or ""


class Visitors:
    """`rules.visitor` with the month's key at hand: the same names, a third of the time."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key
        self._month = (0, 0, signing.keyed(b"", size=rules.VISITOR_BYTES))  # from, until (milliseconds), keyed hash

    def name(self, ms: int, address: str, agent: str) -> str:
        """The pseudonym of who came at that moment: one of another month is another one."""
        begin, end, keyed = self._month
        if not begin <= ms < end:
            keyed = self._turn(ms)
        who = keyed.copy()
        who.update(f"{address}\n{agent}".encode("utf-8", "replace"))
        return who.hexdigest()

    def _turn(self, ms: int) -> Any:
        at = tokens.moment(ms)
        begin = datetime(at.year, at.month, 1, tzinfo=UTC)
        end = (begin + timedelta(days=32)).replace(day=1)
        keyed = signing.keyed(rules.visitor_key(self._secret, at.year, at.month), size=rules.VISITOR_BYTES)
        self._month = (tokens.milliseconds(begin), tokens.milliseconds(end), keyed)  # in one step: others read it
        return keyed


class Losses:
    """Clicks that were answered but could not be kept: counted all, told in the log now and then."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()
        self._last_at = -UNREADY_SECONDS
        self._told_at = -COMPLAIN_SECONDS

    def note(self, lines: int) -> None:
        """Count so many more; called where the exception is handled, whose reason goes to the log."""
        now = time.monotonic()
        with self._lock:
            self.count += lines
            self._last_at = now
            is_told = now - self._told_at < COMPLAIN_SECONDS
            if not is_told:
                self._told_at = now
        if not is_told:
            log.exception("click_not_spooled", extra={"lost": self.count})

    def are_recent(self) -> bool:
        return time.monotonic() - self._last_at < UNREADY_SECONDS
