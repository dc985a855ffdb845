"""What strangers give us as an address leads outside, or nowhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from affiliate.core import calling, outward
from affiliate.core.calling import Line, NoAnswer, Trouble
from affiliate.core.outward import Fault, Target, Unfit
from tests.affiliate.outbox.receiver import receiving

INWARD = (
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.1.1", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "no address",
)  # fmt: skip
OUTWARD = ("1.1.1.1", "8.8.8.8", "103.28.248.1", "2606:4700:4700::1111", "2404:6800:4003::200e")


@pytest.mark.parametrize("address", INWARD)
def test_an_address_that_leads_inside_is_not_called(address):
    assert not outward.leads_outside(address)


@pytest.mark.parametrize("address", OUTWARD)
def test_a_public_address_is(address):
    assert outward.leads_outside(address)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://app.contoh.id/hooks", Target("https", "app.contoh.id", 443, "/hooks")),
        ("https://App.Contoh.ID", Target("https", "app.contoh.id", 443, "/")),
        ("https://app.contoh.id:8443/a/b?x=1&y=%20?", Target("https", "app.contoh.id", 8443, "/a/b?x=1&y=%20?")),
        ("https://app.contoh.id?x=1", Target("https", "app.contoh.id", 443, "/?x=1")),
        ("https://xn--kopi-toko.contoh.co.id/", Target("https", "xn--kopi-toko.contoh.co.id", 443, "/")),
    ],
)
def test_a_plain_address_is_read(url, target):
    assert outward.target(url) == target


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://app.contoh.id/", Fault.SCHEME),
        ("ftp://app.contoh.id/", Fault.FORM),
        ("", Fault.FORM),
        ("app.contoh.id", Fault.FORM),
        ("https://user:pass@app.contoh.id/", Fault.FORM),
        ("https://app.contoh.id@127.0.0.1/", Fault.FORM),
        ("https://app.contoh.id\\@127.0.0.1/", Fault.FORM),
        ("https://app.contoh.id/#x", Fault.FORM),
        ("https://app.contoh.id/\r\nX: y", Fault.FORM),
        ("https://app.contoh.id/a b", Fault.FORM),
        ("https://app.contoh.id/\0", Fault.FORM),
        ("https://app.contoh.id/" + "a" * 1000, Fault.FORM),
        ("https://[::1]/", Fault.FORM),
        ("https://ⓔⓧⓐⓜⓟⓛⓔ.com/", Fault.FORM),
        ("https://app.contoh.id:99999/", Fault.FORM),
        ("https://app.contoh.id:0/", Fault.PORT),
        ("https://app.contoh.id:22/", Fault.PORT),
        ("https://app.contoh.id:80/", Fault.PORT),
        ("https://8.8.8.8/", Fault.NUMBER),
        ("https://127.1/", Fault.NUMBER),
        ("https://2130706433/", Fault.NUMBER),
        ("https://0x7f000001/", Fault.INSIDE),
        ("https://0x7f.0x0.0x0.0x1/", Fault.INSIDE),
        ("https://0o177.0.0.1/", Fault.INSIDE),
        ("https://app.contoh.id./", Fault.INSIDE),
        ("https://-app.contoh.id/", Fault.INSIDE),
        ("https://app..contoh.id/", Fault.INSIDE),
        ("https://localhost/", Fault.INSIDE),
        ("https://x.localhost/", Fault.INSIDE),
        ("https://metadata.google.internal/", Fault.INSIDE),
        ("https://printer.local/", Fault.INSIDE),
        ("https://intranet/", Fault.INSIDE),
        ("http://localhost:8000/", Fault.SCHEME),
    ],
)
def test_any_other_is_refused_with_the_reason(url, fault):
    with pytest.raises(Unfit) as refused:
        outward.target(url)
    assert refused.value.fault is fault


@pytest.fixture
def hostile_urls(shared_data: Path) -> list[str]:
    found = shared_data / "hostile" / "ssrf" / "patt_ssrf_urls.txt"
    if not found.is_file():
        pytest.skip("the list of addresses is not there")
    return [line for line in found.read_text(encoding="utf-8").splitlines() if line]


def readable(urls: list[str]) -> list[Target]:
    """Those of these that are addresses of our kind at all. Nothing is asked for."""
    found = []
    for url in urls:
        try:
            found.append(outward.target(url))
        except Unfit:
            continue
    return found


def test_of_a_known_list_only_public_names_are_read_and_they_are_refused_where_they_lead_inside(hostile_urls):
    assert len(hostile_urls) > 60
    # With https in place of http, too: what is wrong is not the scheme alone.
    both = {*hostile_urls, *(url.replace("http://", "https://", 1) for url in hostile_urls)}
    left = readable(sorted(both))
    assert {target.host for target in left} == {
        "1u.ms", "307.r3dir.me", "62epax5fhvj3zzmzigyoe5ipkbn7fysllvges3a.302.r3dir.me", "developer.mozilla.org",
        "example.com", "imgur.com", "www.root-me.org", "www.tcpipguide.com",
    }  # fmt: skip
    for target in left:
        for address in INWARD:
            with pytest.raises(Unfit):
                outward.addresses(target, resolve=lambda _host, _port, found=address: [found])


def test_a_name_with_one_address_inside_is_not_called_at_all():
    target = outward.target("https://app.contoh.id/")
    assert outward.addresses(target, resolve=lambda _host, _port: ["8.8.8.8"]) == ["8.8.8.8"]
    with pytest.raises(Unfit):
        outward.addresses(target, resolve=lambda _host, _port: ["8.8.8.8", "10.0.0.1"])


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_refused(error):
    def fails(_host: str, _port: int) -> list[str]:
        raise error

    with pytest.raises(Unfit) as refused:
        outward.addresses(outward.target("https://app.contoh.id/"), resolve=fails)
    assert refused.value.fault is Fault.UNKNOWN


def test_practice_takes_this_machine_and_nothing_else_inside():
    target = outward.target("http://localhost:8123/hooks", to_localhost=True)
    assert target.loopback
    with pytest.raises(Unfit):
        outward.addresses(target, resolve=lambda _host, _port: ["169.254.169.254"])
    for url in ("http://192.168.1.1/", "http://app.contoh.id/", "https://10.0.0.1/", "http://127.0.0.2/"):
        with pytest.raises(Unfit):
            outward.target(url, to_localhost=True)


class Rebinding:
    """A name that leads outside when it is first looked at, and inside from then on."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return ["93.184.215.14"] if self.asked == 1 else ["127.0.0.1"]


