"""Merchants ("partner stores"), what they offer and to whom. Terms and splits are versions: added, never edited."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from affiliate.core.db import Base, choice, primary_key


class WebhookKind(StrEnum):
    STANDARD = "standard"
    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    ADOBE = "adobe"
    FILE = "file"  # read out of a file that a person sent; nobody signs for it, so it has no address and no key


SHOP_KINDS = tuple(kind for kind in WebhookKind if kind is not WebhookKind.FILE)


class PayableWhen(StrEnum):
    """When earned money may be paid: after the hold, or after the hold and the store's own payment to us."""

    HELD = "held"
    FUNDED = "funded"


class RateScope(StrEnum):
    """Least to most specific; the most specific that matches a line wins."""

    ALL = "all"
    CATEGORY = "category"
    BRAND = "brand"
    SKU = "sku"


class RateKind(StrEnum):
    PERCENT = "percent"  # bps of the line's commissionable net
    PER_ITEM = "per_item"  # amount for each unit that stays sold
    PER_ORDER = "per_order"  # amount once an order


class AttributionModel(StrEnum):
    """How the clicks that count share an order."""

    LAST_CLICK = "last_click"
    FIRST_CLICK = "first_click"
    POSITION = "position"  # 40 % first, 40 % last, 20 % between
    LINEAR = "linear"
    TIME_DECAY = "time_decay"  # half-life seven days


class Rung(StrEnum):
    """What may decide an order; a policy's ladder says in which order they are asked."""

    TOKEN = "token"  # noqa: S105  the click whose signed mark the order brought back
    COUPON = "coupon"  # a code that is assigned to a community
    REMEMBERED = "remembered"  # an earlier click of the same visitor, customer or member
    REFERENCE = "reference"  # a community or link that the store names


class CouponRule(StrEnum):
    """Who goes first where an order has both: the click that it brought back, or the coupon."""

    CLICK_WINS = "click_wins"
    COUPON_WINS = "coupon_wins"
    FRESH_CLICK_WINS = "fresh_click_wins"  # the click of the last 24 hours; against an older one the coupon


class Merchant(Base):
    """The shop that sells and owes commission. `allowed_hosts` bounds every redirect to it."""

    __tablename__ = "merchants"

    id: Mapped[int] = primary_key()
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[str] = mapped_column(String(3))  # for prices that name none
    shop_url: Mapped[str] = mapped_column(String(500))
    allowed_hosts: Mapped[list[str]]  # lower case; "shop.example" also admits no sub-domain but itself
    click_param: Mapped[str] = mapped_column(String(40))  # query parameter that carries our token to the shop
    created_at: Mapped[datetime]


class WebhookKey(Base):
    """A secret that may sign deliveries; several can be live at once."""

    __tablename__ = "webhook_keys"

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    kind: Mapped[WebhookKind] = mapped_column(choice(WebhookKind))
    secret: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Programme(Base):
    """A merchant's offer: how long a click counts, how long money is held, in which zone days are counted."""

    __tablename__ = "programmes"
    __table_args__ = (
        CheckConstraint("window_days BETWEEN 1 AND 365", name="window_days_sane"),
        CheckConstraint("hold_days BETWEEN 0 AND 365", name="hold_days_sane"),
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    window_days: Mapped[int]
    hold_days: Mapped[int]
    payable_when: Mapped[PayableWhen] = mapped_column(choice(PayableWhen))
    timezone: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]


class Terms(Base):
    """One immutable version of a programme's rates; in force from `valid_from` until a later version's."""

    __tablename__ = "terms"
    __table_args__ = (UniqueConstraint("programme_id", "version"),)

    id: Mapped[int] = primary_key()
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    version: Mapped[int]
    valid_from: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))


class Rate(Base):
    """One line of terms. Percent has `rate_bps`; the others `amount_minor` with `currency`."""

    __tablename__ = "rates"
    __table_args__ = (
        UniqueConstraint("terms_id", "position"),
        CheckConstraint("(kind = 'percent') = (rate_bps IS NOT NULL)", name="percent_has_bps"),
        CheckConstraint("(kind = 'percent') = (amount_minor IS NULL)", name="others_have_amount"),
        CheckConstraint("rate_bps IS NULL OR rate_bps BETWEEN 0 AND 10000", name="bps_sane"),
        CheckConstraint("amount_minor IS NULL OR amount_minor >= 0", name="amount_sane"),
        CheckConstraint("(scope = 'all') = (match IS NULL)", name="scope_has_match"),
    )

    id: Mapped[int] = primary_key()
    terms_id: Mapped[int] = mapped_column(ForeignKey("terms.id"))
    position: Mapped[int]
    scope: Mapped[RateScope] = mapped_column(choice(RateScope))
    match: Mapped[str | None] = mapped_column(String(200))  # category, brand or SKU; compared case-insensitively
    kind: Mapped[RateKind] = mapped_column(choice(RateKind))
    rate_bps: Mapped[int | None]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))


class AttributionPolicy(Base):
    """One immutable version of how a programme credits orders; in force from `valid_from` until a later version's."""

    __tablename__ = "attribution_policies"
    __table_args__ = (UniqueConstraint("programme_id", "version"),)

    id: Mapped[int] = primary_key()
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    version: Mapped[int]
    valid_from: Mapped[datetime]
    model: Mapped[AttributionModel] = mapped_column(choice(AttributionModel))
    ladder: Mapped[list[str]]  # words of Rung, the first asked first; one that is left out is not asked
    coupon_rule: Mapped[CouponRule] = mapped_column(choice(CouponRule))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))


class Coupon(Base):
    """A merchant's code that stands for a community for a time; the same code may stand for another one later."""

    __tablename__ = "coupons"
    __table_args__ = (
        Index("ix_coupons_merchant_code_key", "merchant_id", "code_key"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="ends_after_it_begins"),
    )

    id: Mapped[int] = primary_key()
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"))
    code: Mapped[str] = mapped_column(String(40))  # as the store writes it
    code_key: Mapped[str] = mapped_column(String(80))  # as it is compared: rules.coupon_key
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    curator_id: Mapped[int | None] = mapped_column(ForeignKey("curators.id"))
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]  # the first moment at which it does not count any more
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))


class Enrollment(Base):
    """A community admitted to a programme, from a moment on, perhaps until another."""

    __tablename__ = "enrollments"
    __table_args__ = (UniqueConstraint("programme_id", "community_id"),)

    id: Mapped[int] = primary_key()
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), index=True)
    enrolled_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Split(Base):
    """One immutable version of who gets which part of a commission, in basis points that sum to 10,000."""

    __tablename__ = "splits"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "version"),
        CheckConstraint("platform_bps + community_bps + curator_bps + evangelist_bps = 10000", name="sums_to_whole"),
        CheckConstraint(
            "platform_bps >= 0 AND community_bps >= 0 AND curator_bps >= 0 AND evangelist_bps >= 0", name="no_negative"
        ),
    )

    id: Mapped[int] = primary_key()
    enrollment_id: Mapped[int] = mapped_column(ForeignKey("enrollments.id"))
    version: Mapped[int]
    valid_from: Mapped[datetime]
    platform_bps: Mapped[int]
    community_bps: Mapped[int]
    curator_bps: Mapped[int]
    evangelist_bps: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))
