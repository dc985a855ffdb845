"""Two lanes: what can be answered at once is, on the server's loop; all else goes to a pool of threads.

A click never leaves the loop: passing the interpreter from thread to thread costs more than the click. The WSGI
application gets its threads, and its requests whole; however slowly a body comes in, it holds no thread meanwhile.
What each of this costs, measured: docs/decisions/0016.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

Head = tuple[int, list[tuple[str, str]]]  # status and headers
Answer = Head  # that of an answer at once: there is no body
Whole = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
METHODS = ("GET", "HEAD")
_WITHOUT_CONTENT = frozenset({204, 304})
MEMORY_BYTES = 256 * 1024  # of a body; more of it goes to a file
CHUNK_SECONDS = 60.0  # how long a reader may let the next piece of an answer wait
log = logging.getLogger("etalase.serving")


@dataclass(slots=True)
class Asked:
    """A request without a body. Headers by their names in lower case; several of one name joined by commas."""

    method: str
    path: str
    headers: Mapping[str, str]
    address: str  # of who asks, without the port


class FastLane(Protocol):
    """What answers at once GET and HEAD of paths that begin with `prefix`. It runs on the loop alone."""

    prefix: str

    def at_once(self, asked: Asked) -> Answer | None:
        """The answer, or None to leave the request to the pages. Neither waits nor computes for long."""

    def settle(self) -> None:
        """Write down what the answers since the last time say has happened; none of them is given before."""


class BodyLane(Protocol):
    """What answers requests with a body of at most MEMORY_BYTES, for which a thread each would be too much."""

    def takes(self, method: str, path: str) -> bool:
        """Whether it is to be asked, once the body is there."""

    async def answer(self, asked: Asked, body: bytes) -> Whole | None:
        """The answer, or None to leave the request to the pages."""


class Came(Enum):
    """How much of a body came in."""

    WHOLE = auto()
    TOO_LARGE = auto()  # more than the application takes: it says so itself
    BROKEN = auto()  # the sender hung up in its midst: there is nobody to answer, and half a body is none


class Lanes:
    """An ASGI application around a WSGI one, with a fast lane, and one for requests with a body.

    The fast lane is asked by `fastlane.Connection` straight from the bytes that came in, and here for those requests of
    its that had to be parsed. `body_max` says how many bytes of a body a path takes.
    """

    def __init__(
        self,
        wsgi: Wsgi,
        lane: FastLane,
        *,
        threads: int,
        body_max: Callable[[str], int],
        body_lane: BodyLane | None = None,
    ) -> None:
        self.openings = tuple(f"{method} {lane.prefix}".encode() for method in METHODS)
        self.turn = Turn(lane)
        self._wsgi = wsgi
        self._lane = lane
        self._body_lane = body_lane
        self._body_max = body_max
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="page")

    def answer_at_once(self, asked: Asked) -> Answer | None:
        """The lane's answer, still to be settled."""
        try:
            return self._lane.at_once(asked)
        except Exception:
            log.exception("not_answered_at_once")
            return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in METHODS and scope["path"].startswith(self._lane.prefix):
            answer = self.answer_at_once(asked_of(scope))
            if answer is not None:
                self.turn.end()
                await send(_start(answer[0], [*answer[1], ("content-length", "0")]))
                await send({"type": "http.response.body"})
                return
        await self._answer_with_body(scope, receive, send)

    async def _answer_with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = environ_of(scope)
        with SpooledTemporaryFile(MEMORY_BYTES) as body:
            came = Came.WHOLE
            if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
                came = await self._receive(receive, environ, body)
            whole = await self._answer_together(scope, body) if came is Came.WHOLE else None
            if whole is not None:
                await _send_whole(send, *whole)
            elif came is not Came.BROKEN:
                await self._answer_by_thread(environ, body, receive, send)

    async def _answer_together(self, scope: Scope, body: Any) -> Whole | None:
        lane = self._body_lane
        if lane is None or not lane.takes(scope["method"], scope["path"]):
            return None
        content = body.read(MEMORY_BYTES + 1)
        body.seek(0)
        if len(content) > MEMORY_BYTES:  # it stays in its file; a thread at a time reads one
            return None
        try:
            return await lane.answer(asked_of(scope), content)
        except Exception:
            log.exception("not_answered_together")
            return None

    async def _answer_by_thread(self, environ: dict[str, Any], body: Any, receive: Receive, send: Send) -> None:
        environ["wsgi.input"] = body
        stream = _Stream(receive, send)
        try:
            whole = await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, environ, stream)
        finally:
            stream.end()
        if whole is not None:
            (status, headers), content = whole
            await _send_whole(send, status, headers, content)

    async def _receive(self, receive: Receive, environ: dict[str, Any], body: Any) -> Came:
        """Take the body in, up to one byte more than the application takes."""
        told, most = environ.get("CONTENT_LENGTH", "0"), self._body_max(environ["PATH_INFO"])
        if told.isdecimal() and int(told) > most:
            return Came.TOO_LARGE
        received, is_more = 0, True
        while is_more:
            piece = await receive()
            if piece["type"] != "http.request":
                return Came.BROKEN
            is_more = piece.get("more_body", False)
            received += len(piece["body"])
            body.write(piece["body"])
            if received > most:
                environ["CONTENT_LENGTH"] = str(received)
                break
        body.seek(0)
        return Came.TOO_LARGE if received > most else Came.WHOLE

    def _answer(self, environ: dict[str, Any], stream: _Stream) -> tuple[Head, bytes] | None:
        """The application's answer as a whole; None for one in pieces, which has then been sent."""
        heads: list[Head] = []

        def start_response(status: str, headers: list[tuple[str, str]], _wrong: Any = None) -> None:
            heads[:] = [(int(status[:3]), headers)]

        answer: Iterable[bytes] = ()
        try:
            answer = self._wsgi(environ, start_response)
            if isinstance(answer, list | tuple):
                return heads[0], b"".join(answer)
            stream.send_all(heads, answer)
        except _Gone:
            return None
        except Exception:
            log.exception("request_failed")
            if stream.has_begun:
                raise  # the server cuts the connection: a short answer must not look like a whole one
            return (500, []), b""
        else:
            return None
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()


