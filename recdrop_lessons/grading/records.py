"""Results on disk: each written whole or not at all, so that a run that was cut off continues.

OUT/<student>/<lesson>.json            the record, as in `recdrop check --json`
OUT/.recdrop/<student>/<lesson>.json   the same with what it rests on: the submission's digest, seed, checks
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from recdrop_lessons import checks
from recdrop_lessons.grading.merge import course_cells
from recdrop_lessons.support.files import write_whole

Record = dict[str, Any]

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def checks_version() -> str:
    """A digest of all that a record rests on beside the submission: with another one it is graded again.

    The checks and the grader, the course's own cells that run with the answers, and torch's release.
    """
    digest = hashlib.sha256(torch.__version__.encode())
    for folder in ("checks", "grading"):
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    for lesson in checks.all_lessons():
        for grade_id, step in course_cells(lesson):
            digest.update(json.dumps([lesson.name, grade_id, step.source]).encode())
    return digest.hexdigest()[:16]


class Store:
    """The results' folder.

    `out`: the folder; made where it is not there.
    `seed`: the seed of a new run; a folder that has one keeps it, unless another is given.
    """

    def __init__(self, out: Path, seed: int | None = None) -> None:
        self.out = out
        self._inside = out / ".recdrop" / "records"
        run_file = out / ".recdrop" / "run.json"
        run = _load(run_file)
        kept = run.get("seed") if isinstance(run, dict) else None
        self.seed: int = seed if seed is not None else kept if isinstance(kept, int) else secrets.randbits(32)
        write_whole(run_file, json.dumps({"seed": self.seed}))
        for left_over in self._inside.rglob(".writing-*"):
            with contextlib.suppress(OSError):
                left_over.unlink()

    def last(self, student: str, lesson: str) -> Record | None:
        """The stored record, whatever it rests on; None where there is none."""
        found = _load(self._inside / student / f"{lesson}.json")
        return found if isinstance(found, dict) else None

    def remember(self, student: str, lesson: str, failed: Sequence[str]) -> None:
        """Keep which parts failed in submissions that were graded elsewhere."""
        write_whole(self._inside / student / f"{lesson}.json", _text({"failed": sorted(failed)}))

    def find(self, student: str, lesson: str, basis: Record) -> Record | None:
        """The stored record that rests on this basis, its public copy restored; None where there is none."""
        found = self.last(student, lesson)
        if found is None or found.get("basis") != basis:
            return None
        text = _text(found["record"])
        public = self.out / student / f"{lesson}.json"
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if public.read_text(encoding="utf-8") == text:
                return found
        write_whole(public, text)
        return found

    def write(self, student: str, lesson: str, full: Record) -> None:
        """Both files; the one inside last, as the mark that the record is complete."""
        write_whole(self.out / student / f"{lesson}.json", _text(full["record"]), durable=False)
        write_whole(self._inside / student / f"{lesson}.json", _text(full))


def _text(value: Record) -> str:
    return json.dumps(value, indent=1) + "\n"


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
