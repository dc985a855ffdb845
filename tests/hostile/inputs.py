"""What a hostile or broken program sends: texts, JSON values, bodies, headers, pieces of addresses."""

# ruff: noqa: E501
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Each has broken some program: numbers that are none, digits that int() refuses or takes, halves of characters, NUL …
TEXTS = [
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e" + "terbalik", "\r\n", "a\r\nSet-Cookie: x=1", "\x7f\x1b[31m",
    "0", "-0", "-1", "+1", "1_000", "²", "٣٤", "１２", "0x10", "1e400", "1e-400", "NaN", "-Infinity", "9" * 19, "9" * 20, "9" * 5000,
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1.000.000,00", "0.000000001", "-149000.00",
    "true", "null", "[]", "{}", "%00", "%s%n", "%(x)s", "{0}", "{{7*7}}", "${7*7}", "<script>alert(1)</script>",
    "' OR 1=1 --", "\\", "%", "_", "../../etc/passwd", "//evil.test", "https://evil.test@toko.test/", "javascript:alert(1)",
    "https://[::1", "http://[v1.x]/", "http://toko.test:99999/", "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01",
    "9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00+14:00", "2026-11-01T09:00:00", "24:00",
    "x" * 300, "é" * 3000, "👩‍👩‍👧‍👦" * 200, "a" * 100_000, "e\u0301" * 500, "ﷺ" * 400, "ß" * 121, "İ" * 121,
    "IDR", "XXX", "idr", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Il0", "W10", "WzFlNDAwXQ", "WyJcdWQ4MDAiXQ", "bnVsbA",
]  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**400, -0.0, 0.1, 1.5, 1e308,
    float("nan"), float("inf"), float("-inf"), [], [[]], [None], [{}], {}, {"": ""}, {"a": {"b": {"c": []}}},
    {"amount": "-1.00", "currency": "IDR"}, {"amount": "NaN", "currency": "IDR"}, {"amount": "1e9", "currency": "IDR"},
    {"amount": "9" * 400, "currency": "IDR"}, {"amount": "92233720368547758.08", "currency": "IDR"},
    {"amount": 1, "currency": 1}, {"amount": "1.00", "currency": "XXX"}, {"amount": "0.001", "currency": "IDR"},
    {"amount": "1.00"}, ["x"] * 2000, {str(number): number for number in range(500)}, *TEXTS,
]  # fmt: skip

BODIES: list[bytes] = [
    b"", b" ", b"\xff\xfe", b"\xef\xbb\xbf{}", b"null", b"true", b'"x"', b"[]", b"[1]", b"{", b"}", b"{}{}", b'{"a":1,"a":2}',
    b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b"-", b"NaN", b'{"a": Infinity}', b'{"\\ud800": 1}', b'{"\\u0000": 1}',
    b"\0" * 100, b"{\"name\": \"\xed\xa0\x80\"}", b"a=1&a=2", b"&&&===&%&%zz",
]  # fmt: skip

KINDS = [
    "application/json", "application/json; charset=utf-99", "application/json; charset=utf-16", "text/plain", "", "x", "/", ";",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 500,
    "application/x-www-form-urlencoded; charset=rot13", "multipart/form-data; boundary=b",
]  # fmt: skip

