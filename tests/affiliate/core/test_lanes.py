"""Two lanes in a real server: requests whole, answers whole, and clicks pass by whatever else is going on."""

from __future__ import annotations

import ast
import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

import httptools
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from affiliate.core import fastlane
from affiliate.core.lanes import Answer, Asked, Turn
from tests.affiliate.core.laned import BODY_MAX, WAIT_SECONDS
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
    status, told = ask(port, "POST", "/length", iter([b"x" * 100_000] * 11))
    assert (status, BODY_MAX < int(told) <= 11 * 100_000) == (201, True)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nfirst")
        assert connection.recv(12) == b"HTTP/1.1 201"  # the application answers by the length that is told


def test_a_path_that_takes_little_is_not_sent_more(port):
    """A stranger can make nobody keep what nobody will look at."""
    assert ask(port, "POST", "/small", b"x" * 1000) == (201, b"1000")
    status, told = ask(port, "POST", "/small", iter([b"x" * 4000] * 1000))
    assert status == 201
    assert 1000 < int(told) < 2_000_000
    assert ask(port, "POST", "/small", b"x" * 200_000) == (201, b"0")  # it is told the length, and says so itself


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
    with suppress(OSError, HTTPException):  # one is cut off in the midst of its pieces
        assert ask(port, "GET", path)[0] in {500, 201}
    assert ask(port, "GET", "/page") == (201, b"/page")


def test_a_fault_in_the_fast_lane_leaves_the_request_to_the_pages(port):
    assert ask(port, "GET", "/fast-broken") == (201, b"/fast-broken")


def test_plain_clicks_take_the_lane_and_others_the_parser(port):
    """The parser's way writes names of headers in lower case, the lane as the application gave them."""
    assert b"\r\nLocation: /there\r\n" in raw(port, CLICK)
    assert b"\r\nLocation: /there\r\n" in raw(port, CLICK.replace(b"GET", b"HEAD"))
    assert b"\r\nlocation: /there\r\n" in raw(port, CLICK.replace(b"\r\n\r\n", b"\r\nTE: trailers\r\n\r\n"))


def test_a_line_end_in_a_value_splits_no_answer(port):
    assert raw(port, CLICK.replace(b"/click", b"/split"), pause=0.2) == b""  # the connection is cut
    assert ask(port, "GET", "/page") == (201, b"/page")


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


def raw(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that the server says to these bytes, sent piece by piece, until it hangs up or is silent for a second."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        with suppress(OSError):
            while chunk := connection.recv(65536):
                said += chunk
    return said


CLICK = b"GET /click HTTP/1.1\r\nHost: x\r\nUser-Agent: a\r\n\r\n"
PAGE = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n"
FORM = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"


def answers_in(said: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", said)


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize(
    "asked",
    [
        (CLICK,), (CLICK, CLICK), (CLICK + CLICK + CLICK,), (CLICK[:9], CLICK[9:]), (CLICK[:-2], CLICK[-2:]),
        (PAGE, CLICK), (CLICK, PAGE), (PAGE + CLICK, CLICK), (FORM, CLICK), (FORM[:-3], FORM[-3:] + CLICK),
        (FORM[:-3], CLICK[:3], CLICK), (CLICK, FORM, CLICK, PAGE, CLICK),
    ],
)  # fmt: skip
def test_answers_come_in_the_order_of_the_questions_however_they_are_cut(port, asked, pause):
    whole = b"".join(asked)
    questions = re.findall(rb"(GET|POST) /(click|page|length)", whole)
    expected = [b"302" if name == b"click" else b"201" for _method, name in questions]
    assert answers_in(raw(port, *asked, pause=pause)) == expected


SPOILT = [
    b"GET /click HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nA: b\nContent-Length: 3\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nA: b\rContent-Length: 3\r\n\r\n",
    b"GET /click HTTP/1.1\nHost: x\r\n\r\n",
    b"GET /click HTTP/1.0\r\nHost: x\r\n\r\n",
    b"GET /click\r\n\r\n",
    b"GET  /click HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /click\t HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /cl%69ck HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /click#x HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nX: 1\r\nX: 2\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nX: \xc3\xa9\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    b"GET /click HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n",
    b"GET /click HTTP/1.1\r\n\r\nGET /page HTTP/1.1\r\n\r\n",
]


@pytest.mark.parametrize("data", SPOILT)
def test_what_is_not_beyond_doubt_is_left_to_the_parser(data):
    assert fastlane.read(data, "192.0.2.1") is None


def test_a_plain_head_is_read_as_it_stands():
    head = b"HEAD /go/a?b=c&d HTTP/1.1\r\nHOST: x\r\nuser-agent:  a b \r\nX-Empty:\r\nConnection: Keep-Alive\r\n\r\n"
    headers = {"host": "x", "user-agent": "a b", "x-empty": "", "connection": "Keep-Alive"}
    assert fastlane.read(head, "192.0.2.1") == Asked("HEAD", "/go/a", headers, "192.0.2.1")


class Heard:
    """What the parser of the slow way reads."""

    def __init__(self, data: bytes) -> None:
        self.url, self.headers, self.is_whole, self.bodies = b"", [], 0, b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name.lower().decode(), value.decode("latin-1")))

    def on_body(self, body):
        self.bodies += body

    def on_message_complete(self):
        self.is_whole += 1


