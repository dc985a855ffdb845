"""Calls to strangers' servers: to an address that was looked at, never redirected, bounded in time and in bytes.

No proxy, cookie or redirect: what leaves here goes to the address that `outward` allowed, and what comes back is read
up to a bound. The whole of a call, however slowly it drips, ends by its deadline.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from time import monotonic
from types import TracebackType
from typing import Self

import h11

from affiliate.core.outward import Fault, Resolver, Target, Unfit, addresses, resolved

CONNECT_SECONDS = 3.0
WHOLE_SECONDS = 10.0
CONNECTS_MAX = 2  # addresses of one name that are tried
READ_MAX = 64 * 1024  # of an answer; the rest is never read
HEAD_MAX = 16 * 1024
_CHUNK = 16 * 1024


class Trouble(StrEnum):
    """Why there was no answer."""

    INSIDE = "inside"  # the name leads inside: nothing was sent
    UNKNOWN = "unknown"  # the name has no address
    UNREACHABLE = "unreachable"  # nobody there, or the connection broke
    TLS = "tls"  # the certificate does not fit, or no TLS at all
    TIMEOUT = "timeout"
    GARBLED = "garbled"  # what came back is no HTTP


class NoAnswer(Exception):
    """There was no answer. The request may have arrived all the same."""

    def __init__(self, trouble: Trouble, address: str = "") -> None:
        super().__init__(trouble.value)
        self.trouble, self.address = trouble, address


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: headers in lower case, as much of the body as was wanted, the address that answered."""

    status: int
    headers: dict[str, str]
    body: bytes
    address: str


class Line:
    """One connection to one target, opened when it is needed; closed where an answer did not come whole."""

    def __init__(
        self,
        target: Target,
        *,
        resolve: Resolver = resolved,
        connect_seconds: float = CONNECT_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._target, self._resolve = target, resolve
        self._connect_seconds, self._whole_seconds = connect_seconds, whole_seconds
        self._socket: socket.socket | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._address = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def post(self, headers: Sequence[tuple[str, str]], body: bytes, *, body_max: int) -> Answer:
        """Send a body and read the answer, of its body up to `body_max` bytes. Raises NoAnswer."""
        deadline = monotonic() + self._whole_seconds
        was_open = self._socket is not None
        try:
            return self._exchange(headers, body, body_max, deadline)
        except NoAnswer as failed:
            self.close()
            if not was_open or failed.trouble is not Trouble.UNREACHABLE:
                raise
        # An old connection may have been hung up meanwhile: once more on a fresh one.
        try:
            return self._exchange(headers, body, body_max, deadline)
        except NoAnswer:
            self.close()
            raise

    def _exchange(self, headers: Sequence[tuple[str, str]], body: bytes, body_max: int, deadline: float) -> Answer:
        try:
            if self._socket is None:
                self._open(deadline)
            self._send(headers, body, deadline)
            return self._read(body_max, deadline)
        except Unfit as unfit:
            trouble = Trouble.INSIDE if unfit.fault is Fault.INSIDE else Trouble.UNKNOWN
        except TimeoutError:
            trouble = Trouble.TIMEOUT
        except ssl.SSLError:
            trouble = Trouble.TLS
        except OSError:
            trouble = Trouble.UNREACHABLE
        except h11.RemoteProtocolError:
            trouble = Trouble.GARBLED
        raise NoAnswer(trouble, self._address)

    def _open(self, deadline: float) -> None:
        """Resolve, look, connect to what was looked at: at each opening anew, as names change."""
        self._http, self._address = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX), ""
        last: OSError = ConnectionError()
        for address in addresses(self._target, resolve=self._resolve)[:CONNECTS_MAX]:
            self._address = address
            seconds = min(self._connect_seconds, _left(deadline))
            try:
                plain = socket.create_connection((address, self._target.port), timeout=seconds)
            except OSError as error:
                last = error
                continue
            self._socket = plain
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._target.scheme == "https":
                plain.settimeout(_left(deadline))
                self._socket = _tls().wrap_socket(plain, server_hostname=self._target.host)
            return
        raise last

    def _send(self, headers: Sequence[tuple[str, str]], body: bytes, deadline: float) -> None:
        own = [("Host", self._target.authority), ("Content-Length", str(len(body))), *headers]
        request = h11.Request(method="POST", target=self._target.path, headers=own)
        data = (self._http.send(request) or b"") + (self._http.send(h11.Data(data=body)) or b"")
        data += self._http.send(h11.EndOfMessage()) or b""
        assert self._socket is not None
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(data)

    def _read(self, body_max: int, deadline: float) -> Answer:
        """Read the answer to its end, or up to the bounds; the line stays open only after its end."""
        head: h11.Response | None = None
        kept, read = b"", 0
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                data = self._receive(deadline) if read < READ_MAX else b""
                if not data and not read:
                    raise ConnectionResetError  # hung up without a word
                read += len(data)
                if read >= READ_MAX and head is not None:
                    break
                self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                kept += bytes(event.data)[: body_max - len(kept)]
            elif not isinstance(event, h11.InformationalResponse):  # its end, or hung up
                break
        if head is None:
            raise ConnectionError
        self._end()
        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        return Answer(head.status_code, told, kept, self._address)

    def _receive(self, deadline: float) -> bytes:
        assert self._socket is not None
        self._socket.settimeout(_left(deadline))
        return self._socket.recv(_CHUNK)

    def _end(self) -> None:
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
