"""A line that was acknowledged is on the disk, whatever happens to its writer."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from affiliate.tracking import records, spool
from affiliate.tracking.records import ClickRecord
from affiliate.tracking.spool import Spool

KILLS = 12


def record(number: int) -> ClickRecord:
    return ClickRecord(1793523600000, number, 1, "ab" * 12, "desk", "", "")


def kill_a_writer(write: Callable[[bytes], object], *, after: int) -> int:
    """Fork a process that writes lines and reports each, and SIGKILL it after so many reports: how many came."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        number = 0
        while True:
            write(records.line_of(record(number)))
            os.write(write_end, b".")
            number += 1
    os.close(write_end)
    reported = 0
    while reported < after:
        reported += len(os.read(read_end, 1))
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    while rest := os.read(read_end, 65536):
        reported += len(rest)
    os.close(read_end)
    return reported


def lines_in(folder: Path) -> int:
    """Good lines in all files; numbered without a gap."""
    parsed = [records.parse(path.read_bytes()).records for path in sorted(folder.iterdir())]
    numbers = sorted(found.nonce for part in parsed for found in part)
    assert numbers == list(range(len(numbers)))
    return len(numbers)


def test_acknowledged_lines_survive_kill_9_of_the_writer(tmp_path: Path):
    rng = random.Random(1)
    kills = 0
    for turn in range(KILLS):
        folder = tmp_path / str(turn)
        reported = kill_a_writer(Spool(folder, max_bytes=2000).append, after=rng.randrange(1, 400))
        assert 0 <= lines_in(folder) - reported <= 1  # the line that was written but not yet reported
        kills += 1
    assert kills == KILLS


def test_a_buffering_writer_would_lose_lines(tmp_path: Path):
    """The control of the test above: the same kill, and acknowledged lines are gone."""
    with (tmp_path / "buffered.log").open("ab", buffering=65536) as handle:
        reported = kill_a_writer(handle.write, after=300)
    assert lines_in(tmp_path) < reported


def test_a_dead_writers_file_is_finished_and_a_live_ones_is_not(tmp_path: Path):
    kill_a_writer(Spool(tmp_path / "dead").append, after=3)
    living = Spool(tmp_path / "live")
    living.append(b"x\n")
    states = {}
    for name in ("dead", "live"):
        (path,) = (tmp_path / name).glob("*.log")
        fd = os.open(path, os.O_RDONLY)
        states[name] = spool.is_finished(fd)
        os.close(fd)
    assert states == {"dead": True, "live": False}
    living.close()


def test_segments_are_cut_by_size_and_by_age(tmp_path: Path):
    spooled = Spool(tmp_path, max_bytes=100, max_seconds=0.0)
    for _ in range(3):
        spooled.append(b"y" * 100 + b"\n")
    assert len(list(tmp_path.glob("*.log"))) == 3
    spooled.close_if_old()
    spooled.append(b"z\n")
    assert len(list(tmp_path.glob("*.log"))) == 4
    assert spooled.lines == 4
    spooled.close()


def test_many_threads_write_whole_lines(tmp_path: Path):
    spooled = Spool(tmp_path, max_bytes=5000)
    lock_step = threading.Barrier(8)

    def write(first: int) -> None:
        lock_step.wait()
        for number in range(first, first + 200):
            spooled.append(records.line_of(record(number)))

    threads = [threading.Thread(target=write, args=(200 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spooled.close()
    assert lines_in(tmp_path) == 1600


def test_a_full_disk_is_reported_and_not_counted(tmp_path: Path):
    """/dev/full refuses every write as a full disk does."""
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("this machine has no /dev/full")
    spooled = Spool(tmp_path)
    spooled._segment = spool._Segment(os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError, match="space"):
        spooled.append(b"x\n")
    assert spooled.lines == 0
    spooled.close()


def test_no_file_stays_open_behind_the_last_one(tmp_path: Path):
    """However many segments many threads went through, all but the present one are closed and finished."""
    spooled = Spool(tmp_path, max_bytes=300)
    start = threading.Barrier(6)

    def write() -> None:
        start.wait()
        for number in range(150):
            spooled.append(records.line_of(record(number)))
            if number % 50 == 0:
                spooled.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spooled.close()
    assert spooled.lines == 900
    assert [path for path in tmp_path.glob("*.log") if not finished(path)] == []


def finished(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY)
    try:
        return spool.is_finished(fd)
    finally:
        os.close(fd)