class Turn:
    """Answers of one turn of the loop, given together: one write for all of them, and readers woken once.

    Under load that is a third of what a click costs; a single click waits no longer than the turn takes.
    """

    def __init__(self, lane: FastLane) -> None:
        self._lane = lane
        self._owed: list[tuple[Callable[[bytes], None], bytes]] = []

    def owe(self, give: Callable[[bytes], None], answer: bytes) -> None:
        """Call `give` with this answer when the lane has settled, at the end of this turn."""
        if not self._owed:
            asyncio.get_running_loop().call_soon(self.end)
        self._owed.append((give, answer))

    def end(self) -> None:
        """Settle, and give what is owed."""
        owed, self._owed = self._owed, []
        try:
            self._lane.settle()
        except Exception:
            log.exception("not_settled")
        for give, answer in owed:
            give(answer)


class _Gone(Exception):
    """The reader has hung up, or takes nothing any more."""


class _Stream:
    """An answer in pieces, from the thread that makes it to the loop that sends it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.has_begun = False
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._is_gone = False
        self._watching: asyncio.Task[None] | None = None

    def send_all(self, heads: list[Head], pieces: Iterable[bytes]) -> None:
        """Send them as they come; called in a thread. An application may begin its answer with the first piece."""
        for piece in pieces:
            if not self.has_begun:
                self._begin(heads[0])
            if piece:
                self._pass({"type": "http.response.body", "body": piece, "more_body": True})
        if not self.has_begun:
            self._begin(heads[0])
        self._pass({"type": "http.response.body"})

    def end(self) -> None:
        """Called on the loop when all is done."""
        if self._watching is not None:
            self._watching.cancel()

    def _begin(self, head: Head) -> None:
        self.has_begun = True
        self._pass(_start(*head))

    def _pass(self, message: dict[str, Any]) -> None:
        if self._is_gone:
            raise _Gone
        sending = asyncio.run_coroutine_threadsafe(self._send_one(message), self._loop)
        try:
            sending.result(CHUNK_SECONDS)
        except TimeoutError:
            sending.cancel()
            raise

    async def _send_one(self, message: dict[str, Any]) -> None:
        if self._watching is None:
            self._watching = self._loop.create_task(self._watch())
        await self._send(message)

    async def _watch(self) -> None:
        while (await self._receive())["type"] == "http.request":
            pass
        self._is_gone = True


async def _send_whole(send: Send, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
    if status not in _WITHOUT_CONTENT and not any(name.lower() == "content-length" for name, _value in headers):
        headers = [*headers, ("content-length", str(len(content)))]
    await send(_start(status, headers))
    await send({"type": "http.response.body", "body": content})


def _start(status: int, headers: list[tuple[str, str]]) -> dict[str, Any]:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": pairs}


@lru_cache(maxsize=256)
def _key(header: bytes) -> str:
    return f"HTTP_{header.decode('latin-1').replace('-', '_').upper()}"


def asked_of(scope: Scope) -> Asked:
    """A request as ASGI has it, without its body."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1").strip(" \t")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return Asked(scope["method"], scope["path"], headers, _address(scope))


def _address(scope: Scope) -> str:
    client = scope["client"]
    return client[0] if client else ""


def environ_of(scope: Scope) -> dict[str, Any]:
    """A request as WSGI has it (PEP 3333), but for its body.

    A header with an underscore is left out: it would pass for the one with a hyphen, which a proxy in front of us may
    have set or removed.
    """
    environ: dict[str, Any] = {}
    for name, value in scope["headers"]:
        if b"_" in name:
            continue
        key, text = _key(name), value.decode("latin-1").strip(" \t")
        if key in environ:
            environ[key] += (";" if key == "HTTP_COOKIE" else ",") + text
        else:
            environ[key] = text
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if (value := environ.pop(f"HTTP_{name}", None)) is not None:
            environ[name] = value
    server, port = scope["server"] or ("", None)
    return environ | {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": _address(scope),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
