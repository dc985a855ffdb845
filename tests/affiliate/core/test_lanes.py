"""Clicks pass by pages: what can be answered at once is, whatever the pages' threads are busy with."""

from __future__ import annotations

import threading
import time
from typing import Any

import granian.server.mp
import pytest

from affiliate.core import lanes

WAIT = 10.0


class Protocol:
    """What granian hands over: takes one answer, from any thread."""

    def __init__(self) -> None:
        self.answer: tuple[Any, ...] | None = None
        self.is_answered = threading.Event()

    def response_bytes(self, *answer: Any) -> None:
        if self.answer is None:
            self.answer = answer
            self.is_answered.set()


def test_it_stands_where_granian_looks():
    """Should this fail after an update of granian, read core/lanes.py before anything else."""
    assert getattr(granian.server.mp, lanes.HOOK) is lanes.whole_answer


def test_another_granian_is_refused(monkeypatch):
    monkeypatch.setattr(granian.server.mp, lanes.HOOK, print)
    with pytest.raises(RuntimeError, match="granian"):
        lanes.install(lambda _scope: None, threads=1)


def at_once(scope: dict[str, Any]) -> lanes.Answer | None:
    if scope["path"] == "broken":
        raise ValueError("a fault")
    return (302, [], b"") if scope["path"] == "click" else None


def test_clicks_are_answered_while_every_page_thread_is_busy():
    go_on = threading.Event()

    def page(protocol: Protocol, _scope: dict[str, Any]) -> None:
        assert go_on.wait(WAIT)
        protocol.response_bytes(200, [], b"page")

    call = lanes.lanes(at_once, page, lanes.Pool(3))
    pages = [Protocol() for _ in range(8)]
    for protocol in pages:
        call(protocol, {"path": "page"})
    click = Protocol()
    call(click, {"path": "click"})
    assert click.answer == (302, [], b"")
    assert [protocol.answer for protocol in pages] == [None] * 8
    go_on.set()
    for protocol in pages:
        assert protocol.is_answered.wait(WAIT)
        assert protocol.answer == (200, [], b"page")


def test_as_many_pages_at_once_as_there_are_threads_and_no_more():
    lock, now, most = threading.Lock(), [0], [0]

    def page(protocol: Protocol, _scope: dict[str, Any]) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        protocol.response_bytes(200, [], b"")

    call = lanes.lanes(at_once, page, lanes.Pool(5))
    pages = [Protocol() for _ in range(40)]
    for protocol in pages:
        call(protocol, {"path": "page"})
    assert all(protocol.is_answered.wait(WAIT) for protocol in pages)
    assert most[0] == 5


def test_a_fault_in_a_page_is_a_500_and_its_thread_goes_on(caplog):
    def page(_protocol: Protocol, _scope: dict[str, Any]) -> None:
        raise KeyError("a fault")

    call = lanes.lanes(at_once, page, lanes.Pool(1))
    for _ in range(3):
        protocol = Protocol()
        call(protocol, {"path": "page"})
        assert protocol.is_answered.wait(WAIT)
        assert protocol.answer == (500, [], b"")
    assert "request_failed" in caplog.text


def test_a_fault_in_the_fast_lane_leaves_the_request_to_the_pages(caplog):
    def page(protocol: Protocol, _scope: dict[str, Any]) -> None:
        protocol.response_bytes(200, [], b"page")

    protocol = Protocol()
    lanes.lanes(at_once, page, lanes.Pool(1))(protocol, {"path": "broken"})
    assert protocol.is_answered.wait(WAIT)
    assert protocol.answer == (200, [], b"page")
    assert "not_answered_at_once" in caplog.text
