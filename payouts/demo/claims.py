"""Four claims of the month: accepted, declined and appealed, waiting, and one whose clock has run out."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from affiliate.claims import service
from affiliate.claims.models import Claim, Decline
from affiliate.claims.pictures import read_picture
from affiliate.claims.service import Filing
from affiliate.communities.models import Community
from affiliate.core.clock import local_date
from affiliate.core.i18n import DEFAULT_ZONE
from affiliate.core.pictures import Picture
from affiliate.merchants.models import Merchant
from payouts.demo import world

COMMUNITY, STORE = "lemari-kita", "rumah-anggun"
CURATOR, OWNER, STAFF = "ben@lemari-kita.example", "ada@lemari-kita.example", "sari@rumah-anggun.example"


def tell(session: Session, now: datetime) -> None:
    """File and answer them, each with the clock of its day."""
    late, declined, accepted, _waiting = (
        _file(session, CURATOR, "RA-7741", 435_000_00, filed_at=now - timedelta(days=12),
              note="Checkout di aplikasi toko setelah buka tautan dari grup."),
        _file(session, OWNER, "RA-7802", 289_000_00, filed_at=now - timedelta(days=8)),
        _file(session, CURATOR, "RA-7815", 310_000_00, filed_at=now - timedelta(days=6), picture=receipt("RA-7815")),
        _file(session, OWNER, "#RA-7930", 525_000_00, filed_at=now - timedelta(days=3), picture=receipt("RA-7930"),
              note="Anggota kami pindah dari ponsel ke laptop sebelum bayar."),
    )  # fmt: skip
    assert late.due_at < now, "this one is the platform's to decide"
    staff = world.person(session, STAFF)
    answered = now - timedelta(days=5)
    service.decline(session, declined, reason=Decline.OTHER_WAY, actor=staff, now=answered)
    words = "Pembelinya kirim tangkapan layar, tautannya dibuka sepuluh menit sebelum bayar."
    service.appeal(session, declined, words=words, actor=world.person(session, OWNER), now=now - timedelta(days=4))
    service.accept(session, accepted, order_ref="RA-7815", amount_minor=310_000_00, actor=staff, now=answered)


def _file(
    session: Session,
    who: str,
    order_ref: str,
    amount_minor: int,
    *,
    filed_at: datetime,
    note: str = "",
    picture: Picture | None = None,
) -> Claim:
    community = session.execute(sa.select(Community).where(Community.slug == COMMUNITY)).scalar_one()
    merchant = session.execute(sa.select(Merchant).where(Merchant.slug == STORE)).scalar_one()
    day = local_date(filed_at - timedelta(days=2), DEFAULT_ZONE)
    filing = Filing(order_ref, day, amount_minor, note)
    actor = world.person(session, who)
    return service.file(session, community, merchant, filing, picture=picture, actor=actor, now=filed_at)


def receipt(order_ref: str) -> Picture:
    """A drawn receipt, as a photo of one would come in."""
    image = Image.new("RGB", (360, 480), "#fbf8f2")
    pen = ImageDraw.Draw(image)
    for row, text in enumerate(("RUMAH ANGGUN", "Terima kasih!", f"Pesanan {order_ref}", "Status: dibayar")):
        pen.text((32, 40 + 44 * row), text, fill="#333333", font_size=24)
    pen.line((32, 230, 328, 230), fill="#999999", width=2)
    out = BytesIO()
    image.save(out, "PNG")
    return read_picture(out.getvalue())
