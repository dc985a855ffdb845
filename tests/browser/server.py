"""A real server of its own: `python app.py` with a scratch data folder, on a free port, its clock ahead if wished."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 150


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data_dir: Path, port: int, extra: Mapping[str, str] | None = None, *, days: int = 0) -> dict[str, str]:
    """Only what the server needs; nothing of the tests' own environment leaks in."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(data_dir),
        "LANG": "C.UTF-8",
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        **(extra or {}),
    }
    if days:
        env |= {"SHIFT_DAYS": str(days), "PYTHONPATH": str(Path(__file__).parent / "later")}
    return env


@contextmanager
def serving(data_dir: Path, *arguments: str, extra: Mapping[str, str] | None = None, days: int = 0) -> Iterator[str]:
    """The server's address while it runs; it is stopped the way an operator stops it."""
    port = free_port()
    log = data_dir / "server.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), *arguments],
            cwd=ROOT, env=environment(data_dir, port, extra, days=days), stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped: {log.read_text()[-2000:]}")
        try:
            with urlopen(f"{address}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the server was not ready in {START_SECONDS} s: {log.read_text()[-2000:]}")


def flask(data_dir: Path, *arguments: str, stdin: str = "", extra: Mapping[str, str] | None = None) -> str:
    """`flask --app app …` against the same data; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        cwd=ROOT, env=environment(data_dir, 8000, extra), input=stdin, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"flask {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
