"""Samples as commands for a shell. All in them is quoted: bodies as here-documents, the rest singly. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from shlex import quote

from affiliate.certification.samples import HEADERS, Sample
from affiliate.core.signing import SECRET_PREFIX
from affiliate.merchants.models import WebhookKind

MARK = "ETALASE"  # ends a body; no line of JSON is that
SHOWN = " → %{http_code}\\n"
_HEAD = """#!/bin/sh
set -eu
"""
_SIGNING = """body=$(mktemp)
trap 'rm -f "$body"' EXIT
hex() { od -An -v -tx1 | tr -d ' \\n'; }
mac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary | base64; }
"""
_SEND_STANDARD = """send() { # id, secret; the body comes from standard input
  cat > "$body"
  stamp=$(date +%s)
  key=$(printf %s "${2#whsec_}" | base64 -d | hex)
  signature=$({ printf '%s.%s.' "$1" "$stamp"; cat "$body"; } | mac "$key")
  curl -sS -w "$shown" -H 'content-type: application/json' -H "webhook-id: $1" \\
    -H "webhook-timestamp: $stamp" -H "webhook-signature: v1,$signature" --data-binary @"$body" "$url"
}
"""
_SEND = """send() { # id, secret, topic; the body comes from standard input
  cat > "$body"
  signature=$(mac "$(printf %s "$2" | hex)" < "$body")
  curl -sS -w "$shown" -H 'content-type: application/json' -H "NAME: $1" -H "TOPIC: $3" \\
    -H "SIGNATURE: $signature" --data-binary @"$body" "$url"
}
"""


def curl(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """One command that sends this body with these headers."""
    given = " ".join(f"-H {quote(f'{name}: {value}')}" for name, value in headers.items())
    return f"curl -sS -w {quote(SHOWN)} {given} --data-binary @- {quote(url)} {_document(body)}"


def signed(commands: Iterable[tuple[str, str]]) -> str:
    """A script of (title, command) that are signed already."""
    return _HEAD + "\n".join(f"\n{_title(title)}\n{command}" for title, command in commands) + "\n"


def signing(kind: WebhookKind, url: str, secret: str, wrong: str, told: Iterable[tuple[str, Iterable[Sample]]]) -> str:
    """A script that signs at the time at which it runs, for (title, samples)."""
    pieces = [
        _HEAD,
        _SIGNING,
        f"url={quote(url)}\nsecret={quote(secret)}\nwrong={quote(wrong)}\nshown={quote(SHOWN)}\n",
    ]
    if kind is WebhookKind.STANDARD:
        assert secret.startswith(SECRET_PREFIX), "its bytes are read from base64"
        pieces.append(_SEND_STANDARD)
    else:
        signature, topic, name = HEADERS[kind]
        pieces.append(_SEND.replace("NAME", name).replace("TOPIC", topic).replace("SIGNATURE", signature))
    for title, samples in told:
        pieces.append(f"\n{_title(title)}\n")
        pieces += [_send(kind, sample) for sample in samples]
    return "".join(pieces)


def _send(kind: WebhookKind, sample: Sample) -> str:
    words = [quote(sample.delivery_id), '"$secret"' if sample.is_signed_well else '"$wrong"']
    words += [] if kind is WebhookKind.STANDARD else [quote(sample.topic)]
    return f"send {' '.join(words)} {_document(sample.body)}\n"


def _document(body: bytes) -> str:
    return f"<<'{MARK}'\n{body.decode()}{MARK}"


def _title(title: str) -> str:
    """A line that the script says."""
    return f"echo {quote(' '.join(title.split()))}"
