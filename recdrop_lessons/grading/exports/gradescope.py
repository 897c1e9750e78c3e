"""Gradescope: `results.json` of one submission, and the autograder archive that makes it there.

Formats: gradescope-autograders.readthedocs.io, "Autograder Specifications".
"""

from __future__ import annotations

import json
import zipfile
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from recdrop_lessons.grading.exports import Record, part_text
from recdrop_lessons.grading.records import write_whole

_SETUP = """#!/usr/bin/env bash
# Once, when Gradescope builds the image.
set -euo pipefail
apt-get update -qq && apt-get install -y -qq python3 python3-venv bubblewrap
python3 -m venv /autograder/env
/autograder/env/bin/pip install --quiet "recdrop_lessons[course]{version}"
"""
# The submission is the learner's; it is graded by the same engine as a class, in its own sandbox.
_RUN = """#!/usr/bin/env bash
# For each submission.
set -uo pipefail
mkdir -p /tmp/class/student/{lesson} /autograder/results
cp /autograder/submission/*.ipynb /tmp/class/student/{lesson}/
/autograder/env/bin/recdrop grade /tmp/class --out /tmp/out --lesson {lesson}
/autograder/env/bin/recdrop export /tmp/out --to gradescope --into /tmp/gradescope
cp /tmp/gradescope/student/{lesson}.json /autograder/results/results.json
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
                "status": "passed" if part["status"] == "ok" else "failed",
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


def write_autograder(lesson: str, into: Path) -> Path:
    """INTO/autograder-<lesson>.zip, to be uploaded as the assignment's autograder."""
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"autograder-{lesson}.zip"
    scripts = {
        "setup.sh": _SETUP.format(version=f"=={installed_version('recdrop_lessons')}"),
        "run_autograder": _RUN.format(lesson=lesson),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in scripts.items():
            entry = zipfile.ZipInfo(name)  # with a fixed date: the same archive each time
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
    return path
