"""Requests at a fixed rate, whatever the answers take: latency counts from the moment one was due (open model).

wrk has no rate; this is a small client on asyncio instead. A share of what it measures is its own, so the limit (nginx)
is asked by it, too.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

import machine

CONNECTIONS = 16
DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Paced:
    """Answers, how many of them were no redirect, and latencies in milliseconds."""

    answers: int
    errors: int
    p50_ms: float
    p99_ms: float


class Connection(asyncio.Protocol):
    """One connection; a request waits for the one before it, and its wait counts."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._due: deque[float] = deque()
        self._data = b""
        self.latencies: list[float] = []
        self.errors = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, due: float) -> None:
        self._due.append(due)
        if len(self._due) == 1:
            self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not found or len(rest) < length:
            return
        self._data = rest[length:]
        self.latencies.append(time.perf_counter() - self._due.popleft())
        self.errors += not head.startswith(b"HTTP/1.1 302")
        if self._due:
            self.transport.write(self._request)


def ask(url: str, *, rate: int, seconds: int) -> Paced:
    """Ask `rate` times a second for so long."""
    return asyncio.run(_ask(url, rate, seconds))


async def _ask(url: str, rate: int, seconds: int) -> Paced:
    parts = urlsplit(url)
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: {machine.BROWSER}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(lambda: Connection(request), parts.hostname, parts.port)
        for _ in range(CONNECTIONS)
    ]
    connections = [connection for _transport, connection in pairs]
    begin = time.perf_counter()
    for number in range(rate * seconds):
        due = begin + number / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        connections[number % CONNECTIONS].send(due)
    await asyncio.sleep(DRAIN_SECONDS)
    for connection in connections:
        connection.transport.close()
    times = sorted(1000 * took for connection in connections for took in connection.latencies)
    errors = sum(connection.errors for connection in connections)
    return Paced(len(times), errors, times[len(times) // 2], times[len(times) * 99 // 100])
