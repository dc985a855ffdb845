"""Steps, what went wrong, and what to do, in words for people."""

from __future__ import annotations

from typing import Any

from affiliate.certification import diagnosis
from affiliate.certification.models import Reply
from affiliate.certification.steps import Excuse, Result, State, Step, Why
from affiliate.core.i18n import _, _l
from affiliate.orders import wording as orders
from affiliate.orders.models import OrderStatus, Verdict

# (name, how to show it)
STEPS: dict[Step, tuple[Any, Any]] = {
    Step.PLACED: (_l("Order placed"), _l("Place an order in your shop and leave it unpaid.")),
    Step.PAID: (_l("Order paid"), _l("Mark an order as paid.")),
    Step.COMPLETED: (_l("Order completed"), _l("Ship or finish a paid order.")),
    Step.PART_BY_LINE: (_l("Partial refund by line"), _l("Refund one piece of a completed order.")),
    Step.PART_BY_AMOUNT: (_l("Partial refund by amount"), _l("Refund some money without naming a piece.")),
    Step.FULL_REFUND: (_l("Full refund"), _l("Refund a completed order as a whole.")),
    Step.CANCEL: (_l("Order cancelled"), _l("Cancel an order.")),
    Step.REPEAT: (_l("The same delivery twice"), _l("Send one message again, unchanged and under the same id.")),
    Step.LATE_ORDER: (_l("Completed before placed"), _l("Send an older message after a newer one of the same order.")),
    Step.EARLY_REFUND: (_l("Refund before its order"), _l("Send a refund before the order that it belongs to.")),
    Step.WRONG_SIGNATURE: (_l("Wrong signature"), _l("Send a message that is signed with another secret.")),
    Step.IDR: (_l("Amounts in rupiah"), _l("Send an order in IDR, with amounts such as 289000 or 289000.00.")),
    Step.ZERO_DECIMAL: (_l("A currency without decimals"), _l("Send an order in JPY, with amounts such as 2900.")),
}
PASSED: dict[Step, Any] = {
    Step.PLACED: _l("We read the order with its lines."),
    Step.PAID: _l("We saw the payment. Nothing is earned before completion."),
    Step.COMPLETED: _l("From here on a commission counts."),
    Step.PART_BY_LINE: _l("The piece is gone, and its part of the commission with it."),
    Step.PART_BY_AMOUNT: _l("The amount is spread over the lines by their net."),
    Step.FULL_REFUND: _l("Nothing stays sold, so nothing is owed."),
    Step.CANCEL: _l("A cancelled order owes nothing."),
    Step.REPEAT: _l("It came again and counted once."),
    Step.LATE_ORDER: _l("The older message came late and changed nothing."),
    Step.EARLY_REFUND: _l("The refund waited for its order, then counted."),
    Step.WRONG_SIGNATURE: _l("It was refused; at the real address nothing would be kept of it."),
    Step.IDR: _l("The amounts are rupiah as people write them."),
    Step.ZERO_DECIMAL: _l("The amounts are whole units of the currency."),
}
STATES: dict[State, tuple[Any, str]] = {
    State.PASSED: (_l("Passed"), "good"),
    State.FAILED: (_l("Failed"), "bad"),
    State.MISSING: (_l("Not seen yet"), "quiet"),
}
EXCUSES: dict[Excuse, Any] = {
    Excuse.SUMS_ONLY: _l("Not needed: this shop system tells refunds as sums, without lines."),
    Excuse.INSIDE: _l("Not needed: this shop system sends refunds inside their order."),
    Excuse.ONE_CURRENCY: _l("Not needed: your shop sends one currency only, its own."),
}
WHY: dict[Why, Any] = {
    Why.NOT_SO_FAR: _l(
        "The message says so in its topic, but the order %(field)s in it is not that far. "
        "Look at its state and payment."
    ),
    Why.UNKNOWN_LINE: _l(
        "The refund names line %(field)s, which its order does not have. Use the same line ids in both messages."
    ),
    Why.TOOK_NOTHING: _l("The refund of order %(field)s takes nothing from its lines. Send pieces or an amount."),
    Why.NO_ORDER: _l(
        "A refund waits for order %(field)s, of which nothing has come. Use the same order number in both messages."
    ),
    Why.OPENED_AGAIN: _l(
        "Order %(field)s was cancelled, but a newer message opened it again. "
        "The cancellation needs the highest version."
    ),
    Why.ID_REUSED: _l(
        "One id came with two different bodies. An id belongs to one message, also when it is sent again."
    ),
    Why.NO_VERSION: _l(
        "Two messages about order %(field)s have the same version and time, so nobody can say which one is newer. "
        "Count the version up with every change."
    ),
    Why.TOO_SMALL: _l(
        "The prices of order %(field)s are too small to be rupiah. Send 289000 for Rp289.000, not thousands."
    ),
    Why.TOO_LARGE: _l(
        "The prices of order %(field)s are too large to be rupiah. Send 289000 for Rp289.000, not hundredths (sen)."
    ),
}
CAUSES: dict[str, Any] = orders.CAUSES | {
    diagnosis.BODY_REWRITTEN: _l(
        "The secret is right, but another text was signed than was sent: the message was parsed and written anew. "
        "Sign the very bytes that you send."
    ),
    diagnosis.BODY_ALONE: _l("Only the body was signed. Sign id.timestamp.body, joined by full stops."),
    diagnosis.NO_ID: _l("The id is missing in what was signed. Sign id.timestamp.body, joined by full stops."),
    diagnosis.HEXADECIMAL: _l("The signature is right, but written in hexadecimal. Send it in base64."),
    diagnosis.HEX_IN_BASE64: _l(
        "The signature is right, but its hexadecimal text was put into base64. Put its 32 bytes into base64 directly."
    ),
    diagnosis.URL_SAFE: _l("The signature is in URL-safe base64. Use the plain one, with + and /."),
    diagnosis.PREFIXED: _l("The signature is right, but has a prefix such as sha256=. Leave the prefix out."),
    diagnosis.NO_VERSION: _l("The signature is right, but v1, is missing before it."),
    diagnosis.STAMP_MILLISECONDS: _l("The time is in milliseconds. Send whole seconds."),
    diagnosis.SECRET_AS_TEXT: _l(
        "The secret was used as text. The key's bytes are what follows whsec_, read from base64."
    ),
    diagnosis.SECRET_DECODED: _l("The secret was read from base64 first. Use it as it is written."),
    diagnosis.SECRET_SPACED: _l("The secret was used with the end of its line. Leave out the line break behind it."),
    diagnosis.REAL_KEY: _l("It is signed with a key of your real address. The sandbox has a secret of its own."),
    diagnosis.OTHER_SYSTEMS_KEY: _l("It is signed with the sandbox secret of another shop system of yours."),
    diagnosis.NEEDS_SHOP_SECRET: _l(
        "Shopify signs with its own secret, which the sandbox does not have yet. Enter it below the address."
    ),
}
REPLIES: dict[Reply, tuple[Any, str]] = {
    Reply.REFUSED: (_l("Refused"), "bad"),
    Reply.REUSED: (_l("Id used twice"), "bad"),
    Reply.REPEAT: (_l("Repeat"), "quiet"),
}
ORDERS: dict[OrderStatus, Any] = {
    OrderStatus.PLACED: _l("It is placed. It pays once it is completed."),
    OrderStatus.PAID: _l("It is paid. It pays once it is completed."),
    OrderStatus.COMPLETED: _l("It is completed, so it pays."),
    OrderStatus.CANCELLED: _l("It is cancelled, so it pays nothing."),
}


