"""Make exercises/ from solutions/ by nbgrader's own generate_assignment, and the outline from the checks.

    python tools/release_exercises.py            # write exercises/
    python tools/release_exercises.py 02_noise   # one lesson's
    python tools/release_exercises.py --check    # exit 1 where one is not what solutions/ and checks make

The same solutions give the same bytes. Nothing but exercises/ and the library's data/outline.json is
written: the gradebook that nbgrader needs lives in a folder that is thrown away.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTLINE = ROOT / "recdrop_lessons" / "data" / "outline.json"


def assignments(root: Path = ROOT) -> list[str]:
    """The lessons that have a solution, in order."""
    return sorted(p.name for p in (root / "solutions").iterdir() if (p / f"{p.name}.ipynb").is_file())


def generate(into: Path, names: list[str], root: Path = ROOT) -> None:
    """Write into/NAME/NAME.ipynb for each name, as nbgrader releases it.

    Raises:
        RuntimeError: nbgrader could not make one of them.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    # nbgrader calls `alembic` by name: let it find the one beside this Python.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch)
        shutil.copytree(root / "solutions", course / "solutions", ignore=_checkpoints)
        config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        config.CourseDirectory.root = str(course)
        config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}"
        api = NbGraderAPI(config=config)
        api.log_level = logging.ERROR
        for name in names:
            result = api.generate_assignment(name, force=True, create=True)
            if not result["success"]:
                raise RuntimeError(f"nbgrader could not release {name}:\n{result['log']}\n{result['error']}")
            made = course / "exercises" / name / f"{name}.ipynb"
            target = into / name / f"{name}.ipynb"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_tidy(made.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def _checkpoints(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(".")]


def _tidy(text: str) -> str:
    """The notebook with stable key order and without what depends on the machine that made it."""
    notebook = json.loads(text)
    notebook["metadata"].get("language_info", {}).pop("version", None)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def outline() -> str:
    """All parts' numbers, names, points and hints, as recdrop_lessons/outline.py reads them."""
    from recdrop_lessons.checks import all_lessons

    names = ("number", "name", "points", "hints")
    found = {
        lesson.name: [{name: getattr(part, name) for name in names} for part in lesson.parts]
        for lesson in all_lessons()
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lesson", nargs="*", help="by default all")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where they differ")
    arguments = parser.parse_args()
    known = assignments()
    names = arguments.lesson or known
    if unknown := set(names) - set(known):
        parser.error(f"no lesson is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if not arguments.check:
        generate(ROOT / "exercises", names)
        OUTLINE.write_text(outline(), encoding="utf-8", newline="\n")
        print(f"exercises/: {', '.join(names)}")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch), names)
        stale = [
            name
            for name in names
            if not (ROOT / "exercises" / name / f"{name}.ipynb").is_file()
            or (ROOT / "exercises" / name / f"{name}.ipynb").read_bytes()
            != (Path(scratch) / name / f"{name}.ipynb").read_bytes()
        ]
    if not OUTLINE.is_file() or OUTLINE.read_text(encoding="utf-8") != outline():
        stale.append(OUTLINE.name)
    if stale:
        print(f"Out of step: {', '.join(stale)}. Run tools/release_exercises.py.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
