"""Which hours are to be inspected."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base


class InspectionDue(Base):
    """An hour whose clicks have changed since they were inspected."""

    __tablename__ = "inspections_due"

    hour: Mapped[datetime] = mapped_column(primary_key=True)  # its beginning, UTC