def fault_text(result: Result) -> Any:
    """What went wrong with a step, and what to do."""
    if result.why is Why.SIGNATURE:
        return cause_text(result.code or "")
    if result.why is Why.UNREADABLE:
        return orders.reason_text(result.code or "")
    text = WHY[result.why] if result.why else ""
    return str(text) % {"field": result.field or "–"}


def cause_text(cause: str) -> Any:
    return CAUSES.get(cause) or orders.cause_text(cause)


def verdict_of(reply: Reply, verdict: Verdict | None) -> tuple[Any, str]:
    """Words and tone for a request."""
    if reply in REPLIES and not (reply is Reply.REPEAT and verdict is Verdict.UNREADABLE):
        return REPLIES[reply]
    return orders.VERDICTS[verdict or Verdict.IGNORED]


def sentence_of(reply: Reply, verdict: Verdict | None) -> Any:
    """What became of a request, in a sentence."""
    if reply is Reply.REFUSED:
        return _("The signature does not fit. The real address would keep nothing of it.")
    if reply is Reply.REUSED:
        return _("We know another message under this id, so this one was not taken.")
    if reply is Reply.REPEAT:
        return _("This very message had come before. It counts once.")
    return orders.VERDICT_SENTENCES[verdict or Verdict.IGNORED]
