"""The audit log as the admin reads it: newest first, in words. Every room's deeds are named here, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from affiliate.core.errors import NotFound
from affiliate.core.i18n import _, _l
from affiliate.identity.actors import Actor
from affiliate.identity.models import AuditEntry

DEEDS: dict[str, Any] = {
    "api_key.created": _l("made a key for a program"),
    "api_key.revoked": _l("revoked a program's key"),
    "attribution.added": _l("set how a programme credits orders"),
    "brand.logo_removed": _l("took the logo down"),
    "brand.logo_saved": _l("changed the logo"),
    "brand.saved": _l("changed the brand"),
    "catalogue.mapped": _l("matched the columns of a catalogue"),
    "catalogue.uploaded": _l("sent a catalogue"),
    "claim.accepted": _l("accepted a claim for a missing order"),
    "claim.appealed": _l("appealed a declined claim"),
    "claim.declined": _l("declined a claim for a missing order"),
    "claim.filed": _l("claimed a missing order"),
    "collection.created": _l("opened a collection"),
    "collection.published": _l("published a collection"),
    "collection.unpublished": _l("took a collection out of the window"),
    "community.created": _l("added a community"),
    "coupon.assigned": _l("let a coupon stand for a community"),
    "coupon.ended": _l("ended a coupon"),
    "curator.added": _l("added a curator"),
    "curator.linked": _l("gave a curator their account"),
    "deliveries.replayed": _l("worked deliveries again"),
    "delivery.replayed": _l("worked a delivery again"),
    "enrollment.ended": _l("ended a community's enrollment"),
    "enrollment.resumed": _l("let an enrollment go on"),
    "link.made": _l("made a link"),
    "link.restored": _l("brought a link back"),
    "link.withdrawn": _l("took a link back"),
    "link_test.begun": _l("tested a link"),
    "merchant.certified": _l("certified a store's connection"),
    "merchant.created": _l("added a store"),
    "merchant.saved": _l("changed a store's profile"),
    "order_file.applied": _l("applied an order file"),
    "order_file.mapped": _l("matched the columns of an order file"),
    "order_file.uploaded": _l("sent an order file"),
    "password.changed": _l("changed their password"),
    "password.chosen": _l("chose a password through a link"),
    "password_link.created": _l("made a one-time link for a password"),
    "payout.failed": _l("marked a payout as failed"),
    "payout.paid": _l("marked a payout as paid"),
    "payout.returned": _l("marked a payout as returned"),
    "payout_account.changed": _l("changed where to pay"),
    "payout_run.approved": _l("approved a payout run"),
    "payout_run.cancelled": _l("cancelled a payout run"),
    "payout_run.exported": _l("downloaded a payout run"),
    "payout_run.planned": _l("planned a payout run"),
    "payout_run.submitted": _l("sent a payout run"),
    "pick.added": _l("picked a product"),
    "pick.restored": _l("brought a pick back"),
    "pick.withdrawn": _l("took a pick down"),
    "programme.created": _l("made a programme"),
    "receipt.recorded": _l("recorded a receipt"),
    "role.given": _l("gave a role"),
    "role.withdrawn": _l("withdrew a role"),
    "sandbox.cleared": _l("cleared a sandbox"),
    "sandbox.opened": _l("opened a sandbox"),
    "sandbox.secret_given": _l("gave a sandbox the shop's secret"),
    "split.added": _l("set a split"),
    "terms.added": _l("added terms"),
    "user.closed": _l("closed an account"),
    "user.created": _l("added a person"),
    "user.invited": _l("invited a person"),
    "user.opened": _l("opened an account again"),
    "user.saved": _l("changed their name or language"),
    "webhook_endpoint.changed": _l("changed an address for webhooks"),
    "webhook_endpoint.created": _l("added an address for webhooks"),
    "webhook_endpoint.paused": _l("paused an address for webhooks"),
    "webhook_endpoint.removed": _l("removed an address for webhooks"),
    "webhook_endpoint.replayed": _l("sent webhooks again"),
    "webhook_endpoint.resumed": _l("switched an address for webhooks on"),
    "webhook_endpoint.rotated": _l("changed the secret of an address for webhooks"),
    "webhook_endpoint.stopped": _l("stopped sending to an address for webhooks"),
    "webhook_endpoint.tested": _l("tested an address for webhooks"),
    "webhook_key.created": _l("made a webhook key"),
    "webhook_key.revoked": _l("revoked a webhook key"),
}
PARTS: dict[str, Any] = {
    "api_key": _l("Key"),
    "claim": _l("Claim"),
    "collection": _l("Collection"),
    "community": _l("Community"),
    "curator": _l("Curator"),
    "delivery": _l("Delivery"),
    "enrollment": _l("Enrollment"),
    "link": _l("Link"),
    "merchant": _l("Partner store"),
    "order_file": _l("Order file"),
    "payout": _l("Payout"),
    "payout_account": _l("Payout account"),
    "payout_run": _l("Payout run"),
    "pick": _l("Pick"),
    "programme": _l("Programme"),
    "receipt": _l("Receipt"),
    "upload": _l("Catalogue"),
    "user": _l("Person"),
    "webhook_endpoint": _l("Address for webhooks"),
    "webhook_key": _l("Webhook key"),
}


def deed(action: str) -> str:
    """What was done, in words; one that nobody named yet as it stands, readable."""
    return str(DEEDS.get(action) or action.replace("_", " ").replace(".", ": "))


def thing(kind: str) -> str:
    """What it was done to."""
    return str(PARTS.get(kind) or kind.replace("_", " "))


def doer(ref: str, names: dict[str, str]) -> str:
    """Who: a person or program by name, a command or job by what it is."""
    if ref in names:
        return names[ref]
    kind, _colon, rest = ref.partition(":")
    return _("Etalase itself (%(job)s)", job=rest) if kind == "system" else ref


def entries(
    session: Session,
    actor: Actor,
    *,
    about: int | None = None,
    group: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """Up to limit+1 entries, newest first, for platform admins only.

    `about` is a person's id: what they did and what was done to them. `group` is the first word of the actions.
    """
    if not actor.is_admin:
        raise NotFound
    query = sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if group is not None:
        query = query.where(AuditEntry.action.startswith(f"{group}.", autoescape=True))
    if about is not None:
        is_subject = (AuditEntry.subject_kind == "user") & (AuditEntry.subject_id == str(about))
        query = query.where((AuditEntry.actor == f"user:{about}") | is_subject)
    return session.scalars(query).all()
