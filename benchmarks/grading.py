"""Grading a class: `recdrop grade` beside `nbgrader autograde`, on the same notebooks in one run.

    python benchmarks/grading.py --students 100                  # side by side
    python benchmarks/grading.py --students 100 --no-nbgrader --growth --workers

CPU seconds are those of the commands and of all processes they started. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from recdrop_lessons.grading.spawner import Ending, Spawner

ROOT = Path(__file__).resolve().parent.parent
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    wall: float
    cpu: float

    def per(self, count: int) -> str:
        return f"{1000 * self.cpu / count:.0f} ms | {1000 * self.wall / count:.0f} ms"


def measure(command: list[str], folder: Path, well: tuple[int, ...] = (0,)) -> Cost:
    """Wall time and CPU time of a command, its children included; it must end with one of the codes."""
    # nbgrader starts `alembic`, which lies beside this Python.
    environment = {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in well:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def lessons() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("exercises/*/*.ipynb"))


def make_class(folder: Path, students: int) -> None:
    """Each student one notebook, lessons in turn; of five: three right, one with a stub, one blank."""
    names = lessons()
    for number in range(students):
        name = names[number % len(names)]
        right = json.loads((ROOT / "solutions" / name / f"{name}.ipynb").read_text())
        blank = json.loads((ROOT / "exercises" / name / f"{name}.ipynb").read_text())
        for cell in right["cells"]:
            cell["source"] = "".join(line for line in cell["source"] if line.strip() not in MARKS)
        kind = number // len(names) % 5
        if kind == 3:
            answers = [
                cell for cell in right["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")
            ]
            stub = next(cell for cell in blank["cells"] if cell["id"] == answers[0]["id"])
            answers[0]["source"] = stub["source"]
        room = folder / f"student{number:04d}" / name
        room.mkdir(parents=True)
        (room / f"{name}.ipynb").write_text(json.dumps(blank if kind == 4 else right))


def recdrop(folder: Path, out: str, *more: str) -> Cost:
    program = "from recdrop_lessons.cli import app; app()"
    command = [sys.executable, "-c", program, "grade", "submitted", "--out", out, "--seed", "1", *more]
    return measure(command, folder, (0, 1))


def nbgrader(folder: Path) -> Cost:
    """The same class by nbgrader: the assignments are made first and not counted."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    used = sorted({path.parent.name for path in folder.glob("submitted/*/*/*.ipynb")})
    program = "import sys; from nbgrader.apps.nbgraderapp import main; main()"
    for name in used:
        measure([sys.executable, "-c", program, "generate_assignment", name, "--force"], folder)
    costs = [measure([sys.executable, "-c", program, "autograde", name], folder) for name in used]
    return Cost(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs))


