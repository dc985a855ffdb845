"""Programs that tests kill: one imports the application once, and starts the victims by fork, a life a line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
END_SECONDS = 60.0


@contextmanager
def host(module: str, env: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program `python -m module arguments` until the end of the block; its victims are to be dead by then."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(END_SECONDS)
        process.stdout.close()


def start(process: subprocess.Popen[str]) -> list[int]:
    """Begin a life: the numbers of the processes, or of the process group, to be killed."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return [int(text) for text in process.stdout.readline().split()]
