"""A real server and a real worker that are started again and again without importing the application anew.

    python -m tests.flows.killed_orders [no-dedupe | early]

Each line on standard input starts both; their process ids are printed, web first, and both must be killed before the
next. `no-dedupe` takes every delivery for a new one, `early` answers before it keeps: the tests must notice both.
"""

from __future__ import annotations

import itertools
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import app
from affiliate.core import clock, serving, work
from affiliate.core.db import db, transaction
from affiliate.core.settings import from_env
from affiliate.merchants.models import WebhookKind
from affiliate.orders import intake
from affiliate.orders.schemes import SCHEMES
from affiliate.orders.schemes.base import Headers

LATE_SECONDS = 0.02


def damage(kind: str) -> None:
    """Make intake what it must not be."""
    if kind == "no-dedupe":
        scheme = SCHEMES[WebhookKind.STANDARD]
        given, numbers = scheme.delivery_id, itertools.count()

        def anew(headers: Headers, body: bytes) -> str:
            return f"{given(headers, body)}-{os.getpid()}-{next(numbers)}"

        object.__setattr__(scheme, "delivery_id", anew)
    if kind == "early":
        intake.keep_all = _keep_later(intake.keep_all)  # what the server calls


def _keep_later(keep_all: Callable[..., Any]) -> Callable[..., Any]:
    later: queue.SimpleQueue[tuple[Sequence[intake.Told], datetime]] = queue.SimpleQueue()

    def write() -> None:
        with app.create_app().app_context():
            while True:
                deliveries, now = later.get()
                time.sleep(LATE_SECONDS)
                with transaction(db.session) as session:
                    keep_all(session, deliveries, now=now)

    def keep_later(_session: Any, deliveries: Sequence[intake.Told], *, now: datetime) -> list[intake.Kept | None]:
        if not any(thread.name == "late" for thread in threading.enumerate()):
            threading.Thread(target=write, name="late", daemon=True).start()
        later.put((deliveries, now))
        return [intake.Kept(0, repeat=False)] * len(deliveries)

    return keep_later


def web() -> None:
    serving.answer(app.web_process(), serving.bound(from_env(os.environ)))


def worker() -> None:
    with app.create_app().app_context():
        work.IDLE_SECONDS = 0.01
        work.run_forever(app.STEPS)


def begun(run: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    return child


def main() -> None:
    damage(sys.argv[1] if len(sys.argv) > 1 else "")
    clock.now()
    for _line in sys.stdin:
        children = [begun(web), begun(worker)]
        sys.stdout.write(" ".join(map(str, children)) + "\n")
        sys.stdout.flush()
        for child in children:
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
