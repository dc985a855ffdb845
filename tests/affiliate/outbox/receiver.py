"""A receiver of a partner: a real HTTP server on this machine that verifies what it gets.

The signature is checked by code of its own, written from the text of the Standard Webhooks specification and not from
ours: so that an error of ours cannot agree with itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """What came, and what is answered: `reply` looks at the request, or None hangs up."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    reply: Callable[[Got], Answer | None] = lambda _got: (204, {}, b"")

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/hooks?from=etalase"

    def types(self) -> list[str]:
        return [one.told["type"] for one in self.got]


def verified(secret: str, got: Got) -> list[bool]:
    """For each signature that stands in the header: does this secret make it?

    "Take the id, the timestamp and the raw body, joined with full stops; sign with HMAC-SHA256 and the base64-decoded
    part of the secret behind whsec_; the header is a list, delimited by spaces, of a version, a comma and base64."
    """
    key = binascii.a2b_base64(secret[len("whsec_") :])
    content = b"%b.%b.%b" % (got.id.encode(), got.headers["webhook-timestamp"].encode(), got.body)
    expected = base64.standard_b64encode(hmac.digest(key, content, hashlib.sha256))
    return [
        version == "v1" and hmac.compare_digest(signature.encode(), expected)
        for version, _comma, signature in (part.partition(",") for part in got.headers["webhook-signature"].split(" "))
    ]


@contextmanager
def practising(app: Any) -> Iterator[None]:
    """Leave to call this machine, for an application whose threads begin anew."""
    settings = app.config["ETALASE"]
    app.extensions.pop("etalase_courier", None)
    app.config["ETALASE"] = replace(settings, webhooks_to_localhost=True)
    try:
        yield
    finally:
        app.config["ETALASE"] = settings
        courier = app.extensions.pop("etalase_courier", None)
        if courier is not None:
            courier.close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.got.append(got)
            answer = receiver.reply(got)
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    class House(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with House(("127.0.0.1", 0), Door) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(5)
