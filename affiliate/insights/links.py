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
from affiliate.tracking.rollups.models import ClickHour


def figures(session: Session, link_ids: Collection[int]) -> dict[int, Figures]:
    """People's visits, orders that were not declined, and the shelf of the pick, by link id."""
    qualified, is_brought = sa.func.sum(ClickHour.qualified), Conversion.status != ConversionStatus.DECLINED
    clicks = _by_link(session, ClickHour.link_id, qualified, link_ids)
    orders = _by_link(session, Conversion.link_id, sa.func.count(), link_ids, is_brought)
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


def _by_link(session: Session, column: Any, number: Any, link_ids: Collection[int], *which: Any) -> dict[int, int]:
    wanted = sa.select(column, number).where(column.in_(link_ids), *which).group_by(column)
    return {row[0]: int(row[1]) for row in session.execute(wanted)}
