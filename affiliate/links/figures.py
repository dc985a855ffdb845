"""What links have brought. Clicks and orders are known further up; `app.py` hangs in the function that counts them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from flask import Flask, current_app
from sqlalchemy.orm import Session

_KEY = "etalase_link_figures"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one link, so far: people's visits, orders that were not declined, and the shelf of its pick."""

    clicks: int = 0
    orders: int = 0
    shelf: str = ""
    shelf_id: int | None = None


Source = Callable[[Session, Collection[int]], Mapping[int, Figures]]


def provide(app: Flask, source: Source) -> None:
    """Count by this function from now on: link ids in, figures by id out."""
    app.extensions[_KEY] = source


def of(session: Session, link_ids: Collection[int]) -> Mapping[int, Figures]:
    """The figures of these links; none where nobody counts."""
    source: Source | None = current_app.extensions.get(_KEY)
    return source(session, link_ids) if source and link_ids else {}
