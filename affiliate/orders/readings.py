"""How what files said of an order meets what webhooks said: by moments, because versions compare in one channel only.

Pure, and a function of the set: neither the order of arrival nor the order in which files were applied matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from affiliate.core import money
from affiliate.orders.facts import Event, EventFacts, LineFacts, RefundFacts
from affiliate.orders.schemas import REF_MAX

REFUND_REF = "file total"
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def ranks(life: Sequence[Event]) -> Mapping[str, int]:
    """Digest -> place in the order's life. Of webhooks alone it is the version.

    Between webhooks a file's reading stands where its moment is: before the first version that had been reached later.
    """
    if not any(event.facts.reading for event in life):
        return {event.digest: event.facts.version for event in life}
    reached: dict[int, datetime] = {}
    moments: set[datetime] = set()
    for event in life:
        told = event.facts
        if told.reading:
            moments.add(told.reading.at)
        else:
            reached[told.version] = max(reached.get(told.version, _EPOCH), _moment(told))
    places: list[tuple[datetime, int, int]] = []
    latest = _EPOCH
    for version in sorted(reached):
        latest = max(latest, reached[version])
        places.append((latest, 1, version))
    places += [(moment, 0, 0) for moment in moments]
    of_version: dict[int, int] = {}
    of_moment: dict[datetime, int] = {}
    for place, (moment, is_webhook, version) in enumerate(sorted(places)):
        if is_webhook:
            of_version[version] = place
        else:
            of_moment[moment] = place
    return {
        event.digest: of_moment[told.reading.at] if told.reading else of_version[told.version]
        for event in life
        for told in (event.facts,)
    }


def _moment(told: EventFacts) -> datetime:
    """Of which moment a webhook's word is; a snapshot's version is that of the order's last change."""
    return _EPOCH + timedelta(milliseconds=told.version) if told.is_snapshot else told.occurred_at


def known_first(life: Sequence[Event]) -> list[Event]:
    """Files before webhooks, each in their order: what a file says only fills the gaps of what the shop said."""
    return sorted(life, key=lambda event: event.facts.reading is None)


def lines(told: EventFacts, known: Sequence[LineFacts] | None) -> tuple[LineFacts, ...]:
    """A reading's lines under the ids that the shop's webhooks gave them, so that refunds of lines find them."""
    own = told.lines or ()
    if not known:
        return own
    if told.reading and told.reading.is_total:
        return _to_total(known, own[0].gross_minor, own[0].net_minor) if own else tuple(known)
    return _renamed(own, known)


def _renamed(own: Sequence[LineFacts], known: Sequence[LineFacts]) -> tuple[LineFacts, ...]:
    """By SKU, then by place where one of the two has none; the others keep a name of their own."""
    free = dict(enumerate(known))
    refs: dict[int, LineFacts] = {}
    for place, line in enumerate(own):
        same = next((at for at, other in free.items() if line.sku and other.sku == line.sku), None)
        if same is not None:
            refs[place] = free.pop(same)
    for place, line in enumerate(own):
        there = free.get(place)
        if place not in refs and there is not None and not (line.sku and there.sku):
            refs[place] = free.pop(place)
    taken = {line.line_ref for line in known}
    return tuple(_under(refs.get(place), line, taken) for place, line in enumerate(own))


def _under(known: LineFacts | None, line: LineFacts, taken: set[str]) -> LineFacts:
    """The line as the file tells it; what the file leaves out stays as it was known."""
    if known is not None:
        return replace(
            line,
            line_ref=known.line_ref,
            sku=line.sku or known.sku,
            title=line.title or known.title,
            category=line.category or known.category,
            brand=line.brand or known.brand,
        )
    name, number = line.line_ref, 1
    while name in taken:
        number += 1
        name = f"{line.line_ref[: REF_MAX - 6]}~{number}"
    taken.add(name)
    return replace(line, line_ref=name)


def _to_total(known: Sequence[LineFacts], gross: int, net: int) -> tuple[LineFacts, ...]:
    """The known lines, brought to another total by their shares of it."""
    weights = [line.gross_minor for line in known]
    if sum(weights) == gross:
        return tuple(known)
    if not sum(weights):
        return tuple(known)
    shares, taxes = money.split(gross, weights), money.split(gross - net, weights)
    return tuple(
        _priced_at(line, share, tax or min(line.tax_minor, share))
        for line, share, tax in zip(known, shares, taxes, strict=True)
    )


def _priced_at(line: LineFacts, gross: int, tax: int) -> LineFacts:
    pieces = line.quantity or 1
    unit = max(line.unit_price_minor, -(-gross // pieces))
    return replace(line, quantity=pieces, unit_price_minor=unit, discount_minor=unit * pieces - gross, tax_minor=tax)


def more_refunded(
    life: Sequence[Event], ranks: Mapping[str, int], refunds: Sequence[tuple[RefundFacts, datetime]]
) -> tuple[RefundFacts, datetime] | None:
    """What the newest file's refund total has beyond the refunds that the shop told one by one until then.

    A later snapshot of the shop tells all its refunds, so that no file counts any more. `refunds` are the shop's.
    """
    told = [
        (ranks[event.digest], one, one.refunded_minor)
        for event in life
        if (one := event.facts.reading) and one.refunded_minor is not None
    ]
    if not told:
        return None
    place, newest, total = told[-1]
    if any(event.facts.is_snapshot and ranks[event.digest] > place for event in life):
        return None
    more = total - sum(_amount(refund) for refund, at in refunds if at <= newest.at)
    if more <= 0:
        return None
    when = newest.refunded_at or min(one.at for _place, one, same in told if same == total)
    return RefundFacts(REFUND_REF, more, with_tax=True), when


def _amount(refund: RefundFacts) -> int:
    return max(refund.amount_minor, refund.beside_minor + sum(part.amount_minor or 0 for part in refund.lines))
