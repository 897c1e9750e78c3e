"""Grading on a Dask cluster: the same table, also when a worker is killed half-way."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import submissions
from submissions import SWAPPED, solved, write

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers on loopback, each a process of its own."""
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*dask, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
        **quiet,
    )
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file)]
    worker += [
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
        "--death-timeout",
        "60",
    ]
    workers = [subprocess.Popen(worker, **quiet) for _ in range(2)]
    try:
        with distributed.Client(scheduler_file=str(file), timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            yield client.scheduler.address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


@pytest.mark.timeout(400)
def test_the_same_table_though_a_worker_is_killed(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    for number in range(16):
        write(tmp_path / "class" / f"{number:02d}", solved(lstm_step=SWAPPED) if number % 3 else solved())
    write(tmp_path / "class" / "99", b"{")
    submissions.grade("class", "--out", "here", "--seed", "2", cwd=tmp_path)
    command = [
        sys.executable,
        "-c",
        "from recdrop_lessons.cli import app; app()",
        "grade",
        "class",
        "--out",
        "there",
    ]
    command += ["--seed", "2", "--scheduler", address]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done = tmp_path / "there" / ".recdrop" / "records"
    deadline = time.monotonic() + 120
    while len(list(done.glob("*/*.json"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers[0].kill()
    output, errors = run.communicate(timeout=200)
    assert run.returncode == 1, errors.decode()  # 99 is to be looked at
    assert b"17 submissions" in output
    assert (tmp_path / "there" / "grades.csv").read_bytes() == (tmp_path / "here" / "grades.csv").read_bytes()
