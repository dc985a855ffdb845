"""Two lanes behind granian: what can be answered at once is, in granian's only Python thread; all else goes to a pool.

Measured (docs/decisions/0009): with 32 threads that all take clicks, more time goes into passing the interpreter from
thread to thread than into the clicks. So granian is given one thread, and this module gives the rest of the
application its threads.

It stands in for `_callback_wrapper` of granian.wsgi, which is not a public name: granian is pinned, `install` refuses
a version that has changed there, and tests/affiliate/core/test_lanes.py asks real servers.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import granian.server.mp as granian_processes
from granian.wsgi import _callback_wrapper as whole_answer

Answer = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body
AtOnce = Callable[[dict[str, Any]], Answer | None]
HOOK = "_wsgi_call_wrap"
log = logging.getLogger("etalase.serving")


def install(at_once: AtOnce, *, threads: int) -> None:
    """Use the lanes in this server process: `at_once` must neither wait nor compute for long, or give None."""
    if getattr(granian_processes, HOOK, None) is not whole_answer:
        raise RuntimeError("this version of granian calls WSGI applications in another way: see core/lanes.py")

    def wrapped(callback: Any, scope_options: dict[str, Any], log_format: str | None = None) -> Any:
        return lanes(at_once, whole_answer(callback, scope_options, log_format), Pool(threads))

    setattr(granian_processes, HOOK, wrapped)


def lanes(at_once: AtOnce, in_full: Callable[[Any, dict[str, Any]], object], pool: Pool) -> Callable[..., None]:
    """What granian calls with its protocol object, which may be answered later and by any thread, and the request."""

    def answer_in_full(protocol: Any, scope: dict[str, Any]) -> None:
        try:
            in_full(protocol, scope)
        except BaseException:
            log.exception("request_failed")
            protocol.response_bytes(500, [], b"")  # without effect where an answer has begun

    def call(protocol: Any, scope: dict[str, Any]) -> None:
        try:
            answer = at_once(scope)
        except Exception:
            log.exception("not_answered_at_once")
            answer = None
        if answer is None:
            pool.run(answer_in_full, protocol, scope)
        else:
            protocol.response_bytes(*answer)

    return call


class Pool:
    """Up to so many threads, started when they are needed. They do not keep the process from ending."""

    def __init__(self, threads: int) -> None:
        self._max = threads
        self._tasks: queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0

    def run(self, task: Callable[..., None], *arguments: Any) -> None:
        """Do it soon in one of the threads. Called by one thread only; `task` raises nothing."""
        self._tasks.put((task, arguments))
        if not self._idle.acquire(blocking=False) and self._started < self._max:
            self._started += 1
            threading.Thread(target=self._work, name=f"page-{self._started}", daemon=True).start()

    def _work(self) -> None:
        while True:
            task, arguments = self._tasks.get()
            task(*arguments)
            del task, arguments  # a request's objects must not wait for the next one
            self._idle.release()
