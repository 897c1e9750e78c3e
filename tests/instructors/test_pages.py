"""Each page for instructors, followed literally on a small made-up class."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import torch
import yaml
from instructors import madeup, pages
from instructors.madeup import dies, gates_swapped, half, hand_in, notebook, right

ROOT = pages.ROOT
KNOWN = {"run", "prints", "file", "append", "patch", "by hand", "python", "workflow", "link"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the class of grading.md, graded as that page says."""
    folder = tmp_path_factory.mktemp("class")
    for student, kind in {"anna": right, "bo": gates_swapped, "chi": half, "dee": dies}.items():
        hand_in(folder / "submissions" / student, notebook(kind))
    hand_in(folder / "submissions" / "eve", "{")
    (folder / "submissions" / "fay").mkdir()
    assert pages.follow("grading", folder) == 4
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "grades" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.stem)
def test_every_block_is_run_or_says_why_not(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r"^# ", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)) == 1
    found = pages.blocks(path.stem)
    assert text.count("\n```") == 2 * len(found)
    for block in found:
        assert block.mark in KNOWN | {""}
        if block.language == "bash":
            assert block.mark in ("run", "by hand"), block.text
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        elif block.mark == "":
            assert block.language == "text", "only what is shown needs no mark"


def test_grading_a_class_resuming_and_reading_the_results(graded: Path) -> None:
    by_student = {name: [row for row in rows(graded) if row["student"] == name] for name in ("anna", "fay")}
    assert {row["status"] for row in by_student["anna"]} == {"ok"}
    assert {row["status"] for row in by_student["fay"]} == {"missing"}
    seed = json.loads((graded / "grades" / ".recdrop" / "run.json").read_text())["seed"]
    assert seed == 7
    assert "gate-order" in (graded / "grades" / "bo" / "feedback.html").read_text()
    page = (ROOT / "docs" / "instructors" / "grading.md").read_text()
    from recdrop_lessons.grading.pages import _STATUS

    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == list(_STATUS)


