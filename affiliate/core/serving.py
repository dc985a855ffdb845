"""Running it: granian in front, the background worker beside it, and neither outlives `python app.py`.

python app.py             granian's main process
 ├─ web process × n       `target`: the redirect on its loop, Flask in WEB_THREADS threads
 └─ python app.py --only-worker <pid>
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, TaskImpl
from granian.log import LogLevels

from affiliate.core.settings import Settings

STOP_SECONDS = 15
RESTART_SECONDS = 2.0
LOOK_SECONDS = 1.0
log = logging.getLogger("etalase.serving")

# granian forks its web processes from a process in which our thread starts the worker. Popen waits for the end of a
# pipe that closes by itself in the program it starts, but not in a fork that happens meanwhile: it would wait for ever,
# and nobody would start the worker again. So no fork begins while a worker is being started.
_starting = threading.Lock()
os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`--no-worker`, `--demo`, and `--only-worker PID`, which the program gives to itself."""
    parser = argparse.ArgumentParser(description="Serve Etalase, with a worker for the background beside it.")
    parser.add_argument("--no-worker", action="store_true", help="leave the work to `flask --app app work`")
    parser.add_argument("--demo", action="store_true", help="fill a new database with a believable month")
    parser.add_argument("--only-worker", type=int, metavar="PID", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def serve(target: str, settings: Settings, *, program: Path | None) -> None:
    """Serve `target` ("module:function" that builds the application) until SIGTERM or SIGINT.

    `program` is started as worker beside it, and again whenever it ends by itself; None serves without one.
    """
    server = Granian(
        target,
        factory=True,
        interface=Interfaces.RSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.web_processes,
        http=HTTPModes.http1,
        websockets=False,
        task_impl=TaskImpl.rust,  # from Python 3.12 on granian takes asyncio's by itself, which is slower
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
    )
    worker = Worker(program) if program else None
    if worker:
        server.on_startup(worker.start)
    try:
        server.serve()
    finally:
        if worker:
            worker.stop()


class Worker:
    """The child process for background work: started again when it dies, ended when we end."""

    def __init__(self, program: Path) -> None:
        self._command = [sys.executable, str(program), "--only-worker", str(os.getpid())]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="worker", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the worker: it finishes the step it is in, or is killed after a while."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            with _starting:
                self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603  our own program
            if self._stopping.is_set():
                self._process.terminate()
            code = self._process.wait()
            if not self._stopping.wait(RESTART_SECONDS):
                log.error("worker_ended", extra={"code": code})


def end_with(parent: int) -> None:
    """End this process, as by SIGTERM, when its parent is gone: a killed server leaves nothing running."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