def post(target: Target, resolve: outward.Resolver) -> calling.Answer:
    with Line(target, resolve=resolve) as line:
        return line.post([], b"{}", body_max=100)


def test_a_name_that_leads_inside_later_is_refused_at_the_call():
    with receiving() as receiver:
        target, resolve = Target("http", "app.contoh.id", receiver.port, "/"), Rebinding()
        assert outward.addresses(target, resolve=resolve) == ["93.184.215.14"]  # as when it was given
        with pytest.raises(NoAnswer) as refused:
            post(target, resolve)
    assert (refused.value.trouble, receiver.got) == (Trouble.INSIDE, [])


def test_the_call_goes_to_the_address_that_was_looked_at_and_to_no_later_answer(monkeypatch):
    called = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(calling.socket, "create_connection", connect)
    resolve = Rebinding()
    with pytest.raises(NoAnswer):
        post(outward.target("https://app.contoh.id/"), resolve)
    assert (called, resolve.asked) == ([("93.184.215.14", 443)], 1)


def test_without_the_look_the_call_would_arrive_inside(monkeypatch):
    """The control of the two tests above."""
    monkeypatch.setattr(outward, "leads_outside", lambda _address: True)
    with receiving() as receiver:
        target, resolve = Target("http", "app.contoh.id", receiver.port, "/"), Rebinding()
        outward.addresses(target, resolve=resolve)
        assert post(target, resolve).status == 204
        assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_inward_is_an_answer_and_is_not_followed(status):
    with receiving() as inside, receiving() as receiver:
        receiver.reply = lambda _got: (status, {"Location": inside.url}, b"")
        answer = post(outward.target(receiver.url, to_localhost=True), outward.resolved)
        assert (answer.status, inside.got, len(receiver.got)) == (status, [], 1)


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert post(outward.target(receiver.url, to_localhost=True), outward.resolved).status == 204
        assert (proxy.got, len(receiver.got)) == ([], 1)


