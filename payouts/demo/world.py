"""The demo's standing things: stores with their catalogue, communities with their shelves, people who sign in.

Everything goes through the rooms' own verbs, so that the demo looks as if people had made it by hand.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.catalogue import service as catalogue
from affiliate.catalogue import storage
from affiliate.catalogue.models import Product, UploadMode
from affiliate.communities import service as communities
from affiliate.communities.models import Brand, Community, Curator
from affiliate.communities.rules import WORDS
from affiliate.core.settings import Settings
from affiliate.identity import service as identity
from affiliate.identity.actors import Actor, system
from affiliate.identity.models import Role, User
from affiliate.identity.queries import actor_of_user
from affiliate.links import making
from affiliate.merchants import crediting
from affiliate.merchants import service as merchants
from affiliate.merchants.models import (
    AttributionModel,
    CouponRule,
    Merchant,
    PayableWhen,
    Programme,
    RateKind,
    RateScope,
    WebhookKind,
)
from affiliate.storefronts import service as storefronts
from payouts.demo.story import CLUBS, PASSWORD, STAFF, STORES, Club, Item, Store
from payouts.payees import queries as payees
from payouts.payees import service as payees_service

ROBOT = system("demo")
BANKS = {"lemari-kita": ("014", "0081234567"), "sahabat-senandika": ("008", "1370001234567")}


@dataclass(frozen=True, slots=True)
class PickFact:
    """What the month needs of a pick: its link, the product behind it, and the shelf on which it stands."""

    link_id: int
    store: Store
    item: Item
    club: str
    community_id: int
    collection_id: int


def make_stores(session: Session, settings: Settings, now: datetime) -> None:
    """The partner stores with a webhook key, a programme, its terms, and a catalogue file waiting to be read."""
    place = urlsplit(settings.public_url).netloc
    for store in STORES:
        profile = {
            "slug": store.slug, "name": store.name, "currency": "IDR", "allowed_hosts": [place],
            "shop_url": f"{settings.public_url}/demo/stores/{store.slug}", "click_param": store.click_param,
        }  # fmt: skip
        merchant = merchants.create_merchant(session, profile=profile, actor=ROBOT, now=now)
        merchants.create_webhook_key(session, merchant, kind=WebhookKind.STANDARD, secret=None, actor=ROBOT, now=now)
        offer = {
            "name": f"Program {store.name}", "window_days": store.window_days, "hold_days": store.hold_days,
            "payable_when": PayableWhen.HELD, "timezone": "Asia/Jakarta",
        }  # fmt: skip
        programme = merchants.create_programme(session, merchant, offer=offer, actor=ROBOT, now=now)
        rates = [
            {"scope": RateScope(scope), "match": match, "kind": RateKind.PERCENT, "bps": bps, "amount": None}
            for scope, match, bps in store.rates
        ]
        merchants.add_terms(session, programme, valid_from=now, rates=rates, actor=ROBOT, now=now)
        for club in (club for club in CLUBS if store.slug in club.stores):
            _admit(session, programme, club, now)
        _hand_in_catalogue(session, merchant, store, settings, now)


def make_clubs(session: Session, now: datetime) -> None:
    """The communities with their faces and curators; shelves come when the catalogue has been read."""
    for club in CLUBS:
        community = Community(slug=club.slug, name=club.name, created_at=now)
        session.add(community)
        session.flush()  # its id is needed
        session.add(Brand(community_id=community.id, updated_at=now))
        session.flush()  # save_brand updates the row
        face = {
            "name": club.name, "accent": club.accent, "corners": club.corners, "symbol": club.symbol,
            "tagline": club.tagline, **dict.fromkeys(WORDS, ""), **club.words,
        }  # fmt: skip
        communities.save_brand(session, community, face=face, actor=ROBOT, now=now)


def make_people(session: Session, now: datetime) -> None:
    """Owners, curators, store staff and finance, all with the demo's password and marked as such."""
    scopes = {row.slug: row.id for row in session.execute(sa.select(Merchant.slug, Merchant.id))}
    for person in STAFF:
        scope_id = scopes[person.store] if person.store else None
        _person(session, person.email, person.name, Role(person.role), scope_id, now)
    for club in CLUBS:
        community = session.execute(sa.select(Community).where(Community.slug == club.slug)).scalar_one()
        for handle, name, email in club.curators:
            role = Role.COMMUNITY_OWNER if email == club.owner[0] else Role.CURATOR
            user_id = _person(session, email, name, role, community.id, now)
            curator = communities.add_curator(session, community, handle=handle, name=name, actor=ROBOT, now=now)
            curator.user_id = user_id


def make_shelves(session: Session, now: datetime) -> list[PickFact]:
    """Collections and picks as the curators arranged them, published."""
    facts = []
    stores = {store.slug: store for store in STORES}
    for club in CLUBS:
        community = session.execute(sa.select(Community).where(Community.slug == club.slug)).scalar_one()
        for shelf in club.shelves:
            collection = storefronts.create_collection(
                session, community, title=shelf.title, wanted_slug=shelf.slug, actor=ROBOT, now=now
            )
            storefronts.describe(session, collection, title=shelf.title, intro=shelf.intro)
            for slug, sku, handle, note in shelf.picks:
                product, curator = _product(session, slug, sku), _curator(session, community, handle)
                picked = storefronts.add_pick(
                    session, community, collection, product, note=note, curator=curator, actor=ROBOT, now=now
                )
                item = next(one for one in stores[slug].items if one.sku == sku)
                ids = {"community_id": community.id, "collection_id": collection.id}
                facts.append(PickFact(picked.link.id, stores[slug], item, club.slug, **ids))
            storefronts.publish(session, collection, actor=ROBOT, now=now)
    return facts


