"""The actor: who is asking, and for which communities and merchants. Passed to every verb and query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from affiliate.identity.models import SCOPE_OF, Role

FINANCE = frozenset({Role.FINANCE_MAKER, Role.FINANCE_APPROVER})
STEERS_COMMUNITY = frozenset({Role.COMMUNITY_OWNER, Role.CURATOR})


@dataclass(frozen=True, slots=True)
class Actor:
    """`ref` is "user:7", "key:3", "system:worker" or "nobody"; scopes are ids of communities and merchants."""

    ref: str
    name: str = ""
    user_id: int | None = None
    roles: frozenset[Role] = frozenset()
    owned_communities: frozenset[int] = frozenset()
    curated_communities: frozenset[int] = frozenset()
    merchants: frozenset[int] = frozenset()
    locale: str | None = field(default=None, compare=False)

    @property
    def known(self) -> bool:
        return self.ref != "nobody"

    @property
    def is_admin(self) -> bool:
        return Role.ADMIN in self.roles

    @property
    def is_finance(self) -> bool:
        return bool(self.roles & FINANCE)

    @property
    def communities(self) -> frozenset[int]:
        """Ids of the communities that this actor owns or curates."""
        return self.owned_communities | self.curated_communities

    def sees_all(self) -> bool:
        """Platform staff read everything; what they may do is another matter."""
        return self.is_admin or self.is_finance

    def sees_community(self, community_id: int) -> bool:
        return self.sees_all() or community_id in self.communities

    def owns_community(self, community_id: int) -> bool:
        return self.is_admin or community_id in self.owned_communities

    def curates(self, community_id: int) -> bool:
        return self.is_admin or community_id in self.communities

    def sees_merchant(self, merchant_id: int) -> bool:
        return self.sees_all() or merchant_id in self.merchants

    def runs_merchant(self, merchant_id: int) -> bool:
        return self.is_admin or merchant_id in self.merchants


NOBODY = Actor("nobody")


def system(name: str) -> Actor:
    """A background job as actor: may do what its verb does, and stands in the audit log by name."""
    return Actor(f"system:{name}", name, roles=frozenset({Role.ADMIN}))


def from_grants(
    ref: str,
    name: str,
    grants: Iterable[tuple[Role, int | None]],
    *,
    user_id: int | None = None,
    locale: str | None = None,
) -> Actor:
    """An actor with the given (role, scope id) pairs."""
    roles: set[Role] = set()
    owned: set[int] = set()
    curated: set[int] = set()
    merchants: set[int] = set()
    for role, scope_id in grants:
        roles.add(role)
        if SCOPE_OF[role] == "platform" or scope_id is None:
            continue
        target = {Role.COMMUNITY_OWNER: owned, Role.CURATOR: curated, Role.MERCHANT_STAFF: merchants}[role]
        target.add(scope_id)
    return Actor(
        ref, name, user_id, frozenset(roles), frozenset(owned), frozenset(curated), frozenset(merchants), locale
    )
