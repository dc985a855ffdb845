"""Running it: web processes that share a socket, a worker for the background, and a parent that keeps them alive.

python app.py                          binds the address, starts the others again when they die, ends them with itself
 ├─ python app.py --only-web FD … × n  the redirect on its loop, Flask in WEB_THREADS threads
 └─ python app.py --only-worker …
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvicorn

from affiliate.core.fastlane import WAIT_SECONDS, Connection
from affiliate.core.lanes import Lanes
from affiliate.core.settings import BadSetting, Settings

STOP_SECONDS = 15
RESTART_SECONDS = 2.0
LOOK_SECONDS = 1.0
BACKLOG = 2048
log = logging.getLogger("etalase.serving")


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`--no-worker`, `--demo`, and what the program gives to its own children."""
    parser = argparse.ArgumentParser(description="Serve Etalase, with a worker for the background beside it.")
    parser.add_argument("--no-worker", action="store_true", help="leave the work to `flask --app app work`")
    parser.add_argument("--demo", action="store_true", help="fill a new database with a believable month")
    parser.add_argument("--only-worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--only-web", type=int, metavar="FD", help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, metavar="PID", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def bound(settings: Settings) -> socket.socket:
    """The socket that all web processes will listen on. Raises BadSetting where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as refused:
        listener.close()
        raise BadSetting(
            f"Nobody can be served at {settings.host}, port {settings.port}: {refused.strerror}."
        ) from None
    return listener


def serve(program: Path, listener: socket.socket, settings: Settings, *, has_worker: bool) -> None:
    """Keep the web processes, and a worker if so wished, until SIGTERM or SIGINT."""
    listener.listen(BACKLOG)  # from here on nobody is turned away, also while a web process starts anew
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stopping.set())
    command = [sys.executable, str(program), "--parent", str(os.getpid())]
    web = [*command, "--only-web", str(listener.fileno())]
    children = [Child(web, pass_fds=[listener.fileno()]) for _ in range(settings.web_processes)]
    if has_worker:
        children.append(Child([*command, "--only-worker"]))
    for child in children:
        child.start()
    stopping.wait()
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


def answer(lanes: Lanes, listener: socket.socket) -> None:
    """Be a web process: answer what comes in until SIGTERM or SIGINT; what is being answered ends first."""
    config = uvicorn.Config(
        lanes,
        http=Connection,
        ws="none",
        loop="uvloop",
        interface="asgi3",
        lifespan="off",
        backlog=BACKLOG,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="critical",
        timeout_keep_alive=int(WAIT_SECONDS),
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


class Child:
    """A process that is started again when it dies, and ended when we end."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int] = ()) -> None:
        self._command = command
        self._pass_fds = pass_fds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="child", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Tell it to end; it finishes what it is at."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Wait for its end, and kill it after a while."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS + LOOK_SECONDS)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, pass_fds=self._pass_fds)  # noqa: S603  our own program
            if self._stopping.is_set():
                self._process.terminate()
            code = self._process.wait()
            if not self._stopping.wait(RESTART_SECONDS):
                log.error("child_ended", extra={"code": code, "command": self._command[-1]})


def end_with(parent: int) -> None:
    """End this process, as by SIGTERM, when its parent is gone: a killed server leaves nothing running."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
