"""Which visits count, and what is kept of a visitor."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from affiliate.tracking import rules
from affiliate.tracking.rules import Device, Reason

_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
_SAFARI = "like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_BLINK} Safari/537.36"
ANDROID = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_BLINK} Mobile Safari/537.36"
TABLET = f"Mozilla/5.0 (Linux; Android 13; SM-X700) {_BLINK} Safari/537.36"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 {_SAFARI}"
IPAD = f"Mozilla/5.0 (iPad; CPU OS 16_6 {_SAFARI}"
NAVIGATION = {"fetch_mode": "navigate", "fetch_dest": "document"}
AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("visit", "reason"),
    [
        ({"agent": CHROME}, None),
        ({"agent": CHROME, **NAVIGATION}, None),
        ({"agent": CHROME, "method": "HEAD"}, Reason.HEAD),
        ({"agent": ""}, Reason.NO_AGENT),
        ({"agent": "WhatsApp/2.23.20.0 A"}, Reason.BOT),
        ({"agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"}, Reason.BOT),
        ({"agent": "TelegramBot (like TwitterBot)"}, Reason.BOT),
        ({"agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, Reason.BOT),
        ({"agent": "curl/8.5.0"}, Reason.BOT),
        ({"agent": "python-requests/2.32.3"}, Reason.BOT),
        ({"agent": CHROME, "purpose": "prefetch"}, Reason.PREFETCH),
        ({"agent": CHROME, "purpose": "prefetch;prerender"}, Reason.PREFETCH),
        ({"agent": CHROME, "purpose": " Prefetch ", **NAVIGATION}, Reason.PREFETCH),
        ({"agent": CHROME, "fetch_mode": "no-cors", "fetch_dest": "image"}, Reason.EMBEDDED),
        ({"agent": CHROME, "fetch_mode": "navigate", "fetch_dest": "iframe"}, Reason.EMBEDDED),
        ({"agent": CHROME, "fetch_mode": "cors", "fetch_dest": "empty"}, Reason.EMBEDDED),
        ({"agent": CHROME, "fetch_dest": "image"}, Reason.EMBEDDED),
        ({"agent": CHROME, "fetch_mode": "nested-navigate"}, Reason.EMBEDDED),
        ({"agent": CHROME, "fetch_mode": "navigate", "fetch_dest": "fencedframe"}, Reason.EMBEDDED),
        ({"agent": IPHONE, "accept": "image/webp,image/avif,video/*;q=0.8,*/*;q=0.5"}, Reason.EMBEDDED),
        ({"agent": IPHONE, "accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, None),
        ({"agent": IPHONE, "accept": "image/gif, text/html, */*"}, None),
        ({"agent": IPHONE, "accept": "*/*"}, None),  # some in-app browsers say no more
        ({"agent": CHROME, "accept": "image/avif,*/*", **NAVIGATION}, None),
    ],
)
def test_who_counts(visit: dict[str, str], reason: Reason | None):
    assert rules.disqualified(**{"method": "GET", **visit}) is reason


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (CHROME, Device.DESK),
        (ANDROID, Device.PHONE),
        (IPHONE, Device.PHONE),
        (TABLET, Device.TABLET),
        (IPAD, Device.TABLET),
        ("", Device.BOT),
    ],
)
def test_devices(agent: str, device: Device):
    assert rules.device_of(agent) is device


def test_known_crawlers_are_bots(shared_data: Path):
    known = json.loads((shared_data / "clicks" / "crawler-user-agents.json").read_text("utf-8"))
    agents = [agent for entry in known for agent in entry.get("instances", [])]
    caught = sum(rules.device_of(agent[: rules.AGENT_LENGTH_MAX]) is Device.BOT for agent in agents)
    assert len(agents) > 1000
    assert caught / len(agents) > 0.99


def test_a_visitor_is_the_same_within_a_month_and_another_in_the_next():
    def of(at: datetime, address: str = "203.0.113.7", agent: str = CHROME, secret: str = "s") -> str:
        return rules.visitor(secret, at, address, agent)

    assert of(AT) == of(AT.replace(day=30))
    assert (
        len(
            {
                of(AT),
                of(AT.replace(month=12)),
                of(AT.replace(year=2027)),
                of(AT, "203.0.113.8"),
                of(AT, agent=IPHONE),
                of(AT, secret="t"),
            }
        )
        == 6
    )
    assert len(of(AT)) == 24


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("", ""),
        ("https://Clozette.test/c/gaya?email=a@b.test", "clozette.test"),
        ("http://a.test:8080/", "a.test"),
        ("https://a.test", "a.test"),
        ("https://user:secret@a.test/", ""),
        ("android-app://com.whatsapp/", ""),
        ("https://a.test\tx", ""),
        ("https://é.test/", ""),
        ("https://" + "a" * 300 + ".test/", ""),
        ("\x00", ""),
    ],
)
def test_of_the_referrer_only_a_clean_host_stays(referrer: str, host: str):
    assert rules.referrer_host(referrer) == host
