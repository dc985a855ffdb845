"""Alive, ready, measured: what a supervisor and Prometheus are told."""

from __future__ import annotations

from pathlib import Path

import app as application
from affiliate.core import health, migrate
from affiliate.core.db import db
from affiliate.core.settings import from_env


def test_alive_asks_nothing(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_ready_with_a_migrated_database_and_a_writable_spool(tmp_path: Path):
    settings = from_env({"DATA_DIR": str(tmp_path)})
    built = application.create_app(settings)
    empty = built.test_client().get("/readyz")
    assert empty.status_code == 503
    assert empty.json["checks"] == {"database": "ok", "migrations": "failed", "spool": "ok"}
    migrate.upgrade(settings.database_url)
    ready = built.test_client().get("/readyz")
    assert (ready.status_code, set(ready.json["checks"].values())) == (200, {"ok"})
    with built.app_context():
        db.engine.dispose()


def test_a_check_that_raises_is_no(tmp_path: Path, caplog):
    built = application.create_app(from_env({"DATA_DIR": str(tmp_path)}))
    health.add_check(built, "broken", lambda: bool(1 / 0))
    answer = built.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["broken"] == "failed"
    assert "not_ready" in caplog.text
    with built.app_context():
        db.engine.dispose()


def test_figures_are_asked_for_at_every_visit(tmp_path: Path):
    built = application.create_app(from_env({"DATA_DIR": str(tmp_path)}))
    counter = iter(range(1, 10))
    health.add_metrics(built, lambda: [health.Figure("etalase_test", "A test", next(counter))])
    texts = [built.test_client().get("/metrics").text for _ in range(2)]
    assert ["etalase_test 1.0" in texts[0], "etalase_test 2.0" in texts[1]] == [True, True]
    assert "process_resident_memory_bytes" in texts[0]
