"""What /metrics says of the loader."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from affiliate.core import clock
from affiliate.tracking import jobs, progress, records, tokens
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.spool import Spool
from tests.conftest import NOW


@pytest.fixture
def link_id(make, monkeypatch) -> int:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return make.link(make.community(), make.product(make.merchant())).id


@pytest.fixture
def folder(app) -> Path:
    return app.config["ETALASE"].spool_dir


def line(link_id: int, number: int, *, ago: float) -> bytes:
    ms = tokens.milliseconds(NOW - timedelta(seconds=ago))
    return records.line_of(ClickRecord(ms, number, link_id, "ab", "phone", "", ""))


def shown(client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (row.split() for row in lines if row.startswith("etalase_"))}


def test_loaded_set_aside_and_lag_are_shown(client, link_id, folder):
    assert shown(client)["etalase_spool_lag_seconds"] == 0
    writer = Spool(folder)
    writer.append(line(link_id, 1, ago=90))
    writer.append(line(link_id + 999, 2, ago=60))
    assert shown(client)["etalase_spool_lag_seconds"] == 90
    jobs.run(NOW)
    now = shown(client)
    names = ("etalase_clicks_loaded", "etalase_clicks_set_aside", "etalase_spool_lag_seconds")
    assert [now[name] for name in names] == [1, 1, 0]
    writer.append(line(link_id, 3, ago=7.5))
    assert shown(client)["etalase_spool_lag_seconds"] == 7.5
    writer.close()


def test_without_a_database_the_lag_is_still_shown(client, link_id, folder, monkeypatch):
    writer = Spool(folder)
    writer.append(line(link_id, 1, ago=3600))

    def away(_session):
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(progress, "_totals", away)
    now = shown(client)
    assert now["etalase_spool_lag_seconds"] == 3600
    assert "etalase_clicks_loaded" not in now
    writer.close()


def test_the_unwritten_rest_of_a_file_does_not_lag(folder, link_id):
    folder.mkdir(parents=True, exist_ok=True)
    data = line(link_id, 1, ago=5)
    (folder / "clicks-1.log").write_bytes(data + b"\0" * 9000)
    assert progress.oldest_waiting_ms(folder, {}) == tokens.milliseconds(NOW) - 5000
    assert progress.oldest_waiting_ms(folder, {"clicks-1.log": len(data)}) is None
