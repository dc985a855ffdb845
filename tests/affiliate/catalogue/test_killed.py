"""Real readers, really killed: the catalogue ends as if nobody had died."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

import app as application
from affiliate.catalogue import jobs, leases
from affiliate.catalogue.models import CatalogueUpload, StagedProduct, UploadStage
from affiliate.core import migrate
from affiliate.core.db import db
from affiliate.core.settings import from_env
from affiliate.merchants.models import Merchant
from tests import factories
from tests.affiliate.catalogue.files import HOST, errors, figures, fresh, listed, row, send, tsv, work
from tests.conftest import NOW, scratch_database

ROWS = 600
BATCH = 40
DEATHS = leases.ATTEMPTS_MAX - 1  # after one more the upload is given up
SEED = 20261122


@pytest.fixture(params=["sqlite", "postgres"])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    for url in scratch_database(request.param, tmp_path):
        migrate.upgrade(url)
        made = application.create_app(from_env({"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}))
        with made.app_context():
            yield made
            close_connections()


def test_a_reader_that_is_killed_is_followed_by_one_that_goes_on(built: Flask) -> None:
    """Killed while it reads and while it merges; the second file changes, withdraws and brings errors of its own."""
    moments = [(0.3, 0.8), (0.6, 1.0)]
    deaths = followed(built, SEED, moments)
    assert any(stage is UploadStage.READING and position for stage, position in deaths), deaths


@pytest.mark.campaign
def test_readers_killed_at_random_moments_leave_no_trace(built: Flask) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    moments = [tuple(sorted(chance.uniform(0, 1.1) for _death in range(DEATHS))) for _file in range(60)]
    deaths = followed(built, seed, moments)
    assert len(deaths) > 60, f"seed {seed}"
    assert {stage for stage, _position in deaths} >= {UploadStage.READING, UploadStage.MERGING}, f"seed {seed}"


def test_a_follower_that_began_at_the_first_row_again_would_be_found_out(
    built: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the position that the dead reader left, the figures are wrong."""
    real = leases.claim
    monkeypatch.setattr(leases, "claim", lambda session, *, now: from_the_start(real(session, now=now)))
    with pytest.raises(AssertionError, match="figures"):
        followed(built, SEED, [(0.3, 0.8)])


def from_the_start(claimed: leases.Claim | None) -> leases.Claim | None:
    return claimed and replace(claimed, position=0)


def followed(built: Flask, seed: int, moments: list[Any]) -> list[tuple[UploadStage, int]]:
    """One store is read undisturbed, the other by readers killed at these parts of the file; where each one died."""
    chance = random.Random(seed)
    make = factories.Make(db.session)
    calm, killed = (make.merchant(allowed_hosts=[HOST]) for _ in range(2))
    deaths: list[tuple[UploadStage, int]] = []
    for parts in moments:
        body = catalogue(chance)
        expected_id = send(db.session, calm, body)
        work()
        upload_id = send(db.session, killed, body)
        now = NOW
        for part in parts:
            if death := kill_a_reader(built, upload_id, int(part * ROWS), chance.uniform(0, 0.01), now):
                deaths.append(death)
            now += leases.LEASE * 2
        work(now)
        upload, expected = fresh(db.session, upload_id), fresh(db.session, expected_id)
        assert figures(upload) == figures(expected), f"figures, seed {seed}"
        assert upload.rows_total == expected.rows_total, f"seed {seed}"
        assert errors(db.session, upload) == errors(db.session, expected), f"seed {seed}"
        assert contents(killed) == contents(calm), f"seed {seed}"
        assert db.session.scalar(sa.select(sa.func.count()).select_from(StagedProduct)) == 0
    return deaths


def catalogue(chance: random.Random) -> bytes:
    """A full file: some products new, some changed, some left out, some doubled, some unusable."""
    rows = []
    for number in chance.sample(range(ROWS + ROWS // 4), ROWS):
        price = "?" if chance.random() < 0.05 else f"{chance.choice([100_000, 150_000])} IDR"
        rows.append(row(number if chance.random() < 0.97 else 1, price=price))
    return tsv(*rows)


def contents(merchant: Merchant) -> list[tuple[Any, ...]]:
    found = listed(db.session, merchant)
    return sorted((p.sku, p.title, p.url, p.price_minor, p.availability, p.content_hash) for p in found.values())


def kill_a_reader(
    built: Flask, upload_id: int, position: int, pause: float, now: datetime
) -> tuple[UploadStage, int] | None:
    """Fork a reader, kill it a moment after it has come so far; the stage and position it left, None if it finished."""
    close_connections()  # none of ours may be shared with the child
    child = os.fork()
    if child == 0:
        jobs.BATCH_ROWS, jobs.SLICE_SECONDS = BATCH, 0.0
        with built.app_context():
            work(now)
        os._exit(0)
    while not has_come(upload_id, position):
        time.sleep(0.0005)
    time.sleep(pause)
    os.kill(child, signal.SIGKILL)  # where it has ended already, it still waits to be buried
    os.waitpid(child, 0)
    upload = fresh(db.session, upload_id)
    db.session.rollback()
    return None if upload.stage is UploadStage.DONE else (upload.stage, upload.position)


def has_come(upload_id: int, position: int) -> bool:
    stage, reached = db.session.execute(
        sa.select(CatalogueUpload.stage, CatalogueUpload.position).where(CatalogueUpload.id == upload_id)
    ).one()
    db.session.rollback()
    return reached >= position or stage not in {UploadStage.RECEIVED, UploadStage.READING}


def close_connections() -> None:
    db.session.remove()
    db.engine.dispose()
