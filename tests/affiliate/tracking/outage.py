"""A database that is not there, for the time of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from affiliate.core.db import db


@contextmanager
def no_database() -> Iterator[None]:
    """Every connection is refused meanwhile; what was flushed before is kept."""
    healthy = db.engines[None]
    db.session.commit()
    db.session.remove()
    db.engines[None] = sa.create_engine(
        "postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 1}
    )
    try:
        yield
    finally:
        db.session.remove()
        db.engines[None].dispose()
        db.engines[None] = healthy
