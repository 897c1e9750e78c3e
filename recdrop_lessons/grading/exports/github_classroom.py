"""GitHub Classroom: what an autograding runner hands to `autograding-grading-reporter`.

The reporter reads base64 of JSON: status, max_score and tests, whose scores it adds up. A workflow passes it
on as the step's output `result`.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from recdrop_lessons.checks.answer import Status
from recdrop_lessons.grading.exports import Record, part_text
from recdrop_lessons.support.files import write_whole

_STATUS = {Status.OK: "pass", Status.FAILED: "fail", Status.MISSING: "fail"}  # the others are errors


def result(record: Record) -> dict[str, Any]:
    """One runner's result: a test a part."""
    tests = [
        {
            "name": f"{part['part']} {part['name']}",
            "status": _STATUS.get(part["status"], "error"),
            "score": part["points"],
            "max_score": part["max_points"],
            "message": part_text(part),
            "test_code": part["name"],
            "filename": f"{record['lesson']}.ipynb",
            "line_no": 0,
            "duration": 0,
        }
        for part in record["parts"]
    ]
    statuses = {test["status"] for test in tests if test["max_score"]}  # none of a part for practice
    status = "error" if "error" in statuses else "fail" if "fail" in statuses else "pass"
    return {"version": 1, "status": status, "max_score": record["max_points"], "tests": tests}


def encoded(record: Record) -> str:
    """The result as the reporter's environment variable holds it."""
    return base64.b64encode(json.dumps(result(record)).encode()).decode()


def write(student: str, record: Record, into: Path) -> None:
    """INTO/<student>/<lesson>.json, and .txt with `result=…` for a step's $GITHUB_OUTPUT."""
    path = into / student / f"{record['lesson']}.json"
    write_whole(path, json.dumps(result(record), indent=1), durable=False)
    write_whole(path.with_suffix(".txt"), f"result={encoded(record)}\n", durable=False)
