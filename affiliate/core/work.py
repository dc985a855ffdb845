"""Background work. The database holds it (rows with a state, a lease and a next try); this only runs what is due.

A step is `run(now) -> int`: it claims and works one bounded batch in transactions of its own and says how much it did.
A killed worker loses nothing: its lease runs out and the row is due again.
"""

from __future__ import annotations

import gc
import logging
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Engine

from affiliate.core import clock
from affiliate.core.db import db, forget_session, is_postgres

IDLE_SECONDS = 0.5
YOUNG_MAX = 50_000  # objects that may be made before the youngest are searched
log = logging.getLogger("etalase.work")


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of due work. `name` stands in the log.

    A step that has work under way elsewhere, such as calls in threads, says with `finish` how to wait for it.
    """

    name: str
    run: Callable[[datetime], int]
    finish: Callable[[datetime], int] | None = None


def together(*runs: Callable[[datetime], int]) -> Callable[[datetime], int]:
    """These at once, each in a thread of its own: while one waits for the database, another computes.

    One after the other where that is no gain: on SQLite, which has one writer, and over a single connection. What
    fails is logged, and counts nothing; the others go on.
    """

    def run(now: datetime) -> int:
        steps = [Step(one.__module__, one) for one in runs]
        if not isinstance(db.session.get_bind(), Engine) or not is_postgres(db.session):
            return sum(_run(step, now) for step in steps)
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for

        def alone(step: Step) -> int:
            with app.app_context():
                return _run(step, now)

        with ThreadPoolExecutor(len(runs), thread_name_prefix="step") as threads:
            return sum(threads.map(alone, steps))

    return run


def command(steps: Sequence[Step]) -> click.Command:
    """`flask --app app work [--once]` for these steps."""

    @click.command("work")
    @click.option("--once", is_flag=True, help="Do all that is due, then end.")
    @with_appcontext
    def work(once: bool) -> None:
        """Do the background work: spool, catalogues, orders, books, payouts."""
        if not once:
            run_forever(steps)
            return
        for name, count in run_once(steps).items():
            click.echo(f"{name}: {count}")

    return work


def run_once(steps: Sequence[Step]) -> dict[str, int]:
    """Run all steps, in order, again and again until none finds anything; counts by step."""
    done = {step.name: 0 for step in steps}
    while True:
        counts = {step.name: _run(step, clock.now()) for step in steps}
        if not any(counts.values()):
            counts = {step.name: _finish(step) for step in steps}
        for name, count in counts.items():
            done[name] += count
        if not any(counts.values()):
            return done


def run_forever(steps: Sequence[Step]) -> None:
    """Run due work until SIGTERM or SIGINT; a step in progress ends first."""
    collect_rarely()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stop.set())
    while not stop.is_set():
        if not sum(_run(step, clock.now()) for step in steps):
            stop.wait(IDLE_SECONDS)
    for step in steps:
        while _finish(step):
            pass


def collect_rarely() -> None:
    """Spare a batch of some hundred thousand short-lived rows the search for cycles, of which it makes none.

    The application itself is searched never again; measured on the conveyor, a seventh of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)


def _finish(step: Step) -> int:
    return _run(Step(step.name, step.finish), clock.now()) if step.finish is not None else 0


def _run(step: Step, now: datetime) -> int:
    try:
        return step.run(now)
    except Exception:
        log.exception("step_failed", extra={"step": step.name})
        return 0
    finally:
        forget_session()