MULTIPARTS: list[bytes] = [
    b"", b"--b", b"--b--", b"--b\r\n", b"--b\r\n\r\n\r\n--b--\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xff\x00.csv"\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: \xff\r\n\r\n\0\0\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="../../x"\r\n\r\nid,title\n1,2\r\n',
    b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nnot a file\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="logo"; filename="a.png"\r\n\r\n\x89PNG\r\n\x1a\n\0\0\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="logo"; filename="a.svg"\r\n\r\n<svg onload="x"/>\r\n--b--\r\n',
    b"--b\r\n" + b"X-Long: " + b"y" * 70_000 + b"\r\n\r\nx\r\n--b--\r\n",
    b"".join(b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\nx\r\n' % number for number in range(1200)) + b"--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="slug"\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name*=utf-99\'\'%ff; filename*=x\r\n\r\nx\r\n--b--\r\n',
]  # fmt: skip

# As they stand in the WSGI environment: bytes read as Latin-1.
HEADERS = [
    ("HTTP_COOKIE", "etalase"), ("HTTP_COOKIE", "etalase=; etalase=\xff; =;;;=\x80"), ("HTTP_COOKIE", "etalase=" + "A" * 9000),
    ("HTTP_COOKIE", "etalase=.eJ.x.y; session=\"\\777\""), ("HTTP_COOKIE", "etalase=eyJfdXNlcl9pZCI6IDF9.aaaa.bbbb"),
    ("HTTP_AUTHORIZATION", ""), ("HTTP_AUTHORIZATION", "Bearer"), ("HTTP_AUTHORIZATION", "Bearer \xff\xfe\0"),
    ("HTTP_AUTHORIZATION", "Basic ????"), ("HTTP_AUTHORIZATION", "Bearer " + "x" * 100_000), ("HTTP_AUTHORIZATION", "Digest a=\"b"),
    ("HTTP_ACCEPT_LANGUAGE", "xx-" * 2000), ("HTTP_ACCEPT_LANGUAGE", "id;q=NaN, en;q=-1, *;q=1e400, \xff"), ("HTTP_ACCEPT", "\xff;q=x,,,/"),
    ("HTTP_IDEMPOTENCY_KEY", ""), ("HTTP_IDEMPOTENCY_KEY", "\xff\x80"), ("HTTP_IDEMPOTENCY_KEY", "k" * 5000), ("HTTP_IDEMPOTENCY_KEY", "a\0b"),
    ("HTTP_X_REQUEST_ID", "\xff\xed\xa0\x80"), ("HTTP_X_REQUEST_ID", "x" * 5000), ("HTTP_USER_AGENT", "\xff" * 300), ("HTTP_REFERER", "http://[\xff"),
    ("HTTP_IF_NONE_MATCH", '"\xff", W/"'), ("HTTP_IF_MODIFIED_SINCE", "Thu, 99 Foo 99999 99:99:99 GMT"), ("HTTP_RANGE", "bytes=-9999999999999999999-,x"),
    ("HTTP_IF_RANGE", "\xff"), ("HTTP_X_FORWARDED_FOR", "\xff, 999.999.999.999"), ("HTTP_HOST", "a b"), ("HTTP_HOST", "[::1"), ("HTTP_HOST", "evil.test:99999"),
    ("CONTENT_LENGTH", "x"), ("CONTENT_LENGTH", "-1"), ("CONTENT_LENGTH", "99999999999999999999"), ("HTTP_TRANSFER_ENCODING", "x"),
    ("HTTP_ORIGIN", "null"), ("HTTP_X_HTTP_METHOD_OVERRIDE", "DELETE"), ("HTTP_HX_REQUEST", "\xff"), ("HTTP_DATE", "\xff"),
]  # fmt: skip

PATHS = [b"\0", b"%00", b"\xff\xfe", b"\xed\xa0\x80", b"..", b"../../etc/passwd", b"a" * 5000, b"-1", b"9" * 30, b"1e3", "²".encode(), "٣".encode(),
         b"%2e%2e%2f", b"a b", b"a\r\nb", b"'", b'"', b"\\", b"~", b"*", "\U0001f6cd".encode(), b"+", b"a%", b"a;b=c", b"?x"]  # fmt: skip

QUERIES = ["", "&", "=", "&&==&", "%", "%zz=%zz", "a[]=1&a[]=2", "x=" + "y" * 20_000, "&".join(f"p{number}=1" for number in range(1500)),
           "cursor=%ff", "limit=%00", "limit=0", "limit=-1", "limit=9999999999999999999999", "cursor=W10", "cursor=x&cursor=y", "q=%ed%a0%80"]  # fmt: skip


def texts(folder: Path | None) -> list[str]:
    """Ours, and the big list of naughty strings where it is at hand."""
    if folder is None:
        return TEXTS
    return TEXTS + [text for text in json.loads((folder / "hostile/blns.json").read_text(encoding="utf-8")) if text]
