"""What a page of links has brought so far: three queries for all of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.conversions.models import Conversion, ConversionStatus
from affiliate.links.figures import Figures
from affiliate.storefronts.models import Collection as Shelf
from affiliate.storefronts.models import Pick
from affiliate.tracking.models import Click


def figures(session: Session, link_ids: Collection[int]) -> dict[int, Figures]:
    """People's visits, orders that were not declined, and the shelf of the pick, by link id."""
    clicks = _counted(session, Click.link_id, link_ids, Click.is_qualified)
    orders = _counted(session, Conversion.link_id, link_ids, Conversion.status != ConversionStatus.DECLINED)
    shelves = {
        row.link_id: (row.title, row.id)
        for row in session.execute(
            sa.select(Pick.link_id, Shelf.title, Shelf.id)
            .join(Shelf, Shelf.id == Pick.collection_id)
            .where(Pick.link_id.in_(link_ids))
        )
    }
    return {
        link_id: Figures(clicks.get(link_id, 0), orders.get(link_id, 0), *shelves.get(link_id, ("", None)))
        for link_id in link_ids
    }


def _counted(session: Session, column: Any, link_ids: Collection[int], counts: Any) -> dict[int, int]:
    wanted = sa.select(column, sa.func.count()).where(column.in_(link_ids), counts).group_by(column)
    return {row[0]: row[1] for row in session.execute(wanted)}
