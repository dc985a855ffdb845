"""Everything that might have caused the orders of a batch, found in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from affiliate.conversions import queries, reasons
from affiliate.conversions.queries import SECOND, WINDOW_MAX, Customer, Visit
from affiliate.conversions.touches import Candidate, Source
from affiliate.core import signing
from affiliate.merchants.rules import coupon_keys
from affiliate.tracking.tokens import ClickToken, TokenKeys, read

TOUCHES_MAX = 50  # other clicks of one order: the last ones before it
VISITORS_MAX = 5  # a "customer" with more pseudonyms than these is many people under one word
_NOBODY = frozenset({"", "0", "-", "guest", "anonymous", "anon", "null", "none", "undefined", "n/a", "tamu"})


@dataclass(frozen=True, slots=True)
class Own:
    """What a batch's orders say themselves: their customers and tokens, and what we know of those tokens' clicks."""

    customers: Mapping[int, str | None]
    tokens: Mapping[int, ClickToken]
    seen: Mapping[Visit, Any]
    links: Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class _Clicks:
    """The clicks that matter to a batch: own ones by order, those of known customers, and their visitors' others."""

    own: Mapping[int, ClickToken]
    of_customers: Mapping[Customer, Sequence[Any]]
    seen: Mapping[Visit, Any]
    others: Mapping[tuple[int, str], Sequence[Any]]
    links: Mapping[int, Any]


def customer_of(merchant_id: int, customer_ref: str | None, keys: TokenKeys) -> str | None:
    """A keyed hash of a store's word for its customer; None where it names nobody. Another store's is another."""
    if customer_ref is None or customer_ref.strip().casefold() in _NOBODY:
        return None
    said = f"customer {merchant_id} {customer_ref.strip()}".encode("utf-8", "replace")
    return signing.keyed_hash(keys.live[keys.current][0], said).hex()


def own(session: Session, orders: Sequence[Any], keys: TokenKeys) -> Own:
    """Tokens and customers of these orders, in two queries."""
    read_tokens = {order.id: read(order.click_token, keys) for order in orders if order.click_token}
    tokens = {order_id: token for order_id, token in read_tokens.items() if token is not None}
    wanted = {(token.clicked_at, token.nonce) for token in tokens.values()}
    return Own(
        customers={order.id: customer_of(order.merchant_id, order.customer_ref, keys) for order in orders},
        tokens=tokens,
        seen=queries.visits(session, wanted) if wanted else {},
        links=queries.links(session, {token.link_id for token in tokens.values()}) if tokens else {},
    )


def learned(orders: Sequence[Any], said: Own) -> list[dict[str, Any]]:
    """Rows of `customer_clicks`: by which of their own clicks, of this store and by a person, customers are known."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for order in orders:
        token, customer = said.tokens.get(order.id), said.customers[order.id]
        link = said.links.get(token.link_id) if token else None
        if token is None or customer is None or link is None or order.is_test or link.merchant_id != order.merchant_id:
            continue
        seen = said.seen.get((token.clicked_at, token.nonce))
        if seen is None or seen.reason not in reasons.NOBODYS_CLICK:
            row = {"merchant_id": order.merchant_id, "customer_key": customer, "clicked_at": token.clicked_at,
                   "nonce": token.nonce, "link_id": link.id}  # fmt: skip
            found[tuple(row.values())] = row
    return list(found.values())


def find(session: Session, orders: Sequence[Any], said: Own) -> dict[int, list[Candidate]]:
    """The candidates of each order, by its id, in no particular order."""
    clicks = _clicks(session, orders, said)
    coupons, references = _coupons(session, orders), _references(session, orders)
    claims = _claims(session, orders)
    candidates: dict[int, list[Candidate]] = {}
    for order in orders:
        found = [_own(order, clicks), coupons.get(order.id), references.get(order.id), claims.get(order.id)]
        others = _others(order, said.customers[order.id], clicks)
        candidates[order.id] = [one for one in (*found, *others) if one is not None]
    return candidates


def _clicks(session: Session, orders: Sequence[Any], said: Own) -> _Clicks:
    known: set[Customer] = set()
    for order in orders:
        key = said.customers[order.id]
        if key is not None:
            known.add((order.merchant_id, key))
    of_customers = queries.customer_clicks(session, known) if known else {}
    rows = [row for found in of_customers.values() for row in found]
    wanted = {(row.clicked_at, row.nonce) for row in rows} - said.seen.keys()
    seen = {**said.seen, **(queries.visits(session, wanted) if wanted else {})}
    visitors = {row.visitor: row.clicked_at for row in seen.values() if row.reason not in reasons.NOBODYS_CLICK}
    merchants, moments = {order.merchant_id for order in orders}, [order.placed_at for order in orders]
    others = queries.visits_of(session, visitors, merchants, moments) if visitors else {}
    link_ids = {row.link_id for row in rows} | {row.link_id for found in others.values() for row in found}
    unknown = link_ids - said.links.keys()
    links = {**said.links, **(queries.links(session, unknown) if unknown else {})}
    return _Clicks(said.tokens, of_customers, seen, others, links)


def _own(order: Any, clicks: _Clicks) -> Candidate | None:
    """The click whose mark the order brought back, or the mark that is none of ours."""
    if not order.click_token:
        return None
    token = clicks.own.get(order.id)
    if token is None or token.link_id not in clicks.links:
        return Candidate(Source.TOKEN, order.placed_at, fault=reasons.BAD_TOKEN)
    seen = clicks.seen.get((token.clicked_at, token.nonce))
    visit = reasons.NOT_LOADED if seen is None else "qualified" if seen.is_qualified else seen.reason
    return _click(Source.TOKEN, token.clicked_at, token.nonce, clicks.links[token.link_id], visit)


def _click(source: Source, at: datetime, nonce: int, link: Any, visit: str) -> Candidate:
    return Candidate(
        source, at, link.merchant_id, link.community_id, link.curator_id, link.id, nonce=nonce, visit=visit
    )


def _others(order: Any, customer: str | None, clicks: _Clicks) -> list[Candidate]:
    """The last other clicks before the order of whoever bought, as far as we know them."""
    of_customer = clicks.of_customers.get((order.merchant_id, customer), ()) if customer else ()
    if len({row.visitor for row in _seen(of_customer, clicks)}) > VISITORS_MAX:
        of_customer = ()
    token = clicks.own.get(order.id)
    found = _of_visitors(Source.VISITOR, order, _seen([token] if token else [], clicks), clicks)
    found += _of_visitors(Source.CUSTOMER, order, _seen(of_customer, clicks), clicks)
    found += [
        _click(Source.CUSTOMER, row.clicked_at, row.nonce, clicks.links[row.link_id], reasons.NOT_LOADED)
        for row in of_customer
        if (row.clicked_at, row.nonce) not in clicks.seen and row.link_id in clicks.links
    ]
    in_time = [one for one in found if order.placed_at - WINDOW_MAX <= one.at < order.placed_at + SECOND]
    return sorted(in_time, key=lambda one: one.order_in_time, reverse=True)[:TOUCHES_MAX]


def _seen(known: Iterable[Any], clicks: _Clicks) -> list[Any]:
    """The loaded rows of tokens or of customers' clicks that a person made."""
    rows = (clicks.seen.get((one.clicked_at, one.nonce)) for one in known)
    return [row for row in rows if row is not None and row.reason not in reasons.NOBODYS_CLICK]


