"""What every benchmark needs: a free port, a server that is up, wrk's figures, and what machine this is."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
_NUMBER = {
    "requests": r"(\d+) requests in",
    "errors": r"Non-2xx or 3xx responses: (\d+)",
    "rate": r"Requests/sec:\s+([\d.]+)",
}
_P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: complete answers, those that were neither 2xx nor 3xx, answers a second, 99th percentile."""

    requests: int
    errors: int
    rate: float
    p99_ms: float


def needed(*programs: str) -> list[str]:
    """Programs that are missing here."""
    return [name for name in programs if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, *, seconds: float = 60) -> None:
    """Return when the server answers at all."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise TimeoutError(f"nothing answers at port {port}")


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program for the time of the block; ended by SIGTERM, and by SIGKILL when that does not help."""
    process = subprocess.Popen(command, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def child_of(pid: int) -> int:
    """The only child process of a process, whichever of its threads began it: its web process."""
    (child,) = [child for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
    return int(child)


def memory_mb(pid: int) -> float:
    """Resident memory of a process now."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return round(int(found[1]) / 1024, 1)


def wrk(url: str, *, seconds: int, connections: int = 64, threads: int = 2, script: Path | None = None) -> Load:
    """Ask `url`, or what a script says, as fast as it answers."""
    command = [
        "wrk",
        f"-t{threads}",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "-H",
        f"User-Agent: {BROWSER}",
        *(["-s", str(script)] if script else []),
        url,
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {name: re.search(pattern, said) for name, pattern in _NUMBER.items()}
    value = {name: float(match[1]) if match else 0.0 for name, match in found.items()}
    p99 = _P99.search(said)
    return Load(
        int(value["requests"]), int(value["errors"]), value["rate"], float(p99[1]) * _UNITS[p99[2]] if p99 else 0.0
    )


def describe() -> str:
    """The machine in one line, with how busy it was before the run."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    model = names[0] if names else platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