def say_how_orders_are_credited(
    session: Session, coupons: Sequence[tuple[str, str, str, str | None]], *, shared_from: datetime, now: datetime
) -> None:
    """Coupons that stand for communities, and from a day on one store that shares orders among clicks."""
    for store, code, club, handle in coupons:
        merchant = session.execute(sa.select(Merchant).where(Merchant.slug == store)).scalar_one()
        wanted = {"code": code, "community": club, "curator": handle, "valid_from": None, "valid_until": None}
        crediting.assign_by_names(session, merchant, wanted, actor=ROBOT, now=now)
    sharing = sa.select(Programme).join(Merchant, Merchant.id == Programme.merchant_id)
    programme = session.execute(sharing.where(Merchant.slug == "pasar-laras")).scalar_one()
    crediting.add_policy(
        session, programme, valid_from=shared_from, model=AttributionModel.POSITION, ladder=None,
        coupon_rule=CouponRule.CLICK_WINS, actor=ROBOT, now=now,
    )  # fmt: skip


def make_links(session: Session, settings: Settings, now: datetime) -> None:
    """What the owner of the fashion community pasted: a product for a story, and a store's front page for a poster."""
    community = session.execute(sa.select(Community).where(Community.slug == CLUBS[0].slug)).scalar_one()
    front = f"{settings.public_url}/demo/stores/{STORES[0].slug}"
    for wish in (
        {"url": f"{front}/RA-102?utm_source=instagram", "label": "Story Lebaran",
         "sub_ids": {"channel": "instagram-story", "sub1": "lebaran"}},
        {"url": f"{front}/RA-104", "label": "Poster arisan", "code": "lemariarisan", "sub_ids": {"channel": "poster"}},
    ):  # fmt: skip
        making.make(session, community, wish, public_url=settings.public_url, actor=ROBOT, now=now)


def give_payout_accounts(session: Session, now: datetime) -> None:
    """Where each community is paid; its curators have not said yet."""
    for club in CLUBS:
        community = session.execute(sa.select(Community).where(Community.slug == club.slug)).scalar_one()
        bank, number = BANKS[club.slug]
        payee = payees.Payee(f"community:{community.id}", community.name, True, True, None)
        payees_service.give_account(
            session,
            payee,
            holder_name=f"Yayasan {club.name}",
            bank_code=bank,
            account_number=number,
            actor=ROBOT,
            now=now,
        )


def catalogue_file(store: Store, settings: Settings) -> bytes:
    """The store's catalogue as it exports it: Google Merchant columns, tab-separated."""
    heads = ["id", "title", "description", "link", "image_link", "price", "sale_price", "availability", "brand",
             "product_type"]  # fmt: skip
    lines = ["\t".join(heads)]
    for item in store.items:
        sale = f"{item.sale}.00 IDR" if item.sale else ""
        lines.append(
            "\t".join(
                [item.sku, item.title, f"{item.title} dari {store.name}.",
                 f"{settings.public_url}/demo/stores/{store.slug}/{item.sku}",
                 f"{settings.public_url}/demo/pictures/{item.picture}.svg", f"{item.price}.00 IDR", sale,
                 "in_stock" if item.in_stock else "out_of_stock", store.brand, item.category]
            )
        )  # fmt: skip
    return ("\n".join(lines) + "\n").encode()


def _admit(session: Session, programme: Programme, club: Club, now: datetime) -> None:
    community = session.execute(sa.select(Community).where(Community.slug == club.slug)).scalar_one()
    names = ("platform_bps", "community_bps", "curator_bps", "evangelist_bps")
    split = dict(zip(names, club.split, strict=True))
    merchants.enroll(session, programme, community, split=split, valid_from=now, actor=ROBOT, now=now)


def _hand_in_catalogue(session: Session, merchant: Merchant, store: Store, settings: Settings, now: datetime) -> None:
    folder: Path = settings.upload_dir
    stored = storage.store(io.BytesIO(catalogue_file(store, settings)), folder)
    catalogue.receive(
        session, merchant, stored, filename=f"{store.slug}.tsv", format=None, mode=UploadMode.FULL, currency=None,
        mapping={}, actor=ROBOT, now=now,
    )  # fmt: skip


def _person(session: Session, email: str, name: str, role: Role, scope_id: int | None, now: datetime) -> int:
    user = identity.create_user(session, email, name=name, password=PASSWORD, now=now, is_demo=True)
    identity.grant(session, role, user=user, scope_id=scope_id, now=now)
    return user.id


def _product(session: Session, slug: str, sku: str) -> Product:
    query = sa.select(Product).join(Merchant).where(Merchant.slug == slug, Product.sku == sku)
    return session.execute(query).scalar_one()


def _curator(session: Session, community: Community, handle: str) -> Curator:
    query = sa.select(Curator).where(Curator.community_id == community.id, Curator.handle == handle)
    return session.execute(query).scalar_one()


def person(session: Session, email: str) -> Actor:
    """A demo person as actor."""
    return actor_of_user(session, session.execute(sa.select(User).where(User.email == email)).scalar_one())
