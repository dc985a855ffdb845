"""uvicorn's HTTP/1.1 with a lane in front: a plain GET whose answer is at hand costs neither a parser nor a task.

Only a request that comes whole and alone, in one piece and without a body, is read here, and only where every byte of
its head is beyond doubt; all others, and what `Lanes.answer_at_once` does not answer, take uvicorn's own way. So there
is no head that the two could read differently (docs/decisions/0016).
"""

from __future__ import annotations

import asyncio
import logging
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from affiliate.core.lanes import Answer, Asked, Lanes

HEAD_BYTES_MAX = 64 * 1024
WAIT_SECONDS = 75.0  # for a whole head: longer than proxies keep a connection that they do not use
LOOK_SECONDS = 15.0

log = logging.getLogger("etalase.serving")

END = b"\r\n\r\n"
EMPTY = "content-length: 0"
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_PLAIN = frozenset({"content-length", "transfer-encoding", "upgrade", "expect", "http2-settings", "te", "trailer"})


@lru_cache(maxsize=1024)
def _name(written: str) -> str | None:
    """A header's name in lower case; None where it is no name, or one that asks for more than a plain answer."""
    name = written.lower()
    return name if _TOKEN.fullmatch(written) and name not in _NOT_PLAIN else None


def read(data: bytes, address: str) -> Asked | None:
    """The request that these bytes are, whole and alone; None where there is any doubt.

    They begin with a method and a path, as `Lanes.openings` has them.
    """
    if data.find(END) != len(data) - len(END) or data.translate(None, _PLAIN):
        return None
    request, *lines = data[: -len(END)].decode("ascii").split("\r\n")
    method, _blank, rest = request.partition(" ")
    target, _blank, version = rest.partition(" ")
    if version != "HTTP/1.1" or "#" in target or "%" in target or "\t" in target:
        return None
    if data.count(b"\n") != len(lines) + 2 or data.count(b"\r") != len(lines) + 2:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        written, colon, value = line.partition(":")
        name = _name(written)
        if name is None or name in headers or not colon:
            return None
        headers[name] = value.strip(" \t")
    if headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return Asked(method, target.partition("?")[0], headers, address)


@lru_cache(maxsize=8)
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"


class Connection(HttpToolsProtocol):
    """One connection, and the requests on it."""

    app: Lanes

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._openings = self.app.openings
        self._turn = self.app.turn
        self._is_owed = False  # an answer, at the end of this turn
        self._address = ""
        self._is_in_message = False
        self._is_in_head = False
        self._head_bytes = 0
        self._waiting_since: float | None = None  # for a whole head; None while a request is worked on
        self._is_ending = False
        self._next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrows it so
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._waiting_since = self.loop.time()
        self._next_look = self.loop.call_later(LOOK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_owed:
            self._turn.end()
        if data.startswith(self._openings) and self._is_idle() and self._answer_at_once(data):
            return
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse_head()

    def _is_idle(self) -> bool:
        """True when nothing of an earlier request is under way, and what was answered is being taken."""
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and not self._is_in_message and not self.flow.write_paused

    def _answer_at_once(self, data: bytes) -> bool:
        asked = read(data, self._address)
        answer = self.app.answer_at_once(asked) if asked is not None else None
        if answer is None:
            return False
        try:
            written = self._written(answer)
        except ValueError:
            log.exception("not_answered_at_once")
            return False
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._is_owed = True
        self._turn.owe(self._give, written)
        return True

    def _give(self, answer: bytes) -> None:
        self._is_owed = False
        self._waiting_since = self.loop.time()
        if not self.transport.is_closing():
            self.transport.write(answer)

    def _written(self, answer: Answer) -> bytes:
        """The answer's bytes. Values are the application's own: a line's end in one is a fault there. ValueError."""
        status, headers = answer
        of_server = [f"{name.decode()}: {value.decode()}" for name, value in self.server_state.default_headers]
        lines = [_status_line(status), EMPTY, *of_server, *[f"{name}: {value}" for name, value in headers], "", ""]
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
            raise ValueError("a header holds a line's end")
        return text.encode("latin-1")

    def _refuse_head(self) -> None:
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        self.transport.close()
        self._is_in_head = False

    def on_message_begin(self) -> None:
        self._is_in_message = self._is_in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._waiting_since = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_message = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._waiting_since = self.loop.time() if self.cycle.response_complete else None

    def _look(self) -> None:
        """Now and then: end a connection on which no whole head comes, or whose last answer nobody takes."""
        if self._is_ending:
            self.transport.abort()
            return
        if self._waiting_since is not None and self.loop.time() - self._waiting_since >= WAIT_SECONDS:
            self.transport.close()
        self._is_ending = self.transport.is_closing()
        self._next_look = self.loop.call_later(LOOK_SECONDS, self._look)
