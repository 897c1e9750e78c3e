"""Gradescope: `results.json` of one submission, and the autograder archive that makes it there.

Formats: gradescope-autograders.readthedocs.io, "Autograder Specifications".
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.checks.outcomes import NOT_WRITTEN_YET
from recdrop_lessons.grading.exports import Record, part_text
from recdrop_lessons.grading.finding import NotFound
from recdrop_lessons.grading.records import Store
from recdrop_lessons.support.files import write_whole

_COURSE = Path(__file__).resolve().parents[3]  # the clone
_SETUP = """#!/usr/bin/env bash
# Once, when Gradescope builds the image.
set -euo pipefail
apt-get update -qq && apt-get install -y -qq python3 python3-venv bubblewrap
python3 -m venv /autograder/env
/autograder/env/bin/pip install --quiet -e "/autograder/source/course[course]"
"""
# The submission is the learner's; it is graded by the same engine as a class, in its own sandbox.
_RUN = """#!/usr/bin/env bash
# For each submission.
set -uo pipefail
room=$(mktemp -d)
mkdir -p "$room"/class/student/{lesson} /autograder/results
cp /autograder/submission/*.ipynb "$room"/class/student/{lesson}/
/autograder/env/bin/python -m recdrop_lessons.grading.exports.gradescope \\
    /autograder/submission_metadata.json "$room"/out {lesson}
/autograder/env/bin/recdrop grade "$room"/class --out "$room"/out --lesson {lesson}
/autograder/env/bin/recdrop export "$room"/out --to gradescope --into "$room"/gradescope
cp "$room"/gradescope/student/{lesson}.json /autograder/results/results.json
"""


def result(record: Record) -> dict[str, Any]:
    """One submission's results.json."""
    return {
        "score": record["points"],
        "output": f"{record['lesson']}: {record['points']} of {record['max_points']} points; "
        f"isolation: {record['isolation']}",
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            {
                "name": part["name"],
                "number": part["part"],
                "score": part["points"],
                "max_score": part["max_points"],
                "status": "passed" if part["status"] == Status.OK else "failed",
                "output": part_text(part),
                "tags": [tag for tag in (part["status"], part["misconception"]) if tag],
                "visibility": "visible",
            }
            for part in record["parts"]
        ],
    }


def write(student: str, record: Record, into: Path) -> None:
    """INTO/<student>/<lesson>.json."""
    write_whole(
        into / student / f"{record['lesson']}.json", json.dumps(result(record), indent=1), durable=False
    )


def remember_earlier(metadata: Path, out: Path, lesson: str) -> None:
    """Keep in OUT which parts failed in the student's earlier submissions, for feedback in steps.

    `metadata`: Gradescope's submission_metadata.json, which holds the results of each. Without it, or with
    another one than is expected, the feedback is that of a first submission.
    """
    try:
        earlier = json.loads(metadata.read_text(encoding="utf-8"))["previous_submissions"]
        tests = [test for one in earlier for test in one.get("results", {}).get("tests", ())]
        failed = {
            test["number"]
            for test in tests
            if test["status"] == "failed" and not test["output"].startswith(NOT_WRITTEN_YET)
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return
    Store(out).remember("student", lesson, sorted(failed))


def write_autograder(lesson: str, into: Path, course: Path = _COURSE) -> Path:
    """INTO/autograder-<lesson>.zip, to be uploaded as the assignment's autograder.

    It holds the course's library as it is here, so that Gradescope grades with the same checks.

    Raises `NotFound`: the library is not run from a clone of the course.
    """
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"autograder-{lesson}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("setup.sh", _SETUP), ("run_autograder", _RUN.format(lesson=lesson))):
            archive.writestr(_entry(name, 0o755), text)
        for file in _course_files(course, lesson):
            name = f"course/{file.relative_to(course).as_posix()}"
            archive.writestr(_entry(name, 0o644), file.read_bytes())
    return path


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # with a fixed date: the same archive each time
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = mode << 16
    return entry


def _course_files(course: Path, lesson: str) -> Iterator[Path]:
    """What `pip install` needs, and the lesson's own solution, whose locked cells are graded."""
    if not (course / "pyproject.toml").is_file():
        raise NotFound(
            f"The autograder contains the course, and {course} is not a clone of it: "
            "run `recdrop export` from a clone, where `make env` installed it."
        )
    yield course / "pyproject.toml"
    yield course / "README.md"
    yield from sorted(course.glob("LICENSE*"))
    yield course / "solutions" / lesson / f"{lesson}.ipynb"
    for file in sorted((course / "recdrop_lessons").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file


if __name__ == "__main__":  # in run_autograder
    remember_earlier(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
