"""Guides, steps and what is behind them, in words for people."""

from __future__ import annotations

from typing import Any

from affiliate.core.i18n import _l
from affiliate.integration.rules import Name, State, Why

GUIDES: dict[str, Any] = {
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "plain": _l("Own shop"),
    "coupon": _l("Coupon only"),
}
STEPS: dict[Name, Any] = {
    Name.LINK: _l("Test link made"),
    Name.TOKEN: _l("The click got its token"),
    Name.LANDING: _l("The visitor lands at your shop"),
    Name.RECEIVED: _l("An order has come in"),
    Name.SIGNATURE: _l("Its signature fits"),
    Name.READ: _l("It carries the token"),
    Name.CREDIT: _l("It would be credited"),
}
STATES: dict[State, tuple[Any, str]] = {
    State.GOOD: (_l("Fits"), "good"),
    State.WAIT: (_l("Waiting"), "wait"),
    State.BAD: (_l("Does not fit"), "bad"),
    State.LATER: (_l("Later"), "quiet"),
}
WHY: dict[Why, Any] = {
    Why.NO_WAY: _l(
        "The link led nowhere: the product's address is on none of your allowed hosts. Your contact at Etalase adds it."
    ),
    Why.TWICE: _l("The address holds the parameter more than once, or not as we wrote it."),
    Why.UNREADABLE: _l("It was signed well, but it is no order that we can read. Open the delivery for the reason."),
    Why.NO_MARK: _l("The order came without click_token. Your shop lost it between the landing page and the order."),
    Why.OTHER_MARK: _l(
        "The order carries another click token than this test's. Perhaps your browser still holds an older one."
    ),
    Why.CHANGED_MARK: _l("The token was cut or changed on the way. Keep all 44 characters, capitals too."),
    Why.REFUSED: _l("Our webhook refused the message. Nothing was kept of it."),
    Why.NOT_A_TEST: _l(
        "The order does not say that it is a test. It earns nothing all the same, because a test link is nobody's."
    ),
    Why.NO_PROGRAMME: _l("There is no programme with terms in force, so an order would pay nothing yet."),
    Why.NO_COMMUNITY: _l("With a real link it is credited to the community that gave the link out."),
}