def scores(folder: Path) -> tuple[float, float]:
    """The class's points by recdrop and by nbgrader's gradebook, which must agree."""
    from nbgrader.api import Gradebook

    with (folder / "out" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        ours = sum(float(row["points"]) for row in csv.DictReader(file))
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        theirs = sum(row["score"] for one in book.assignments for row in book.submission_dicts(one.name))
    return ours, theirs


def compare_workers(folder: Path, turns: int = 5) -> None:
    """One worker and two in turns, so that a busy moment of the machine meets both; the start included."""
    ratios = []
    for turn in range(turns):
        one, two = (recdrop(folder, f"{jobs}-{turn}", "--jobs", str(jobs)).wall for jobs in (1, 2))
        ratios.append(one / two)
    shown = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    middle = statistics.median(ratios)
    print(f"\nTwo workers: {middle:.2f} times as fast as one, of {shown} (load {os.getloadavg()[0]:.1f})")


def split(folder: Path) -> None:
    """Where the CPU time of one submission goes, after a first round; the start of the command apart."""
    import torch

    from recdrop_lessons import checks
    from recdrop_lessons.grading.checker import Checker
    from recdrop_lessons.grading.isolation import locked_server

    torch.set_num_threads(1)
    count = len(lessons())
    make_class(folder, 6 * count)
    files = sorted(folder.glob("*/*/*.ipynb"))
    end, seconds = Spawner.end_learner, [0.0]

    def ended(self: Spawner) -> Ending:
        ending = end(self)
        seconds[0] += ending.cpu_seconds
        return ending

    Spawner.end_learner = ended  # type: ignore[method-assign]
    with locked_server() as server, Checker(server) as checker:
        spawner = checker.spawner(checks.lesson(lessons()[0]))
        for _ in range(50):
            spawner.learner(1).close()
            spawner.end_learner()
        empty, seconds[0] = seconds[0] / 50, 0.0
        for number, file in enumerate(files):
            if number == count:
                seconds[0], began = 0.0, time.process_time()
            checker.grade(file.read_bytes(), checks.lesson(file.stem), 1)
        ours = (time.process_time() - began) / (5 * count)
    Spawner.end_learner = end  # type: ignore[method-assign]
    its = seconds[0] / (5 * count) - empty
    print("\n| CPU of one submission | ms |\n|---|---|")
    print(f"| a learner's process that does nothing: fork, locks, end | {1000 * empty:.1f} |")
    print(f"| in it: reading, the learner's cells, every call and gradient | {1000 * its:.1f} |")
    print(f"| the checker | {1000 * ours:.1f} |")


def private_memory() -> float:
    """MB that a learner's process holds for itself alone after a whole notebook."""
    from recdrop_lessons import checks
    from recdrop_lessons.grading.checker import Checker
    from recdrop_lessons.grading.isolation import locked_server
    from recdrop_lessons.grading.learner_process import LearnerProcess

    found: list[float] = []
    close = LearnerProcess.close

    def look(self: LearnerProcess) -> None:
        if self.lost is None:
            youngest = max(
                _of(workspace), key=lambda pid: int(Path(f"/proc/{pid}/stat").read_text().split()[21])
            )
            rollup = Path(f"/proc/{youngest}/smaps_rollup").read_text()
            found.append(
                sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private")) / 1024
            )
        close(self)

    LearnerProcess.close = look  # type: ignore[method-assign]
    name = lessons()[0]
    data = (ROOT / "solutions" / name / f"{name}.ipynb").read_bytes()
    with locked_server() as server, Checker(server) as checker:
        workspace = server.process.workspace
        graded = checker.grade(data, checks.lesson(name), 1)
    LearnerProcess.close = close  # type: ignore[method-assign]
    assert graded.points == 100
    return max(found)


def _of(workspace: str) -> list[str]:
    """Processes of that fork server."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if workspace.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--nbgrader", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--growth", action="store_true", help="10, 100 and 1000 students")
    parser.add_argument("--workers", action="store_true", help="one worker against two")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(lessons())} lessons mixed\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_class(folder / "submitted", asked.students)
        ours = recdrop(folder, "out")
        print(f"| {asked.students} submissions | CPU each | wall each |\n|---|---|---|")
        print(f"| recdrop grade | {ours.per(asked.students)} |")
        if asked.nbgrader:
            theirs = nbgrader(folder)
            print(f"| nbgrader autograde | {theirs.per(asked.students)} |")
            print(f"| ratio | {theirs.cpu / ours.cpu:.0f} | {theirs.wall / ours.wall:.0f} |")
            print("\nThe class's points: {:.0f} by recdrop, {:.0f} by nbgrader".format(*scores(folder)))
        split(folder / "split")
        if asked.workers:
            compare_workers(folder)
    if asked.growth:
        print("\n| students | CPU | wall | CPU for each more |\n|---|---|---|---|")
        before: tuple[int, Cost] | None = None
        for count in (10, 100, 1000):
            with tempfile.TemporaryDirectory() as name:
                make_class(Path(name) / "submitted", count)
                cost = recdrop(Path(name), "out")
            more = f"{1000 * (cost.cpu - before[1].cpu) / (count - before[0]):.1f} ms" if before else ""
            print(f"| {count} | {cost.cpu:.1f} s | {cost.wall:.1f} s | {more} |")
            before = (count, cost)
    print(f"\nPrivate memory of one learner's process: {private_memory():.1f} MB")


if __name__ == "__main__":
    main()
