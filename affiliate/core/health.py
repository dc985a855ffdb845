"""/healthz (alive), /readyz (can work), /metrics (Prometheus). Rooms add what they know; no business data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily

from affiliate.core import migrate
from affiliate.core.db import db

Check = Callable[[], bool]
_KEY = "etalase_health"
log = logging.getLogger("etalase.health")
bp = Blueprint("health", __name__)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number for Prometheus."""

    name: str
    text: str
    value: float


Figures = Callable[[], Iterable[Figure]]


class _Health:
    def __init__(self) -> None:
        self.checks: dict[str, Check] = {"database": _database, "migrations": _migrations}
        self.figures: list[Figures] = []
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for figures in self.figures:
            for figure in figures():
                yield GaugeMetricFamily(figure.name, figure.text, value=figure.value)


def init_app(app: Flask) -> None:
    app.extensions[_KEY] = _Health()
    app.register_blueprint(bp)


def add_check(app: Flask, name: str, check: Check) -> None:
    """One more condition of being ready: False or any exception is "no"."""
    app.extensions[_KEY].checks[name] = check


def add_metrics(app: Flask, figures: Figures) -> None:
    """More figures for /metrics, asked for at every visit."""
    app.extensions[_KEY].figures.append(figures)


def _database() -> bool:
    return db.session.execute(sa.select(1)).scalar_one() == 1


def _migrations() -> bool:
    return migrate.is_current(db.session)


def _passes(name: str, check: Check) -> bool:
    try:
        return check()
    except Exception:
        log.warning("not_ready", extra={"check": name}, exc_info=True)
        db.session.rollback()
        return False


@bp.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers. Asks nothing else, so a database outage does not restart it."""
    return {"status": "alive"}


@bp.get("/readyz")
def ready() -> tuple[dict[str, Any], int]:
    """200 when every check passes, else 503; the body names them."""
    results = {name: _passes(name, check) for name, check in current_app.extensions[_KEY].checks.items()}
    ok = all(results.values())
    words = {name: "ok" if passed else "failed" for name, passed in results.items()}
    return {"status": "ready" if ok else "not ready", "checks": words}, 200 if ok else 503


@bp.get("/metrics")
def metrics() -> Response:
    """The process and what rooms have added, in Prometheus' text format."""
    return Response(generate_latest(current_app.extensions[_KEY].registry), content_type=CONTENT_TYPE_LATEST)
