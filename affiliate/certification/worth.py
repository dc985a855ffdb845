"""What a sandbox order would pay: the real prices over the folded order; nothing is written. Pure."""

from __future__ import annotations

from affiliate.certification.queries import Offer
from affiliate.commissions.rules import Line, PricedOrder, price
from affiliate.orders.models import OrderStatus
from affiliate.orders.rules import LineState, OrderState


def priced(state: OrderState, offer: Offer) -> PricedOrder:
    """Line by line by the offer's rates; of a cancelled order nothing is asked (`pays_minor`)."""
    return price([_line(one) for one in state.lines], offer.rates, state.currency)


def pays_minor(state: OrderState, offer: Offer) -> int:
    """The commission of the order as it stands, once it is completed; 0 when it is cancelled."""
    return 0 if state.status is OrderStatus.CANCELLED else priced(state, offer).total_minor


def _line(one: LineState) -> Line:
    sold = one.line
    return Line(
        ref=sold.line_ref, sku=sold.sku, title=sold.title, category=sold.category, brand=sold.brand,
        quantity=sold.quantity, refunded_quantity=one.refunded_quantity, unit_price_minor=sold.unit_price_minor,
        discount_minor=sold.discount_minor, tax_minor=sold.tax_minor, net_minor=sold.net_minor,
        refunded_minor=one.refunded_minor,
    )  # fmt: skip
