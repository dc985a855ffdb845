"""Host names, shop addresses, secrets, and which version is in force."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from affiliate.core.signing import new_webhook_secret
from affiliate.merchants import rules

T0 = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Terms:
    version: int
    valid_from: datetime


@pytest.mark.parametrize("text", ["shop.example", "SHOP.Example", "a-b.c", "localhost", "127.0.0.1", " shop.example "])
def test_plain_hosts(text):
    assert rules.host_name(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    ["", ".", "https://shop.example", "shop.example:8000", "shop.example/", "*.example", "-a.example", "a..example",
     "a_b.example", "shop example", "shop.example.", "[::1]", "tokö.example", "a" * 64, "a." * 127 + "ab", "a\nb"],
)  # fmt: skip
def test_what_is_no_plain_host(text):
    assert rules.host_name(text) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Shop.example/a?b=c#d", "shop.example"),
        ("http://127.0.0.1:8001/shop", "127.0.0.1"),
        ("ftp://shop.example", None),
        ("javascript:alert(1)", None),
        ("//shop.example", None),
        ("shop.example", None),
        ("https://user@shop.example", None),
        ("https://shop.example:0", None),
        ("https://shop.example:99999", None),
        ("https://shop.example\\@evil.example", None),
        ("https://shop.example\n.evil", None),
        ("https://[::1]/", None),
        ("https://[", None),
    ],
)
def test_the_host_of_an_address(url, host):
    assert rules.host_of(url) == host


def test_secrets_of_the_standard():
    assert rules.is_standard_secret(new_webhook_secret())
    assert rules.is_standard_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    for size in (23, 65):
        assert not rules.is_standard_secret("whsec_" + base64.b64encode(b"x" * size).decode())
    for text in ("", "whsec_", "whsec_!!!", base64.b64encode(b"x" * 32).decode(), "whsec_" + "é" * 40):
        assert not rules.is_standard_secret(text)


def test_zones():
    assert rules.is_zone("Asia/Jakarta")
    for name in ("", "Asia", "Mars/Base", "../etc/passwd", "asia/jakarta"):
        assert not rules.is_zone(name)


def test_the_latest_begun_version_counts_and_of_equal_ones_the_higher():
    first, second, third = Terms(1, T0), Terms(2, T0), Terms(3, T0 + timedelta(days=9))
    assert rules.in_force([third, second, first], T0 - timedelta(seconds=1)) is None
    assert rules.in_force([third, second, first], T0) is second
    assert rules.in_force([first, second, third], T0 + timedelta(days=9)) is third
    later_but_earlier = Terms(4, T0 - timedelta(days=9))
    assert rules.in_force([second, later_but_earlier], T0) is second