def _of_visitors(source: Source, order: Any, rows: Iterable[Any], clicks: _Clicks) -> list[Candidate]:
    return [
        _click(source, click.clicked_at, click.nonce, clicks.links[click.link_id], "qualified")
        for visitor in sorted({row.visitor for row in rows})
        for click in clicks.others.get((order.merchant_id, visitor), ())
    ]


def _coupons(session: Session, orders: Sequence[Any]) -> dict[int, Candidate]:
    """Of the codes on each order, in the order that the store tells them, the first that stands for somebody then.

    Where none does: the first that stands for somebody at another time; else the first, as one that we do not know.
    """
    told = {order.id: coupon_keys(order.coupon) for order in orders if order.coupon}
    wanted = {key for keys in told.values() for key in keys}
    assigned = queries.coupons(session, {order.merchant_id for order in orders}, wanted) if wanted else {}
    return {order.id: _coupon(order, told[order.id], assigned) for order in orders if told.get(order.id)}


def _coupon(order: Any, keys: Sequence[str], assigned: Mapping[tuple[int, str], Sequence[Any]]) -> Candidate:
    rows = [row for key in keys for row in assigned.get((order.merchant_id, key), ())]
    for row in rows:
        if row.valid_from <= order.placed_at and (row.valid_until is None or order.placed_at < row.valid_until):
            return _of_coupon(order, row, None)
    if rows:
        return _of_coupon(order, rows[0], reasons.COUPON_NOT_VALID)
    return Candidate(Source.COUPON, order.placed_at, order.merchant_id, code=keys[0], fault=reasons.COUPON_UNKNOWN)


def _of_coupon(order: Any, row: Any, fault: str | None) -> Candidate:
    return Candidate(
        Source.COUPON, order.placed_at, order.merchant_id, row.community_id, row.curator_id, code=row.code, fault=fault
    )


def _references(session: Session, orders: Sequence[Any]) -> dict[int, Candidate]:
    """What each order names outright: the code of a link, else the address of a community."""
    told = {order.id: order.reference.strip() for order in orders if order.reference and order.reference.strip()}
    if not told:
        return {}
    links = queries.links_by_code(session, set(told.values()))
    communities = queries.communities_by_slug(session, {text.lower() for text in told.values()})
    return {
        order.id: _reference(order, told[order.id], links.get(told[order.id]), communities)
        for order in orders
        if order.id in told
    }


def _reference(order: Any, text: str, link: Any, communities: Mapping[str, int]) -> Candidate:
    if link is not None:
        return Candidate(
            Source.REFERENCE, order.placed_at, link.merchant_id, link.community_id, link.curator_id, link.id, code=text
        )
    community = communities.get(text.lower())
    fault = reasons.REFERENCE_UNKNOWN if community is None else None
    return Candidate(Source.REFERENCE, order.placed_at, order.merchant_id, community, code=text, fault=fault)


def _claims(session: Session, orders: Sequence[Any]) -> dict[int, Candidate]:
    """The accepted claim of each order, with the claim's number as its code."""
    found = queries.accepted_claims(session, orders)
    return {
        order.id: Candidate(
            Source.CLAIM, order.placed_at, row.merchant_id, row.community_id, row.curator_id, row.link_id,
            code=str(row.claim_id),
        )
        for order in orders
        if (row := found.get(order.id)) is not None
    }  # fmt: skip