def test_insights_into_the_class_with_its_predictions(graded: Path, tmp_path: Path) -> None:
    shutil.copytree(graded / "grades", tmp_path / "grades")
    stores = madeup.predictions({"anna": "b", "bo": "c", "chi": "c", "dee": "d", "eve": "b"})
    for student, store in stores.items():
        path = tmp_path / "predictions" / f"{student}.json"
        if student == "bo":
            path = tmp_path / "predictions" / "bo" / ".recdrop" / "progress.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(store), encoding="utf-8")
    assert pages.follow("insights", tmp_path) == 2
    text = (tmp_path / "grades" / "insights.html").read_text(encoding="utf-8")
    assert "gate-order" in text and "1.2 lstm_step" in text and "3 of 5 (60 %)" in text
    assert not [name for name in ("anna", "chi", "dee", "eve", "fay") if re.search(rf"\b{name}\b", text)]
    # On the seed of the page, with the class's folder beside it, a learner sees the class.
    shutil.copy(tmp_path / "grades" / "class_predictions.json", tmp_path)
    shown = subprocess.run(
        [sys.executable, "-c", "from recdrop_lessons import reveal; print(reveal('05-goes-up'))"],
        env=os.environ | {"RECDROP_FOLDER": str(tmp_path)},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "3 of 5 (60 %) of the class got it wrong" in shown


def test_a_lesson_becomes_slides(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "slides.py", tmp_path / "tools")
    assert pages.follow("slides", tmp_path) == 2, "by nbconvert, then as one file in its place"
    html = (tmp_path / "slides" / "05_recurrent_dropout_family.slides.html").read_text(encoding="utf-8")
    lesson = (ROOT / "notebooks" / "05_recurrent_dropout_family.ipynb").read_text(encoding="utf-8")
    headings = {json.loads(f'"{words}"').strip() for words in re.findall(r'"## (.*?)(?:\\n)?"', lesson)}
    assert html.count("<section>") > 3 * len(headings) > 0, "each section and, below it, its results"
    assert html.count('<aside class="notes">') > 0 and "<summary>The answer</summary>" in html
    assert "import keras" not in html, "code that shows nothing is left out"
    assert 'src="http' not in html and "<link" not in html, "all that the page needs is in it"


# nbgrader's own queries say so.
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_nbgrader_releases_and_gets_its_points_back(tmp_path: Path) -> None:
    pytest.importorskip("nbgrader")
    shutil.copytree(ROOT / "solutions" / madeup.LESSON, tmp_path / "solutions" / madeup.LESSON)
    config = (ROOT / "nbgrader_config.py").read_text()
    (own,) = pages.marked("nbgrader", "python")
    (tmp_path / "nbgrader_config.py").write_text(config + own)
    for student, kind in {"anna": right, "bo": gates_swapped}.items():
        hand_in(tmp_path / "submitted" / student, notebook(kind))
        note = tmp_path / "submitted" / student / madeup.LESSON / "timestamp.txt"
        note.write_text("2026-11-20 12:00:00 UTC")
    assert pages.follow("nbgrader", tmp_path) == 3
    released = tmp_path / "exercises" / madeup.LESSON / f"{madeup.LESSON}.ipynb"
    assert "raise NotImplementedError()" in released.read_text()
    assert {row["late"] for row in rows(tmp_path)} == {"no"}
    with (tmp_path / "points.csv").open(newline="") as file:
        points = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    assert points == {"anna": 100, "bo": 65}


def test_gradescopes_archive_grades_an_upload_with_the_course_inside_it(graded: Path, tmp_path: Path) -> None:
    shutil.copytree(graded / "grades", tmp_path / "grades")
    assert pages.follow("gradescope", tmp_path) == 1
    # As Gradescope unpacks it, with other names for its three folders and the environment made already.
    room = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "gradescope" / "autograder-01_cells.zip") as archive:
        archive.extractall(room / "source")
    assert "/autograder/source/course[course]" in (room / "source" / "setup.sh").read_text()
    (room / "submission").mkdir()
    (room / "submission" / "my homework.ipynb").write_text(notebook(gates_swapped))
    (room / "env" / "bin").mkdir(parents=True)
    recdrop = room / "env" / "bin" / "recdrop"
    program = "from recdrop_lessons.cli import app; app()"
    recdrop.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{program}' \"$@\"\n")
    recdrop.chmod(0o755)
    script = (room / "source" / "run_autograder").read_text()
    script = script.replace("/autograder", str(room))
    environment = os.environ | {"PYTHONPATH": str(room / "source" / "course")}
    done = subprocess.run(
        ["bash", "-c", script], cwd=room, env=environment, capture_output=True, text=True, check=False
    )
    result = json.loads((room / "results" / "results.json").read_text())
    assert (result["score"], len(result["tests"])) == (65, 4), done.stderr
    assert "Misconception: gate-order" in result["tests"][1]["output"]


def test_github_classrooms_workflow_grades_a_push(tmp_path: Path) -> None:
    (text,) = pages.marked("github-classroom", "workflow")
    workflow = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()
    (grading,) = (step for step in job["steps"] if step.get("id"))
    reporter = job["steps"][-1]
    # The reporter reads <RUNNER>_RESULTS for each of its runners.
    assert reporter["with"]["runners"] == grading["id"]
    assert reporter["env"] == {f"{grading['id'].upper()}_RESULTS": "${{ steps.exercise.outputs.result }}"}
    hand_in(tmp_path / "submitted", notebook(gates_swapped))
    output = tmp_path / "output"
    output.touch()
    pages.in_bash(f"GITHUB_OUTPUT='{output}'\n{grading['run']}", tmp_path, 0)
    assert re.fullmatch(r"result=[A-Za-z0-9+/=]+\n", output.read_text())


def test_github_classrooms_clones_become_a_class(tmp_path: Path) -> None:
    for student in ("anna", "bo-li"):
        hand_in(tmp_path / "cells-submissions" / f"cells-{student}", "{}")
    assert pages.follow("github-classroom", tmp_path) == 1
    found = {path.parts[-3] for path in (tmp_path / "submissions").rglob("*.ipynb")}
    assert found == {"anna", "bo-li"}


