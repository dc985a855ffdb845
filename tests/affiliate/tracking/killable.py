"""A real server that is started again and again without importing the application anew: for the tests that kill it.

    python -m tests.affiliate.tracking.killable [off | late]

Each line on standard input starts one, in a process group of its own whose number is printed. `off` keeps no click,
`late` writes them down some time after the answer: the tests must notice both.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time

import app
from affiliate.core import serving
from affiliate.core.settings import from_env
from affiliate.tracking.spool import Spool

LATE_SECONDS = 0.02


def damage(kind: str) -> None:
    """Make the spool what it must not be."""
    if kind == "off":
        Spool.append = lambda self, lines: None  # type: ignore[method-assign]  # damaged on purpose
    if kind == "late":
        later: queue.SimpleQueue[tuple[Spool, bytes]] = queue.SimpleQueue()
        keep = Spool.append

        def write() -> None:
            while True:
                time.sleep(LATE_SECONDS)
                while not later.empty():
                    keep(*later.get())

        def append(self: Spool, lines: bytes) -> None:
            later.put((self, lines))
            if not any(thread.name == "late" for thread in threading.enumerate()):
                threading.Thread(target=write, name="late", daemon=True).start()

        Spool.append = append  # type: ignore[method-assign]  # damaged on purpose


def main() -> None:
    damage(sys.argv[1] if len(sys.argv) > 1 else "")
    settings = from_env(os.environ)
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            serving.answer(app.web_process(), serving.bound(settings))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