@contextmanager
def talking(*parts: bytes, pause: float = 0.0, hold: bool = False) -> Iterator[Target]:
    """A server that says these bytes whatever it is asked, slowly if wished, and hangs up unless it holds."""
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        try:
            with listener.accept()[0] as caller:
                caller.recv(65536)
                for part in parts:
                    caller.sendall(part)
                    if done.wait(pause):
                        return
                if hold:
                    done.wait(5)
        except OSError:
            return

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield Target("http", "localhost", listener.getsockname()[1], "/", loopback=True)
    finally:
        done.set()
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("parts", "trouble"),
    [
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], Trouble.GARBLED),
        ([b"\x15\x03\x01\x00\x02\x02\x46"], Trouble.GARBLED),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"], Trouble.GARBLED),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], Trouble.GARBLED),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"], Trouble.GARBLED),
        ([b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n"], Trouble.GARBLED),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"] * 5000, Trouble.GARBLED),
        ([b""], Trouble.UNREACHABLE),
    ],
)
def test_what_is_no_answer_is_told_apart(parts, trouble):
    with talking(*parts) as target, pytest.raises(NoAnswer) as failed:
        post(target, outward.resolved)
    assert failed.value.trouble is trouble


def test_an_answer_that_drips_ends_at_the_deadline():
    drip = [b"HTTP/1.1 200 OK\r\n"] + [b"X-Slow: 1\r\n"] * 100
    slow = talking(*drip, pause=0.05)
    with slow as target, Line(target, whole_seconds=0.4) as line, pytest.raises(NoAnswer) as failed:
        line.post([], b"{}", body_max=100)
    assert failed.value.trouble is Trouble.TIMEOUT


def test_silence_ends_at_the_deadline():
    with talking(hold=True) as target, Line(target, whole_seconds=0.2) as line, pytest.raises(NoAnswer) as failed:
        line.post([], b"{}", body_max=100)
    assert failed.value.trouble is Trouble.TIMEOUT


def test_of_an_endless_body_only_the_beginning_is_read():
    endless = [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"] + [b"x" * 4096] * 1000
    with talking(*endless) as target, Line(target) as line:
        answer = line.post([], b"{}", body_max=1024)
    assert (answer.status, answer.body) == (200, b"x" * 1024)


def test_nobody_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswer) as failed:
        post(Target("http", "localhost", port, "/", loopback=True), outward.resolved)
    assert failed.value.trouble is Trouble.UNREACHABLE


def test_no_tls_where_tls_should_be_is_told():
    with receiving() as receiver, pytest.raises(NoAnswer) as failed:
        post(Target("https", "localhost", receiver.port, "/", loopback=True), outward.resolved)
    assert failed.value.trouble in {Trouble.TLS, Trouble.UNREACHABLE}


def test_one_line_serves_several_messages_and_opens_again_when_it_was_hung_up():
    with receiving() as receiver, Line(outward.target(receiver.url, to_localhost=True)) as line:
        assert [line.post([("x", str(n))], b"{}", body_max=10).status for n in range(3)] == [204] * 3
        receiver.reply = lambda got: None if got.headers["x"] == "3" else (200, {}, b"ok")
        with pytest.raises(NoAnswer):
            line.post([("x", "3")], b"{}", body_max=10)
        assert line.post([("x", "4")], b"{}", body_max=10).body == b"ok"
    assert [one.headers["x"] for one in receiver.got] == ["0", "1", "2", "3", "3", "4"]
