"""The sandbox's secrets, what came in, and who has passed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.append_only import append_only
from affiliate.core.db import Base, choice, primary_key
from affiliate.merchants.models import WebhookKind


class Reply(StrEnum):
    """What the sender was answered, as the real address answers."""

    KEPT = "kept"  # 202
    REPEAT = "repeat"  # 202, the same id and body as before
    REFUSED = "refused"  # 401, the signature does not fit
    REUSED = "reused"  # 409, a known id with another body


class SandboxKey(Base):
    """What signs a store's sandbox deliveries of one shop system. Nothing that it signs can be booked."""

    __tablename__ = "sandbox_keys"
    __table_args__ = (UniqueConstraint("merchant_id", "kind"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    kind: Mapped[WebhookKind] = mapped_column(choice(WebhookKind))
    secret: Mapped[str] = mapped_column(String(200))  # ours: it signs the samples
    shop_secret: Mapped[str | None] = mapped_column(String(200))  # where the shop system gives one of its own
    created_at: Mapped[datetime]


class SandboxDelivery(Base):
    """One request to the sandbox, whatever its signature."""

    __tablename__ = "sandbox_deliveries"
    __table_args__ = (Index("ix_sandbox_deliveries_merchant_kind", "merchant_id", "kind"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    kind: Mapped[WebhookKind] = mapped_column(choice(WebhookKind))
    reply: Mapped[Reply] = mapped_column(choice(Reply))
    cause: Mapped[str | None] = mapped_column(String(40))  # of a refusal: what was wrong, a stable code
    delivery_id: Mapped[str] = mapped_column(String(200))  # the sender's own; empty where it is refused
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    body_bytes: Mapped[int]  # as it came; of a refused one only the beginning is kept
    body_sha256: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]


class Certification(Base):
    """A store passed all steps that its shop system can produce. It stays, also when the sandbox is cleared."""

    __tablename__ = "certifications"
    __table_args__ = (UniqueConstraint("merchant_id", "kind", "checklist_version"),)

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    kind: Mapped[WebhookKind] = mapped_column(choice(WebhookKind))
    checklist_version: Mapped[int]
    steps: Mapped[int]  # that were demanded
    own_orders: Mapped[int]  # orders among the evidence that are none of our samples
    certified_at: Mapped[datetime]


append_only(Certification.__table__)
