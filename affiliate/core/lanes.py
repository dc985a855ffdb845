"""Two lanes behind granian: what can be answered at once is, on the server's loop; all else goes to a pool of threads.

Measured (docs/decisions/0009): with 32 threads that all take clicks, more time goes into passing the interpreter from
thread to thread than into the clicks. So granian is spoken to by RSGI, its own asynchronous interface: a click never
leaves the loop, and the WSGI application gets its threads, and its requests whole. However slowly a body comes in, it
holds no thread meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from typing import Any

Answer = tuple[int, list[tuple[str, str]]]  # status and headers; there is no body
AtOnce = Callable[[Any], Answer | None]  # takes the request as RSGI has it: method, path, headers.get, client
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
MEMORY_BYTES = 256 * 1024  # of a body; more of it goes to a file
CHUNK_SECONDS = 60.0  # how long a reader may let the next piece of an answer wait
log = logging.getLogger("etalase.serving")


class _Answered:
    """What there is to wait for after an answer at once: nothing. It spares the click a coroutine."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()


_ANSWERED = _Answered()


class Lanes:
    """An RSGI application around a WSGI one. `at_once` must neither wait nor compute for long, or give None."""

    def __init__(self, wsgi: Wsgi, at_once: AtOnce, *, threads: int, body_max: int) -> None:
        self._wsgi = wsgi
        self._at_once = at_once
        self._body_max = body_max
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="page")

    def __rsgi__(self, scope: Any, protocol: Any) -> Awaitable[None]:
        try:
            answer = self._at_once(scope)
        except Exception:
            log.exception("not_answered_at_once")
            answer = None
        if answer is None:
            return self._answer_by_thread(environ_of(scope), protocol)
        protocol.response_empty(*answer)
        return _ANSWERED

    async def _answer_by_thread(self, environ: dict[str, Any], protocol: Any) -> None:
        with SpooledTemporaryFile(MEMORY_BYTES) as body:
            if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
                await self._receive(protocol, environ, body)
            environ["wsgi.input"] = body
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._answer_in_full, environ, protocol, loop)

    async def _receive(self, protocol: Any, environ: dict[str, Any], body: Any) -> None:
        """Take the body in, up to one byte more than the application takes: it then says so itself."""
        told = environ.get("CONTENT_LENGTH", "0")
        if told.isdecimal() and int(told) > self._body_max:
            return
        received = 0
        async for chunk in protocol:
            received += len(chunk)
            body.write(chunk)
            if received > self._body_max:
                environ["CONTENT_LENGTH"] = str(received)
                break
        body.seek(0)

    def _answer_in_full(self, environ: dict[str, Any], protocol: Any, loop: asyncio.AbstractEventLoop) -> None:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _wrong: Any = None) -> None:
            head[:] = [int(status[:3]), headers]

        answer: Iterable[bytes] = ()
        try:
            answer = self._wsgi(environ, start_response)
            if isinstance(answer, list | tuple):
                protocol.response_bytes(*head, b"".join(answer))
                return
            stream = protocol.response_stream(*head)
            for chunk in answer:
                _send(stream, chunk, loop)
        except Exception:
            log.exception("request_failed")
            protocol.response_bytes(500, [], b"")  # without effect where an answer has begun
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()


def _send(stream: Any, chunk: bytes, loop: asyncio.AbstractEventLoop) -> None:
    """Hand one piece of an answer over; raises when nobody takes it any more."""

    async def send() -> None:
        await stream.send_bytes(chunk)

    if chunk:
        asyncio.run_coroutine_threadsafe(send(), loop).result(CHUNK_SECONDS)


@lru_cache(maxsize=256)
def _key(header: str) -> str:
    return f"HTTP_{header.replace('-', '_').upper()}"


def address_of(scope: Any) -> str:
    """Who asks, without the port."""
    client: str = scope.client
    return client.rpartition(":")[0].strip("[]")


def environ_of(scope: Any) -> dict[str, Any]:
    """A request as WSGI has it (PEP 3333), but for its body."""
    environ: dict[str, Any] = {}
    for name, value in scope.headers.items():
        key = _key(name)
        if key in environ:
            environ[key] += (";" if key == "HTTP_COOKIE" else ",") + value
        else:
            environ[key] = value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if (value := environ.pop(f"HTTP_{name}", None)) is not None:
            environ[name] = value
    server, _colon, port = scope.server.rpartition(":")
    return environ | {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": address_of(scope),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
