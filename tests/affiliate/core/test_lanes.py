"""Two lanes behind a real granian: requests whole, answers whole, and clicks pass by whatever else is going on."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from tests.affiliate.core.laned import BODY_MAX
from tests.affiliate.core.test_serving import ROOT, free_port, until

THREADS = 3


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    command = [sys.executable, "-m", "tests.affiliate.core.laned", str(number), str(THREADS)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(number), "the server")
        yield number
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/click")[0] == 302
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("length", [0, 1, 10, 70_000, 300_000, BODY_MAX])
def test_a_body_arrives_whole(port, length):
    assert ask(port, "POST", "/length", b"x" * length) == (201, b"%d" % length)


def test_a_body_of_no_told_length_arrives_whole(port):
    chunks = [b"a" * 1000, b"b" * 200_000, b"c"]
    assert ask(port, "POST", "/length", iter(chunks)) == (201, b"201001")


def test_of_a_body_that_is_too_long_no_more_is_read_than_shows_it(port):
    assert ask(port, "POST", "/length", iter([b"x" * 100_000] * 11)) == (201, b"%d" % (11 * 100_000))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nfirst")
        assert connection.recv(12) == b"HTTP/1.1 201"  # the application answers by the length that is told


def test_clicks_pass_while_every_thread_is_busy_and_bodies_trickle_in(port):
    trickling = [socket.create_connection(("127.0.0.1", port)) for _ in range(2 * THREADS)]
    for connection in trickling:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab")
    with ThreadPoolExecutor(THREADS) as pool:
        slow = [pool.submit(ask, port, "GET", "/slow") for _ in range(THREADS)]
        time.sleep(0.3)
        begin = time.monotonic()
        assert ask(port, "GET", "/click")[0] == 302
        assert time.monotonic() - begin < 0.5
        assert [one.result()[0] for one in slow] == [201] * THREADS
    assert ask(port, "GET", "/page") == (201, b"/page")  # bodies that are not there yet hold no thread
    for connection in trickling:
        connection.sendall(b"cde")
        assert b"201" in connection.recv(100)
        connection.close()


def test_an_answer_in_pieces_comes_whole(port):
    assert ask(port, "GET", "/stream") == (201, b"piece 0\npiece 1\npiece 2\n")


@pytest.mark.parametrize("path", ["/broken", "/stream-broken"])
def test_a_fault_in_a_page_ends_its_answer_and_nothing_else(port, path):
    with suppress(OSError):  # one is cut off in the midst of its pieces
        assert ask(port, "GET", path)[0] in {500, 201}
    assert ask(port, "GET", "/page") == (201, b"/page")


def test_a_fault_in_the_fast_lane_leaves_the_request_to_the_pages(port):
    assert ask(port, "GET", "/fast-broken") == (201, b"/fast-broken")


def test_a_request_is_told_as_wsgi_has_it(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(
            b"GET /told?a=%20b HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nX-Twice: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
            b"Content-Type: text/x\r\nConnection: close\r\n\r\n"
        )
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    told = ast.literal_eval(said.partition(b"\r\n\r\n")[2].decode())
    assert told == {
        "QUERY_STRING": "a=%20b", "HTTP_X_TWICE": "1,2", "HTTP_COOKIE": "a=1;b=2", "CONTENT_TYPE": "text/x",
        "REMOTE_ADDR": "127.0.0.1", "SERVER_PORT": str(port), "path": "/told",
    }  # fmt: skip


def test_a_path_keeps_its_bytes(port):
    assert ask(port, "GET", "/caf%C3%A9") == (201, "/café".encode())
