"""The exercises in nbgrader itself: autograde gives a right copy everything, a wrong one what it earned."""

import json
import os
import shutil
import sysconfig
from pathlib import Path

import pytest

from recdrop_lessons.checks import lesson

ROOT = Path(__file__).resolve().parents[2]
NAME = "01_cells"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder of nbgrader's with lesson 01, and the API over it."""
    pytest.importorskip("nbgrader")
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    monkeypatch.setenv("PATH", os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]))
    shutil.copytree(ROOT / "solutions" / NAME, tmp_path / "solutions" / NAME)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    monkeypatch.chdir(tmp_path)
    return tmp_path, NbGraderAPI(config=config)


def submit(course, student, change):
    """The released exercise, its answer cells written by `change(name, source)`."""
    root, _ = course
    notebook = json.loads((root / "exercises" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"]["nbgrader"]["solution"]:
            cell["source"] = change(cell["id"], "".join(cell["source"]))
    target = root / "submitted" / student / NAME
    target.mkdir(parents=True)
    (target / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return target / f"{NAME}.ipynb"


def solved(name):
    cells = json.loads((ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if cell["id"] == name)


def one_wrong(name, _):
    source = solved(name)
    return source.replace("i, f, g, o =", "i, g, f, o =") if name == "lstm_step" else source


# nbgrader's own queries say so at each autograde.
@pytest.mark.filterwarnings("ignore:Object of type <Submitted:RuntimeWarning")
def test_autograde_scores_a_right_a_partly_right_and_an_untouched_copy(course):
    _, api = course
    assert api.generate_assignment(NAME)["success"]
    submit(course, "right", lambda name, _: solved(name))
    submit(course, "partly", one_wrong)
    submit(course, "untouched", lambda _, source: source)
    for student, points in (("right", 100), ("partly", 65), ("untouched", 0)):
        result = api.autograde(NAME, student)
        assert result["success"], result["log"]
        assert api.get_submission(NAME, student)["score"] == points
    assert lesson(NAME).points == api.get_submission(NAME, "right")["max_score"] == 100
    assert not list(course[0].rglob("progress.json")), "an instructor's run is nobody's progress"


def test_validate_finds_the_cell_that_fails(course):
    from nbgrader.validator import Validator

    _, api = course
    assert api.generate_assignment(NAME)["success"]
    right = submit(course, "right", lambda name, _: solved(name))
    wrong = submit(course, "partly", one_wrong)
    assert Validator().validate(str(right)).get("failed", []) == []
    failed = Validator().validate(str(wrong))["failed"]
    assert len(failed) == 1
    assert "lstm_step is not right yet (gate-order)" in failed[0]["error"]
