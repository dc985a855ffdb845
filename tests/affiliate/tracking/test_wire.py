"""The redirect as it stands on the network, the server in front: bytes no browser would send, and what comes back."""

from __future__ import annotations

import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import app as application
from affiliate.core.settings import from_env
from affiliate.tracking import records, tokens
from tests.affiliate.core.test_serving import status, until
from tests.affiliate.tracking.places import Place, prepared
from tests.affiliate.tracking.test_redirect import payloads

ROOT = Path(application.__file__).parent
SENT_BACK = {
    "location",
    "cache-control",
    "referrer-policy",
    "x-robots-tag",
    "content-length",
    "date",
    "connection",
}
NAMES = (
    b"User-Agent", b"Referer", b"Sec-Fetch-Mode", b"Sec-Fetch-Dest", b"Sec-Purpose", b"Purpose", b"X-Moz", b"Cookie",
    b"X-Forwarded-For", b"Accept-Language", b"X-Request-Id", b"If-None-Match", b"Range", b"Expect",
)  # fmt: skip
VALUES = (
    b"", b" ", b"\t", b"\x00", b"\x7f", b"\x01\x02\x1b[31m", b"\xff\xfe", b"\xc3\xa9\xf0\x9f\x92\xa5", b"\r", b"\n",
    b"a\rb", b"a\nX-Evil: 1", b"a\r\nX-Evil: 1", b"a\r\n folded", b"%0d%0aX-Evil: 1", b"%00", b"\t\t9\t9\t", b"{}%s%n",
    b"a" * 8_000, b"a" * 100_000, b"b" * 600_000, b"()" * 5_000, b"https://" + b"a." * 4_000 + b"test/",
    b"0050 12345678 1\t2\t3", b"bytes=0-18446744073709551615", b"100-continue",
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A running server."""
    made = prepared(tmp_path_factory.mktemp("wire"))
    command = [sys.executable, str(ROOT / "app.py"), "--no-worker"]
    with subprocess.Popen(command, cwd=made.folder, env=made.env, stdout=subprocess.DEVNULL) as process:
        until(lambda: status(made.port, "/healthz") == 200 or process.poll() is not None, "the server")
        assert process.poll() is None
        yield made
        process.terminate()
        assert process.wait(30) == 0


def ask(place: Place, target: bytes, *headers: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to these very bytes; status 0 where the server only hangs up."""
    lines = [b"GET " + target + b" HTTP/1.1", b"Host: a", b"Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as connection:
        data = b""
        try:
            connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
            while chunk := connection.recv(65536):
                data += chunk
        except ConnectionError:  # refused before all of it was sent
            pass
    head = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    found = re.fullmatch(r"HTTP/1\.1 (\d{3})(?: .*)?", head[0])
    pairs = [line.partition(": ") for line in head[1:]]
    return int(found[1]) if found else 0, {name.lower(): value for name, _colon, value in pairs}


def spooled(place: Place) -> list[records.ClickRecord]:
    parsed = [records.parse(path.read_bytes()) for path in sorted(place.folder.glob("spool/*.log"))]
    assert [piece for part in parsed for piece in part.damaged] == []
    return [record for part in parsed for record in part.records]


def led_on(place: Place, target: bytes, *headers: bytes) -> bool:
    """True for a redirect, which must be ours in every part and written down; False for a refusal. Never a 5xx."""
    before = len(spooled(place))
    code, answer = ask(place, target, *headers)
    assert code in {302, 400, 431, 0}, (target, headers)
    if code != 302:
        return False
    assert set(answer) <= SENT_BACK, (headers, answer)
    assert re.fullmatch(r"https://toko\.test/p/SKU-\d+\?etl=[0-9A-Za-z_-]{43}[0-9A-Za-z]", answer["location"])
    token = tokens.read(answer["location"].partition("etl=")[2], tokens.keys(from_env(place.env).secret_key))
    records_now = spooled(place)
    assert token is not None
    assert len(records_now) == before + 1
    assert (records_now[-1].nonce, records_now[-1].link_id) == (token.nonce, place.link_id)
    return True


def test_no_bytes_in_any_header_give_a_5xx_a_split_answer_or_a_broken_line(place):
    target = f"/go/{place.code}".encode()
    answers = [led_on(place, target, name + b": " + value) for name in NAMES for value in VALUES]
    assert answers.count(True) > len(answers) // 2
    assert answers.count(False) > 20


def test_many_bad_headers_at_once(place):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    target = f"/go/{place.code}".encode()
    for _ in range(60):
        picked = [rng.choice(NAMES) + b": " + rng.choice(VALUES[:17]) for _ in range(rng.randrange(2, 30))]
        led_on(place, target, *picked)
    rubbish = [rng.randbytes(rng.randrange(1, 200)) for _ in range(60)]
    for header in rubbish:
        led_on(place, target, b"User-Agent: " + header.replace(b"\r\n\r\n", b""))
    assert led_on(place, target, *(b"X-%d: a" % n for n in range(50))), seed
    led_on(place, target, *(b"X-%d: a" % n for n in range(3000)))


def sendable(payload: str) -> bytes:
    """As a program puts it on a request line: blanks, controls, # and what is no ASCII percent-encoded."""
    return re.sub(
        rb"[\x00-\x20\x7f-\xff#]", lambda found: b"%%%02x" % ord(found[0]), payload.encode("utf-8", "replace")
    )


def test_every_redirect_payload_as_query_and_as_header_changes_nothing(place, shared_data):
    link = f"/go/{place.code}".encode()
    answers = []
    for payload in payloads(shared_data):
        text = sendable(payload)
        answers.append(led_on(place, link + b"?url=" + text, b"Referer: " + text, b"X-Forwarded-Host: " + text))
        answers.append(led_on(place, link + b"?" + text, b"User-Agent: " + text, b"X-Original-URL: " + text))
    assert len(answers) > 600
    assert answers.count(False) < 100  # a quotation mark on the request line is no HTTP


def test_every_redirect_payload_behind_go_leads_nowhere(place, shared_data):
    before = len(spooled(place))
    for payload in payloads(shared_data):
        for target in (b"/go/" + sendable(payload), b"/go" + sendable(payload)):
            code, answer = ask(place, target)
            assert code in {400, 404, 308, 405}, (target, code)
            assert urlsplit(answer.get("location", "")).hostname in {None, "a"}, target
    assert len(spooled(place)) == before


def test_a_head_is_led_on_without_a_body_and_does_not_count(place):
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as connection:
        connection.sendall(f"HEAD /go/{place.code} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    assert data.startswith(b"HTTP/1.1 302")
    assert data.endswith(b"\r\n\r\n")
    assert spooled(place)[-1].reason == "head"
