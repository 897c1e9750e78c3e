"""`recdrop grade`: from a class's folder to its results' folder."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recdrop_lessons import checks
from recdrop_lessons.grading import pages, reports
from recdrop_lessons.grading.classroom import GradedSubmission, Pool, grade_class
from recdrop_lessons.grading.names import Remark
from recdrop_lessons.grading.pool import LocalPool
from recdrop_lessons.grading.records import Store
from recdrop_lessons.grading.submissions import ClassFolder, find_submissions
from recdrop_lessons.support.files import write_whole
from recdrop_lessons.support.progress import progress_bar


@dataclass(frozen=True)
class Options:
    """What `recdrop grade` is asked for; see its help."""

    folder: Path
    out: Path
    jobs: int = 1
    seed: int | None = None
    isolation: str = "auto"
    trusted: bool = False
    shard: tuple[int, int] = (1, 1)
    scheduler: str | None = None
    lessons: tuple[str, ...] = ()
    attempts: str = "last"
    due: float | None = None


@dataclass(frozen=True)
class Finished:
    """What a run came to."""

    totals: reports.Totals
    problems: tuple[Remark, ...]
    isolation: str

    @property
    def exit_code(self) -> int:
        """0: everything was graded; 1: something needs a look by hand."""
        return 1 if self.totals.ungraded or self.problems else 0


def grade_folder(options: Options) -> Finished:
    """Grade a class and write everything.

    Raises `NotFound`: there is no such folder.
    Raises `GradingError`: no isolation holds here.
    Raises `KeyError`: a lesson that was named does not exist.
    """
    known = [lesson.name for lesson in checks.all_lessons()]
    required = [checks.lesson(name).name for name in options.lessons]
    found = find_submissions(options.folder, known, required, options.out)
    part, of = options.shard
    chosen = found.submissions[part - 1 :: of]
    store = Store(options.out, options.seed)
    with _pool(options) as pool, progress_bar(len(chosen), "notebook") as advance:
        rows = grade_class(chosen, store, pool, attempts=options.attempts, due=options.due, progress=advance)
    if of == 1:
        _write_reports(rows, found, options.out)
    return Finished(reports.totals(rows), found.problems, pool.isolation)


@contextlib.contextmanager
def _pool(options: Options) -> Iterator[Pool]:
    if options.scheduler is not None:
        from recdrop_lessons.grading.cluster import ClusterPool

        with ClusterPool(options.scheduler, options.isolation, options.trusted) as cluster:
            yield cluster
    else:
        shut = [options.folder, options.out]
        with LocalPool(options.jobs, options.isolation, shut, options.trusted) as local:
            yield local


def _write_reports(rows: Sequence[GradedSubmission], found: ClassFolder, out: Path) -> None:
    for student, its in itertools.groupby(rows, key=lambda row: row.submission.student):
        write_whole(out / student / "feedback.html", pages.feedback(student, list(its)), durable=False)
    write_whole(out / "summary.html", pages.summary(rows, found.problems), durable=False)
    # By the mark at its beginning Excel knows UTF-8; without it names in other scripts are garbled there.
    write_whole(out / "grades.csv", "\ufeff" + reports.grades_csv(rows))
