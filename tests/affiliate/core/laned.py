"""A server of two lanes around a small application: `python laned.py PORT THREADS`. For test_lanes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, TaskImpl

from affiliate.core.lanes import Answer, Lanes

BODY_MAX = 1_000_000


def at_once(scope: Any) -> Answer | None:
    if scope.path == "/fast-broken":
        raise ValueError("a fault")
    return (302, [("Location", "/there")]) if scope.path == "/click" else None


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
    if path == "/length":
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


def target() -> Lanes:
    return Lanes(wsgi, at_once, threads=int(sys.argv[2]), body_max=BODY_MAX)


if __name__ == "__main__":
    Granian(
        "tests.affiliate.core.laned:target", factory=True, interface=Interfaces.RSGI, address="127.0.0.1",
        port=int(sys.argv[1]), http=HTTPModes.http1, websockets=False, task_impl=TaskImpl.rust,
    ).serve()  # fmt: skip
