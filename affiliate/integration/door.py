"""Our own front door, used as a visitor and as a store use it: the redirect by its address, the webhook signed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from werkzeug.test import Client

from affiliate.core.signing import standard_signature

# The visit says of itself that nobody looks at the page, so it is recorded and counts for nobody.
NOBODY_LOOKS = {"User-Agent": "Etalase link test", "Sec-Purpose": "prefetch"}
LOCATION_MAX = 4000


def follow(app: Flask, code: str, base_url: str) -> str | None:
    """Where /go/<code> leads, or None when it leads to no store."""
    answer = Client(app).get(f"/go/{code}", base_url=base_url, headers=NOBODY_LOOKS)
    location = answer.headers.get("Location", "")
    answer.close()
    return location[:LOCATION_MAX] if answer.status_code == 302 and urlsplit(location).netloc else None


def token_in(url: str | None, param: str) -> str | None:
    """The token that an address carries."""
    found = parse_qs(urlsplit(url or "").query).get(param)
    return found[-1] if found else None


def deliver(app: Flask, path: str, base_url: str, *, secret: str, message_id: str, body: bytes, now: datetime) -> int:
    """Send a signed message to our webhook; the status of its answer."""
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": standard_signature(secret, message_id, now, body),
    }
    answer = Client(app).post(path, base_url=base_url, data=body, headers=headers)
    status = answer.status_code
    answer.close()
    return status
