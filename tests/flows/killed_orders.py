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
from collections.abc import Callable
from typing import Any

import app
from affiliate.core import clock, serving, work
from affiliate.core.db import db, transaction
from affiliate.core.settings import from_env
from affiliate.merchants.models import WebhookKind
from affiliate.orders import intake
from affiliate.orders.schemes import SCHEMES

LATE_SECONDS = 0.02


def damage(kind: str) -> None:
    """Make intake what it must not be."""
    if kind == "no-dedupe":
        scheme = SCHEMES[WebhookKind.STANDARD]
        given, numbers = scheme.delivery_id, itertools.count()
        anew = lambda headers, body: f"{given(headers, body)}-{os.getpid()}-{next(numbers)}"  # noqa: E731
        object.__setattr__(scheme, "delivery_id", anew)
    if kind == "early":
        intake.keep = _keep_later(intake.keep)  # type: ignore[assignment]


def _keep_later(keep: Callable[..., Any]) -> Callable[..., intake.Kept]:
    later: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()

    def write(flask: Any) -> None:
        with flask.app_context():
            while True:
                time.sleep(LATE_SECONDS)
                while not later.empty():
                    merchant_id, kind, named = later.get()
                    with transaction(db.session) as session:
                        keep(session, merchant_id, kind, **named)

    def keep_later(_session: Any, merchant_id: int, kind: WebhookKind, **named: Any) -> intake.Kept:
        if not any(thread.name == "late" for thread in threading.enumerate()):
            from flask import current_app

            flask = current_app._get_current_object()  # type: ignore[attr-defined]
            threading.Thread(target=write, args=(flask,), name="late", daemon=True).start()
        later.put((merchant_id, kind, named))
        return intake.Kept(0, repeat=False)

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
