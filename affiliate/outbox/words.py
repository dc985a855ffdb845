"""What pages call things here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affiliate.core.i18n import _, _l
from affiliate.core.outward import Fault
from affiliate.outbox.models import EndpointStatus, MessageStatus, StopReason
from affiliate.outbox.rules import EventType, Outcome

TYPES: dict[EventType, Any] = {
    EventType.CONVERSION_CREATED: _l("an order was credited"),
    EventType.CONVERSION_CONFIRMED: _l("a credited order is completed"),
    EventType.CONVERSION_DECLINED: _l("an order does not count, with the reason"),
    EventType.COMMISSION_EARNED: _l("a commission was earned"),
    EventType.COMMISSION_ADJUSTED: _l("a commission changed"),
    EventType.COMMISSION_REVERSED: _l("a commission was taken back whole"),
    EventType.PAYOUT_SENT: _l("a payout is on its way"),
    EventType.PAYOUT_PAID: _l("a payout was paid"),
    EventType.PAYOUT_FAILED: _l("a payout failed"),
    EventType.PAYOUT_RETURNED: _l("a payout came back"),
    EventType.PING: _l("a test, sent by hand"),
}
STATUSES: dict[EndpointStatus, tuple[Any, str]] = {
    EndpointStatus.ENABLED: (_l("On"), "good"),
    EndpointStatus.PAUSED: (_l("Paused"), "wait"),
    EndpointStatus.STOPPED: (_l("Stopped"), "bad"),
    EndpointStatus.REMOVED: (_l("Removed"), "quiet"),
}
STOP_REASONS: dict[StopReason, Any] = {
    StopReason.GONE: _l(
        "It answered 410 Gone, so we stopped. What waited is kept as failed; switch it on and send that again."
    ),
    StopReason.FAILING: _l(
        "For three days nothing could be delivered, so we stopped. What waited is kept as failed; put the receiver "
        "right, switch it on and send that again."
    ),
}
MESSAGE_STATUSES: dict[MessageStatus, tuple[Any, str]] = {
    MessageStatus.WAITING: (_l("Waiting"), "wait"),
    MessageStatus.DELIVERED: (_l("Delivered"), "good"),
    MessageStatus.FAILED: (_l("Failed"), "bad"),
}
OUTCOMES: dict[Outcome, tuple[Any, str]] = {
    Outcome.DELIVERED: (_l("delivered"), "good"),
    Outcome.REFUSED: (_l("answered, but not with 2xx"), "bad"),
    Outcome.GONE: (_l("answered that it is gone"), "bad"),
    Outcome.UNREACHABLE: (_l("nobody answered, or the connection broke"), "bad"),
    Outcome.TIMEOUT: (_l("no whole answer within 10 seconds"), "bad"),
    Outcome.TLS: (_l("its certificate does not fit"), "bad"),
    Outcome.GARBLED: (_l("what came back is no HTTP"), "bad"),
    Outcome.UNKNOWN: (_l("its host name has no address"), "bad"),
    Outcome.INSIDE: (_l("its host name leads into a private network; nothing was sent"), "bad"),
    Outcome.INTERRUPTED: (_l("our sender was interrupted; it may have arrived"), "wait"),
}
FAULTS: dict[Fault, Any] = {
    Fault.FORM: _l("Use an address such as https://app.example/hooks, without a password, spaces or a # part."),
    Fault.SCHEME: _l("The address must begin with https://."),
    Fault.PORT: _l("Use port 443 or 8443."),
    Fault.NUMBER: _l("Use a host name, not a number."),
    Fault.INSIDE: _l("This name leads into a private network. Use one that everybody can reach."),
    Fault.UNKNOWN: _l("This host name has no address."),
}


def subject(data: Mapping[str, Any]) -> str:
    """What a message is about, by its data: an order, a payout, or nothing."""
    if "order" in data:
        return _("Order %(ref)s", ref=data["order"])
    return _("Payout %(number)s", number=data["payout"]) if "payout" in data else ""
