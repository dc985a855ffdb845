"""`python app.py` as real processes: it comes up whole, ends whole, and refuses what may not be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import app as application
from affiliate.core import migrate
from affiliate.core.settings import DEMO_SECRET_KEY, KNOWN, from_env
from affiliate.identity import service as identity
from affiliate.identity.queries import demo_people
from tests.conftest import NOW

ROOT = Path(application.__file__).parent
WAIT = 90.0


def until(met: Callable[[], object], what: str) -> None:
    end = time.monotonic() + WAIT
    while not met():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(port: int, path: str) -> int:
    """The status of an answer, 0 while nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)  # the first page of a busy machine takes its time
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def children(pid: int) -> dict[int, str]:
    """Living children of a process: pid and command line."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and f"PPid:\t{pid}\n" in (folder / "status").read_text():
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue  # it has just ended
    return found


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class Server:
    """One `python app.py` with an empty data folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.port = free_port()
        env = {name: value for name, value in os.environ.items() if name not in KNOWN}
        env |= {"DATA_DIR": str(folder), "PORT": str(self.port), "WEB_THREADS": "4"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), *arguments], env=env, cwd=folder, stdout=subprocess.PIPE
        )
        until(lambda: status(self.port, "/healthz") == 200 or self.process.poll() is not None, "the server")
        assert self.process.poll() is None, "it has ended"

    def worker(self) -> int:
        """The worker's process id, 0 while there is none."""
        return next((pid for pid, line in children(self.process.pid).items() if "--only-worker" in line), 0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def begin(*arguments: str) -> Server:
        servers.append(Server(tmp_path, *arguments))
        return servers[-1]

    yield begin
    for server in servers:
        for pid in [*children(server.process.pid), server.process.pid]:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


def test_it_comes_up_ready_keeps_its_worker_and_ends_with_it(start):
    server = start()
    assert status(server.port, "/readyz") == 200
    assert status(server.port, "/go/zzzzzzzz") == 404
    until(server.worker, "the worker")
    first = server.worker()
    os.kill(first, signal.SIGKILL)
    until(lambda: server.worker() not in {0, first}, "another worker")
    family = children(server.process.pid)
    assert len(family) == 2
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(WAIT) == 0
    assert not any(is_alive(pid) for pid in family)
    assert server.process.stdout.read().decode().startswith(f"Etalase: http://127.0.0.1:{server.port}")


def test_nothing_outlives_a_killed_server(start):
    server = start()
    until(server.worker, "the worker")
    family = children(server.process.pid)
    server.process.kill()
    until(lambda: not any(is_alive(pid) for pid in family), "the end of its children")


def test_a_web_process_that_dies_is_started_again_and_nobody_is_turned_away(start):
    server = start("--no-worker")
    (first,) = children(server.process.pid)
    os.kill(first, signal.SIGKILL)
    assert status(server.port, "/healthz") == 200  # waits until the next one listens
    (second,) = children(server.process.pid)
    assert second != first


def test_an_address_that_is_taken_stops_the_start(monkeypatch, capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert refused(monkeypatch, DATA_DIR=str(tmp_path), PORT=port) == 2
    assert port in capsys.readouterr().err


def test_without_a_worker_there_is_none(start):
    server = start("--no-worker")
    assert len(children(server.process.pid)) == 1
    assert server.worker() == 0


def refused(monkeypatch: pytest.MonkeyPatch, *arguments: str, **env: str) -> int:
    """The exit code of a start that must not come to serve."""
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return application.main(arguments)


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"PORT": "abc"}, "PORT"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"PUBLIC_URL": "etalase.test"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://etalase.test"}, "SECRET_KEY"),
        ({"PUBLIC_URL": "https://etalase.test", "SECRET_KEY": DEMO_SECRET_KEY}, "SECRET_KEY"),
    ],
)
def test_a_bad_setting_stops_the_start_with_its_name(monkeypatch, capsys, tmp_path, env, named):
    assert refused(monkeypatch, DATA_DIR=str(tmp_path), **env) == 2
    assert named in capsys.readouterr().err


def test_a_database_that_is_not_there_stops_the_start(monkeypatch, capsys, tmp_path):
    env = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    assert refused(monkeypatch, **env) == 1
    assert "database" in capsys.readouterr().err


def test_production_refuses_the_demo_and_its_accounts(monkeypatch, capsys, tmp_path):
    settings = from_env({"DATA_DIR": str(tmp_path)})
    migrate.upgrade(settings.database_url)
    env = {"DATA_DIR": str(tmp_path), "PUBLIC_URL": "https://etalase.test", "SECRET_KEY": "s" * 40}
    assert refused(monkeypatch, "--demo", **env) == 2
    engine = sa.create_engine(settings.database_url)
    with Session(engine) as session, session.begin():
        assert demo_people(session) == []
        identity.create_user(session, "a@demo.test", name="A", password="tahu-semua-orang", now=NOW, is_demo=True)
    engine.dispose()
    capsys.readouterr()
    assert refused(monkeypatch, **env) == 2
    assert "demo" in capsys.readouterr().err


def test_the_work_command_does_what_is_due_and_says_how_much(app):
    said = app.test_cli_runner().invoke(args=["work", "--once"])
    assert said.exit_code == 0, said.output
    assert [line.partition(":")[0] for line in said.output.splitlines()] == [step.name for step in application.STEPS]
