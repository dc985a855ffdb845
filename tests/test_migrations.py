"""Migrations: one head, from empty equal to the models, and down and up again with rows in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from affiliate.core import append_only, migrate
from affiliate.core.db import Base
from affiliate.identity.passwords import make_link
from affiliate.tracking.models import Click
from affiliate.tracking.rollups.models import ClickHour
from tests.conftest import NOW, scratch_database
from tests.factories import EARLY, ROBOT, Make


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from scratch_database(request.param, tmp_path)


def tables(url: str) -> dict[str, int]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        counts = {
            name: connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one()
            for name in sa.inspect(connection).get_table_names()
        }
    engine.dispose()
    return counts


def test_there_is_one_head():
    assert len(ScriptDirectory(str(migrate.MIGRATIONS)).get_heads()) == 1


def test_from_empty_the_tables_equal_the_models(url):
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def test_twice_is_once(url):
    migrate.upgrade(url)
    before = tables(url)
    migrate.upgrade(url)
    assert tables(url) == before


def fill(url: str) -> None:
    engine = sa.create_engine(url)
    with Session(engine, expire_on_commit=False) as session:
        make = Make(session)
        community, merchant = make.community(), make.merchant()
        programme = make.programme(merchant)
        make.enrollment(programme, community)
        make.webhook_key(merchant)
        make.pick(community, make.product(merchant), curator=make.curator(community))
        make_link(session, make.user(), actor=ROBOT, now=EARLY)
        session.commit()
    engine.dispose()


def test_every_step_down_and_up_again_keeps_the_rows_of_the_tables_that_stay(url):
    """Walks back revision by revision and forward again; a rebuilt table must not lose its children."""
    migrate.upgrade(url)
    fill(url)
    before = tables(url)
    revisions = [script.revision for script in ScriptDirectory(str(migrate.MIGRATIONS)).walk_revisions()]
    for revision in revisions[1:]:
        migrate.downgrade(url, revision)
        kept = tables(url)
        assert {name: kept[name] for name in kept if name != "alembic_version"} == {
            name: before[name] for name in kept if name != "alembic_version"
        }
        migrate.upgrade(url)
        after = tables(url)
        assert {name: after[name] for name in kept} == {name: kept[name] for name in kept}
    migrate.downgrade(url, "base")
    assert set(tables(url)) <= {"alembic_version"}
    migrate.upgrade(url)
    assert set(tables(url)) == set(before)


def test_the_hours_are_filled_from_the_clicks_that_are_there(url):
    """Clicks from before there were sums, in two hours, one of them not counting."""
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with Session(engine) as session:
        make = Make(session)
        link = make.link(make.community(), make.product(make.merchant()))
        for number, (minute, qualified) in enumerate([(5, True), (59, False), (61, True)]):
            session.add(
                Click(
                    clicked_at=NOW + timedelta(minutes=minute), nonce=number, link_id=link.id, device="phone",
                    community_id=link.community_id, merchant_id=link.merchant_id, visitor="v", is_qualified=qualified,
                )
            )  # fmt: skip
        session.commit()
    migrate.downgrade(url, "2026_11_22_0705")
    migrate.upgrade(url)
    with Session(engine) as session:
        rows = session.execute(sa.select(ClickHour.hour, ClickHour.visits, ClickHour.qualified).order_by("hour")).all()
    engine.dispose()
    assert rows == [(NOW, 2, 1), (NOW + timedelta(hours=1), 1, 1)]


def test_a_failing_migration_leaves_nothing_behind(url, monkeypatch):
    """Half a migration is no migration: the tables it made go when it fails."""
    original = MigrationContext.run_migrations

    def run_then_fail(self: MigrationContext, **kw: object) -> None:
        original(self, **kw)
        raise RuntimeError("power cut")

    monkeypatch.setattr(MigrationContext, "run_migrations", run_then_fail)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate.upgrade(url)
    assert tables(url) == {}


@pytest.mark.parametrize("dialect", append_only.DIALECTS)
def test_the_migrations_make_every_trigger_as_the_models_say(dialect):
    """Migrations hold copies; this is what keeps the newest copy and the models one."""
    directory = ScriptDirectory(str(migrate.MIGRATIONS))
    made = [
        " ".join(statement.split())
        for script in directory.walk_revisions()
        for statement in getattr(script.module, dialect.upper(), [])
    ]
    assert sorted(made) == sorted(" ".join(statement.split()) for statement in append_only.statements(dialect))


def test_a_migrated_database_misses_no_trigger(url):
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with Session(engine) as session:
        assert append_only.missing_triggers(session) == set()
    engine.dispose()