def test_canvas_downloads_are_graded_and_go_back_into_its_gradebook(tmp_path: Path) -> None:
    (tmp_path / "downloaded").mkdir()
    handed_in_by = {"arendtanna_LATE_11_701": right, "brechtbo_12_702": gates_swapped, "李娜_13_703": right}
    handed_in_by["_14_704"] = gates_swapped  # Canvas drops what is no letter, and this name is an emoji
    for name, kind in handed_in_by.items():
        (tmp_path / "downloaded" / f"{name}_01_cells-1.ipynb").write_text(notebook(kind))
    (tmp_path / "roster.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,01_cells (7788)\r\n"
        "    Points Possible,,,,,100\r\n"
        '"Arendt, Anna",11,u1,anna,A,\r\n'
        '"Brecht, Bo",12,u2,bo,A,\r\n'
        "李娜,13,u3,lina,A,\r\n"
        "🦄,14,u4,unicorn,A,\r\n",
        newline="",
        encoding="utf-8",
    )
    assert pages.follow("canvas", tmp_path) == 3
    with (tmp_path / "canvas" / "canvas.csv").open(newline="", encoding="utf-8-sig") as file:
        points = {row["Student"].strip(): row["01_cells (7788)"] for row in csv.DictReader(file)}
    expected = {"Arendt, Anna": "100", "Brecht, Bo": "65", "李娜": "100", "🦄": "65"}
    assert points == {"Points Possible": "100"} | expected


def test_moodle_downloads_are_graded_and_go_back_into_its_worksheet(tmp_path: Path) -> None:
    odd = os.fsdecode(b"M\xfcller_103")  # from an archive whose names are not in UTF-8
    for name, kind in {"Łukasz Żak_101": right, "李娜_102": gates_swapped, odd: right}.items():
        folder = tmp_path / "downloaded" / f"{name}_assignsubmission_file_"
        folder.mkdir(parents=True)
        (folder / "01_cells-1.ipynb").write_text(notebook(kind))
    (tmp_path / "worksheet.csv").write_text(
        'Identifier,"Full name",Status,Grade,"Maximum grade","Feedback comments"\r\n'
        'Participant 101,"Łukasz Żak",Submitted,,"100,00",\r\n'
        'Participant 102,"李娜",Submitted,,"100,00",\r\n'
        'Participant 103,"Müller",Submitted,,"100,00",\r\n',
        newline="",
        encoding="utf-8",
    )
    assert pages.follow("moodle", tmp_path) == 3
    with (tmp_path / "moodle" / "moodle.csv").open(newline="", encoding="utf-8-sig") as file:
        points = {row["Full name"]: row["Grade"] for row in csv.DictReader(file)}
    assert points == {"Łukasz Żak": "100,00", "李娜": "65,00", "Müller": "100,00"}


def test_jupyterhubs_and_binders_links_open_a_lesson_that_is_there() -> None:
    binder, puller = (urlsplit(text.strip()) for text in pages.marked("jupyterhub", "link"))
    (opened,) = parse_qs(binder.query)["urlpath"]
    assert (ROOT / opened.removeprefix("lab/tree/")).is_file()
    assert re.fullmatch(r"/v2/gh/[\w-]+/[\w-]+/main", binder.path)
    query = {name: value for name, (value,) in parse_qs(puller.query, strict_parsing=True).items()}
    assert puller.path == "/hub/user-redirect/git-pull"
    assert query["branch"] == "main"
    # nbgitpuller names the folder after the repository.
    folder = urlsplit(query["repo"]).path.rsplit("/", 1)[1]
    opened = query["urlpath"].removeprefix(f"lab/tree/{folder}/")
    assert opened != query["urlpath"] and (ROOT / opened).is_file()


def test_an_exercise_of_ones_own_is_added_released_and_caught_by_name(tmp_path: Path) -> None:
    """In a copy of the repository: the right answers pass, and the wrong one is named to the learner."""
    clone = tmp_path / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("notebooks/", "benchmarks/", "docs/")):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)

    def a_learner_writes(block: pages.Block) -> None:
        if not block.text.startswith("recdrop check"):
            return
        page = (ROOT / "docs" / "instructors" / "adapting.md").read_text()
        (written,) = re.findall(r"write `(.+)` into part 2\.5", page)
        lesson = "02_noise"
        stub = madeup.stub("variance_after_dropout", lesson, clone)
        assert "raise NotImplementedError()" in stub and "SOLUTION" not in stub
        wrong = re.sub("raise NotImplementedError.*", written, stub)
        tried = madeup.answers(lesson, clone) | {"variance_after_dropout": wrong}
        hand_in(clone / "exercises", madeup.fill(tried, lesson, clone), lesson)

    assert pages.follow("adapting", clone, a_learner_writes) == 3
    space: dict[str, Any] = {}
    exec(madeup.answers("02_noise", clone)["variance_after_dropout"], space)
    assert space["variance_after_dropout"](torch.zeros(()), torch.ones(()), 0.5) == 2
