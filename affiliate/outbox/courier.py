"""Threads that bring parcels to their endpoints. They know no database: what came of it is fetched by the step.

So the conveyor never waits for a stranger's server, and no transaction is open across a call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from time import monotonic

from affiliate.core import outward
from affiliate.core.calling import Line, NoAnswer
from affiliate.core.outward import Resolver, Unfit
from affiliate.outbox import rules
from affiliate.outbox.rules import Outcome
from affiliate.outbox.sending import Parcel, Result, Sending

THREADS = 8
FAILING_MAX = THREADS // 2  # addresses that do not answer never take all threads
PARCEL_SECONDS = 8.0  # after which the rest of a parcel is left for the next one
ANSWER_MAX = 1024
log = logging.getLogger("etalase.webhooks")


class Courier:
    """Parcels under way in this process."""

    def __init__(self, *, to_localhost: bool = False, resolve: Resolver = outward.resolved) -> None:
        self._to_localhost, self._resolve = to_localhost, resolve
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._under_way: dict[Future[list[Result]], Parcel] = {}

    @property
    def is_busy(self) -> bool:
        return bool(self._under_way)

    def free(self) -> tuple[int, int]:
        """How many more healthy and failing endpoints it takes; together no more than its threads."""
        left = THREADS - len(self._under_way)
        failing = sum(1 for parcel in self._under_way.values() if parcel.failing_since)
        for_failing = max(0, min(FAILING_MAX - failing, left // 2))
        return max(0, left - for_failing), for_failing

    def take(self, parcel: Parcel, *, now: Callable[[], datetime]) -> None:
        """Send it in a thread."""
        future = self._threads.submit(bring, parcel, self._to_localhost, self._resolve, now)
        self._under_way[future] = parcel

    def done(self, *, wait_seconds: float = 0.0) -> list[tuple[Parcel, list[Result]]]:
        """What has come back; waits so long for the first."""
        ready, _rest = wait(self._under_way, timeout=wait_seconds, return_when=FIRST_COMPLETED)
        return [(parcel := self._under_way.pop(future), _results(future, parcel)) for future in ready]

    def close(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown(wait=True)


def _results(future: Future[list[Result]], parcel: Parcel) -> list[Result]:
    """What a thread brought back. An error of our own is a failure as well: else it would come again at once."""
    error = future.exception()
    if error is None:
        return future.result()
    log.error("parcel_failed", exc_info=error, extra={"endpoint": parcel.endpoint_id})
    return [Result(one, Outcome.INTERRUPTED) for one in parcel.sendings[:1]]


def bring(parcel: Parcel, to_localhost: bool, resolve: Resolver, now: Callable[[], datetime]) -> list[Result]:
    """Send a parcel message by message over one line, up to the first that fails."""
    begun = monotonic()
    try:
        target = outward.target(parcel.url, to_localhost=to_localhost)
    except Unfit:  # it was fit when it was given: the rules, or the settings, are others now
        return [Result(one, Outcome.INSIDE) for one in parcel.sendings[:1]]
    results: list[Result] = []
    with Line(target, resolve=resolve) as line:
        for sending in parcel.sendings:
            results.append(_send(line, sending, now))
            if results[-1].outcome is not Outcome.DELIVERED or monotonic() - begun > PARCEL_SECONDS:
                break
    return results


def _send(line: Line, sending: Sending, now: Callable[[], datetime]) -> Result:
    begun = monotonic()
    try:
        answer = line.post(sending.headers, sending.body, body_max=ANSWER_MAX)
    except NoAnswer as failed:
        return Result(sending, Outcome(failed.trouble.value), address=failed.address, took_ms=_since(begun))
    return Result(
        sending,
        rules.outcome_of(answer.status),
        status_code=answer.status,
        address=answer.address,
        answer=answer.body.decode(errors="replace").replace("\0", "\ufffd"),
        took_ms=_since(begun),
        wait=rules.wait_asked(answer.status, answer.headers.get("retry-after"), now=now()),
    )


def _since(begun: float) -> int:
    return round((monotonic() - begun) * 1000)