ODD = st.sampled_from([
    b"?a=b", b" ", b" HTTP/1.1", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\t", b":", b"a : b", b" folded", b"%41", b"#",
    b"\x00", b"\xff", b"_", b"(", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Connection: close",
    b"Upgrade: z", b"GET /x",
])  # fmt: skip
LINES = st.lists(
    st.sampled_from([b"User-Agent: y", b"connection: keep-alive", b"X:", b"Y: \t z ", b"a_b: c"]),
    max_size=3,
    unique=True,
)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """A head as browsers send it, with up to two odd pieces put in anywhere."""
    method, target = draw(st.sampled_from([b"GET", b"HEAD"])), draw(st.sampled_from([b"/click", b"/click?a=b"]))
    head = b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: x", *draw(LINES)]) + b"\r\n\r\n"
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(head)))
        head = head[:at] + draw(ODD) + head[at:]
    return head


@given(heads())
def test_whatever_the_lane_reads_the_parser_reads_alike(data):
    """No head means one thing to the lane and another to the parser, so none can hide a second request."""
    asked = fastlane.read(data, "") if data.startswith((b"GET /", b"HEAD /")) else None
    event("read" if asked else "left")
    if asked is None:
        return
    heard = Heard(data)
    assert (heard.is_whole, heard.bodies) == (1, b"")
    assert heard.parser.get_method().decode() == asked.method
    assert heard.url.decode().partition("?")[0] == asked.path
    assert [(name, value.strip()) for name, value in heard.headers] == list(asked.headers.items())
    assert heard.parser.should_keep_alive()
    assert not heard.parser.should_upgrade()


def test_a_head_without_end_is_refused(port):
    said = raw(port, b"GET /page HTTP/1.1\r\nHost: x\r\nX: ", *[b"a" * 20_000] * 5)
    assert said.startswith(b"HTTP/1.1 431")


def test_a_connection_on_which_no_whole_head_comes_is_ended_and_one_that_is_worked_on_is_not(port):
    def seconds_until_cut(*pieces: bytes) -> float:
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.4)
            while connection.recv(65536):
                pass
        return time.monotonic() - begin

    with ThreadPoolExecutor(4) as pool:
        cut = [pool.submit(seconds_until_cut, *pieces) for pieces in ([], [b"GET /cl"], [b"G", *[b"E"] * 20], [CLICK])]
        trickling = raw(port, FORM[:-5], b"a", b"b", b"c", b"d", b"e", pause=2 * WAIT_SECONDS / 5)
    assert answers_in(trickling) == [b"201"]
    for one in cut:
        assert WAIT_SECONDS <= one.result() < WAIT_SECONDS + 6, [one.result() for one in cut]


def test_half_a_body_is_not_taken_for_a_whole_one(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(FORM.replace(b"/length", b"/seen")[:-2])
    assert ask(port, "POST", "/seen", b"whole") == (201, b"[5]")


class Watched:
    """A lane that keeps the order of what happens."""

    prefix = "/"

    def __init__(self, *, fault: bool = False) -> None:
        self.order: list[str] = []
        self._fault = fault

    def at_once(self, asked: Asked) -> Answer | None:
        return None

    def settle(self) -> None:
        self.order.append("settled")
        if self._fault:
            raise ValueError("a fault")


@pytest.mark.parametrize("fault", [False, True])
def test_the_answers_of_a_turn_are_settled_once_before_any_is_given(fault):
    """A fault in settling costs what was to be written down, not the answers."""
    lane = Watched(fault=fault)

    async def turn() -> None:
        made = Turn(lane)
        for name in (b"a", b"b", b"c"):
            made.owe(lambda answer: lane.order.append(answer.decode()), name)
        assert lane.order == []
        await asyncio.sleep(0)
        made.end()
        await asyncio.sleep(0)

    asyncio.run(turn())
    assert lane.order == ["settled", "a", "b", "c", "settled"]


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_hyphen(port):
    said = raw(port, b"GET /told HTTP/1.1\r\nHost: x\r\nX_Twice: forged\r\nX-Other: 1\r\nConnection: close\r\n\r\n")
    assert b"forged" not in said
