"""The change to clicks in bulk keeps the clicks that are there, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from affiliate.core import migrate
from affiliate.tracking import models, tokens
from tests.conftest import NOW, scratch_database
from tests.factories import Make

REVISION = "2026_11_26_0445"
COLUMNS = "clicked_at, nonce, link_id, community_id, merchant_id, visitor, device, is_qualified"
SUMMER = NOW.replace(month=7)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from scratch_database(request.param, tmp_path)


def test_clicks_get_their_trail_and_outlive_the_way_back(url):
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with sa.orm.Session(engine) as session:
        make = Make(session)
        link = make.link(make.community(), make.product(make.merchant()))
        owners = {"link": link.id, "community": link.community_id, "merchant": link.merchant_id}
        session.commit()
    before = ScriptDirectory(str(migrate.MIGRATIONS)).get_revision(REVISION).down_revision
    migrate.downgrade(url, before)
    visits = [(NOW, 1, "v"), (SUMMER, 2**63 - 1, "ab" * 12), (SUMMER, 3, "")]
    with engine.begin() as connection:
        for at, nonce, visitor in visits:
            stored = at if engine.dialect.name == "postgresql" else at.strftime("%Y-%m-%d %H:%M:%S.%f")
            connection.execute(
                sa.text(
                    f"INSERT INTO clicks ({COLUMNS}) VALUES (:at, :n, :link, :community, :merchant, :v, 'x', true)"
                ),
                {"at": stored, "n": nonce, "v": visitor, **owners},
            )
    migrate.upgrade(url)
    with engine.connect() as connection:
        found = dict(iter(connection.execute(sa.text("SELECT nonce, trail FROM clicks"))))
    assert found == {n: models.trail_of(tokens.milliseconds(at), visitor.encode()) for at, n, visitor in visits}
    migrate.downgrade(url, before)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM clicks")).scalar() == 3
    migrate.upgrade(url)
    engine.dispose()
