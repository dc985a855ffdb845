"""Builders: each makes the smallest valid thing, and its parents where none are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue.models import Availability, Product
from affiliate.communities.models import Brand, Community, Curator
from affiliate.conversions.models import Conversion, Credit
from affiliate.core.ids import link_code
from affiliate.core.signing import new_webhook_secret, sha256_hex
from affiliate.identity import service as identity
from affiliate.identity.actors import Actor, system
from affiliate.identity.models import Role, User
from affiliate.identity.queries import actor_of_user
from affiliate.links.models import TrackingLink
from affiliate.merchants import crediting
from affiliate.merchants.models import (
    AttributionModel,
    AttributionPolicy,
    Coupon,
    CouponRule,
    Enrollment,
    Merchant,
    PayableWhen,
    Programme,
    Rate,
    RateKind,
    RateScope,
    Rung,
    Split,
    Terms,
    WebhookKey,
    WebhookKind,
)
from affiliate.storefronts.models import Collection, CollectionStatus, Pick

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "sepuluh-huruf-lebih"
ROBOT = system("test")


class Make:
    """All builders of one session. A word is numbered, so that unique columns never clash."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._count = 0

    def _n(self) -> int:
        self._count += 1
        return self._count

    def _keep(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def user(self, role: Role | None = None, scope_id: int | None = None, **over: Any) -> User:
        n = self._n()
        user = identity.create_user(
            self.session,
            over.get("email", f"orang{n}@contoh.test"),
            name=over.get("name", f"Orang {n}"),
            password=PASSWORD,
            now=EARLY,
            locale=over.get("locale"),
        )
        if role is not None:
            identity.grant(self.session, role, user=user, scope_id=scope_id, now=EARLY)
            self.session.flush()
        return user

    def key(self, role: Role, scope_id: int | None = None) -> dict[str, str]:
        """Headers of a program with a fresh API key."""
        secret = identity.create_api_key(
            self.session, f"kunci {self._n()}", role=role, scope_id=scope_id, actor=ROBOT, now=EARLY
        )
        self.session.commit()
        return {"Authorization": f"Bearer {secret}"}

    def community(self, **over: Any) -> Community:
        n = self._n()
        row = self._keep(
            Community(
                slug=over.get("slug", f"komunitas-{n}"), name=over.get("name", f"Komunitas {n}"), created_at=EARLY
            )
        )
        self._keep(Brand(community_id=row.id, updated_at=EARLY))
        return row

    def curator(self, community: Community, **over: Any) -> Curator:
        n = self._n()
        return self._keep(
            Curator(
                community_id=community.id,
                handle=over.get("handle", f"kurator-{n}"),
                name=over.get("name", f"Kurator {n}"),
                user_id=over.get("user_id"),
                created_at=EARLY,
            )
        )

    def merchant(self, **over: Any) -> Merchant:
        n = self._n()
        slug = over.get("slug", f"toko-{n}")
        return self._keep(
            Merchant(
                slug=slug,
                name=over.get("name", f"Toko {n}"),
                currency=over.get("currency", "IDR"),
                shop_url=over.get("shop_url", f"https://{slug}.test"),
                allowed_hosts=over.get("allowed_hosts", [f"{slug}.test"]),
                click_param=over.get("click_param", "etl"),
                created_at=EARLY,
            )
        )

    def webhook_key(self, merchant: Merchant, kind: WebhookKind = WebhookKind.STANDARD) -> WebhookKey:
        return self._keep(WebhookKey(merchant_id=merchant.id, kind=kind, secret=new_webhook_secret(), created_at=EARLY))

    def programme(
        self, merchant: Merchant, *, bps: int = 1000, rates: list[dict[str, Any]] | None = None, **over: Any
    ) -> Programme:
        row = self._keep(
            Programme(
                merchant_id=merchant.id,
                name=over.get("name", "Program"),
                window_days=over.get("window_days", 30),
                hold_days=over.get("hold_days", 14),
                payable_when=over.get("payable_when", PayableWhen.HELD),
                timezone=over.get("timezone", "Asia/Jakarta"),
                created_at=EARLY,
            )
        )
        self.terms(row, rates=rates or [{"scope": RateScope.ALL, "kind": RateKind.PERCENT, "rate_bps": bps}])
        return row

    def terms(self, programme: Programme, *, rates: list[dict[str, Any]], valid_from: datetime = EARLY) -> Terms:
        newest = self.session.execute(
            sa.select(sa.func.coalesce(sa.func.max(Terms.version), 0)).where(Terms.programme_id == programme.id)
        ).scalar_one()
        terms = self._keep(
            Terms(
                programme_id=programme.id,
                version=newest + 1,
                valid_from=valid_from,
                created_at=EARLY,
                created_by="system:test",
            )
        )
        for position, rate in enumerate(rates):
            self._keep(Rate(terms_id=terms.id, position=position, **rate))
        return terms

    def enrollment(
        self, programme: Programme, community: Community, *, split: tuple[int, int, int, int] = (1000, 6000, 3000, 0)
    ) -> Enrollment:
        row = self._keep(Enrollment(programme_id=programme.id, community_id=community.id, enrolled_at=EARLY))
        platform, treasury, curator, evangelist = split
        self._keep(
            Split(
                enrollment_id=row.id,
                version=1,
                valid_from=EARLY,
                platform_bps=platform,
                community_bps=treasury,
                curator_bps=curator,
                evangelist_bps=evangelist,
                created_at=EARLY,
                created_by="system:test",
            )
        )
        return row

    def credit(self, conversion: Conversion, enrollment: Enrollment, *, weight_bps: int = 10_000) -> Credit:
        """The enrolled community's part of an order, with the conversion's own estimate."""
        split = self.session.execute(sa.select(Split.id).where(Split.enrollment_id == enrollment.id)).scalar_one()
        return self._keep(
            Credit(
                conversion_id=conversion.id,
                position=0,
                source="token",
                community_id=enrollment.community_id,
                link_id=conversion.link_id,
                enrollment_id=enrollment.id,
                split_id=split,
                weight_bps=weight_bps,
                clicked_at=conversion.clicked_at,
                estimate_minor=conversion.community_estimate_minor,
                created_at=EARLY,
            )
        )

    def policy(self, programme: Programme, *, valid_from: datetime = EARLY, **over: Any) -> AttributionPolicy:
        """The programme's next version of how orders are credited."""
        return crediting.add_policy(
            self.session,
            programme,
            valid_from=valid_from,
            model=AttributionModel(over.get("model", "last_click")),
            ladder=[Rung(word) for word in over["ladder"]] if "ladder" in over else None,
            coupon_rule=CouponRule(over.get("coupon_rule", "click_wins")),
            actor=ROBOT,
            now=EARLY,
        )

    def coupon(self, merchant: Merchant, community: Community, code: str, **over: Any) -> Coupon:
        return crediting.assign_coupon(
            self.session,
            merchant,
            code=code,
            community=community,
            curator=over.get("curator"),
            valid_from=over.get("valid_from", EARLY),
            valid_until=over.get("valid_until"),
            actor=ROBOT,
            now=EARLY,
        )

    def product(self, merchant: Merchant, **over: Any) -> Product:
        n = self._n()
        sku = over.pop("sku", f"SKU-{n}")
        values: dict[str, Any] = {
            "title": f"Barang {n}",
            "url": f"https://{merchant.allowed_hosts[0]}/p/{sku}",
            "price_minor": 15000000,
            "currency": merchant.currency,
            "availability": Availability.IN_STOCK,
            "content_hash": sha256_hex(sku.encode()),
            "search_text": f"barang {n} {sku.lower()}",
            "first_seen_at": EARLY,
            "changed_at": EARLY,
            **over,
        }
        return self._keep(Product(merchant_id=merchant.id, sku=sku, **values))

    def link(self, community: Community, product: Product, **over: Any) -> TrackingLink:
        return self._keep(
            TrackingLink(
                code=over.get("code", link_code()),
                community_id=community.id,
                merchant_id=product.merchant_id,
                product_id=product.id,
                created_at=EARLY,
            )
        )

    def collection(self, community: Community, **over: Any) -> Collection:
        n = self._n()
        return self._keep(
            Collection(
                community_id=community.id,
                slug=over.get("slug", f"koleksi-{n}"),
                title=over.get("title", f"Koleksi {n}"),
                position=n,
                status=over.get("status", CollectionStatus.PUBLISHED),
                created_at=EARLY,
                published_at=EARLY,
            )
        )

    def pick(
        self,
        community: Community,
        product: Product,
        *,
        collection: Collection | None = None,
        curator: Curator | None = None,
    ) -> Pick:
        shelf = collection or self.collection(community)
        link = self.link(community, product)
        return self._keep(
            Pick(
                community_id=community.id,
                collection_id=shelf.id,
                product_id=product.id,
                curator_id=curator.id if curator else None,
                link_id=link.id,
                note="Kami suka.",
                position=self._n(),
                created_at=EARLY,
                created_by="system:test",
            )
        )

    def actor(self, user: User) -> Actor:
        return actor_of_user(self.session, user)
