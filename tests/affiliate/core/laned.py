"""A server of two lanes around a small application: `python laned.py PORT THREADS`. For test_lanes."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from affiliate.core import fastlane, serving
from affiliate.core.lanes import Answer, Asked, Lanes

BODY_MAX = 1_000_000
SMALL_MAX = 1000
WAIT_SECONDS = 1.5  # for a whole head
SEEN: list[int] = []  # lengths of bodies


class Lane:
    """Answers /click."""

    prefix = "/"

    def at_once(self, asked: Asked) -> Answer | None:
        if asked.path == "/fast-broken":
            raise ValueError("a fault")
        if asked.path == "/split":
            return 302, [("Location", "/there\r\nX-Evil: 1")]
        return (302, [("Location", "/there")]) if asked.path == "/click" else None

    def settle(self) -> None:
        """There is nothing to write down."""


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise ValueError("a fault")
    if path == "/slow":
        time.sleep(1.0)
    start_response("201 CREATED", [("X-Method", environ["REQUEST_METHOD"])])
    if path == "/stream":
        return pieces()
    if path == "/stream-broken":
        return pieces(fault=True)
    if path == "/seen":
        SEEN.append(len(environ["wsgi.input"].read()))
        return [repr(SEEN).encode()]
    if path in {"/length", "/small"}:
        return [b"%d" % len(environ["wsgi.input"].read())]
    if path == "/told":
        names = ("QUERY_STRING", "HTTP_X_TWICE", "HTTP_COOKIE", "CONTENT_TYPE", "REMOTE_ADDR", "SERVER_PORT")
        return [repr({name: environ.get(name) for name in names} | {"path": path}).encode()]
    return [path.encode("latin-1")]


def pieces(*, fault: bool = False) -> Iterator[bytes]:
    for number in range(3):
        if fault and number == 2:
            raise ValueError("a fault")
        yield b"piece %d\n" % number


if __name__ == "__main__":
    fastlane.WAIT_SECONDS, fastlane.LOOK_SECONDS = WAIT_SECONDS, 0.3
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    serving.answer(
        Lanes(
            wsgi, Lane(), threads=int(sys.argv[2]), body_max=lambda path: SMALL_MAX if path == "/small" else BODY_MAX
        ),
        listener,
    )
