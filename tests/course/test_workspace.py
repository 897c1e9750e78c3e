"""A working copy takes what the course brings, and nothing of the learner's is ever lost."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from recdrop_lessons import progress
from recdrop_lessons.cli import app
from recdrop_lessons.course import lab, workspace
from recdrop_lessons.course.folders import WITHIN_CLONE, learners_folder
from recdrop_lessons.course.named import own_notebook
from recdrop_lessons.course.without_results import NOTE, without_results
from recdrop_lessons.course.workspace import WorkspaceError, find, start, update
from recdrop_lessons.support.errors import RecdropError

ROOT = Path(__file__).parents[2]
EXERCISE = "exercises/01_cells/01_cells.ipynb"
LESSON = "notebooks/01_cells.ipynb"
ANSWER = "def rnn_step(x, h, W, U, b):\n    return mine"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small course beside the learner's folder, with spaces and letters beyond ASCII in their names."""
    course = tmp_path / "der Kurs é"
    (course / "notebooks").mkdir(parents=True)
    for name in ("00_start_here", "01_cells"):
        cells = [new_markdown_cell("# A lesson", id="title"), new_code_cell("print(1)", id="run")]
        nbformat.write(new_notebook(cells=cells), course / "notebooks" / f"{name}.ipynb")
    (course / "notebooks" / "claims.md").write_text("claims\n")
    (course / "notebooks" / ".ipynb_checkpoints").mkdir()
    (course / "notebooks" / ".ipynb_checkpoints" / "01_cells-checkpoint.ipynb").write_text("{}")
    shutil.copytree(ROOT / "exercises" / "01_cells", course / "exercises" / "01_cells")
    monkeypatch.setattr(workspace, "COURSE", course)
    monkeypatch.delenv("RECDROP_FOLDER", raising=False)
    return course


@pytest.fixture
def mine(course: Path) -> Path:
    folder = course.parent / "meine Übung"
    assert start(folder).started
    return folder


def edit(path: Path, change: Callable[[NotebookNode], object]) -> bytes:
    """Change a notebook in place; returns what is there then."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    return path.read_bytes()


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(one for one in notebook.cells if one.id == name)


def write_answer(notebook: NotebookNode) -> None:
    """The learner's work: one answer with its output, a cell after it, a note at the very top."""
    answer = cell(notebook, "rnn_step")
    answer.source, answer.execution_count = ANSWER, 7
    notebook.cells.insert(notebook.cells.index(answer) + 1, new_code_cell("rnn_step(1)", id="try-it"))
    notebook.cells.insert(0, new_markdown_cell("my note", id="note"))


def new_text(notebook: NotebookNode) -> None:
    """The course's work: another text, another stub, another check, a part more."""
    cell(notebook, "text_rnn_step").source = "## 1.1 said better"
    cell(notebook, "lstm_step").source = "def lstm_step(x):\n    raise NotImplementedError()"
    cell(notebook, "check_rnn_step").source = "check(rnn_step, '1.1', better=True)"
    notebook.cells.append(new_markdown_cell("## One more part", id="more"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".recdrop" not in path.parts
    }


def as_given(course: Path, name: str) -> bytes:
    """What a learner gets of a course's file: a lesson without results."""
    return without_results(name, (course / name).read_bytes())


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


# ---------------------------------------------------------------- start


def test_a_fresh_copy_holds_what_a_learner_needs_and_no_more(course: Path, mine: Path) -> None:
    assert contents(mine) == {
        name: as_given(course, name) for name in contents(course) if ".ipynb_checkpoints" not in name
    }
    assert find(mine / "exercises" / "01_cells") == mine


def test_the_commands_work_from_inside(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine / "exercises" / "01_cells")
    assert lab.course_folder() == mine
    assert learners_folder() == mine
    edit(mine / EXERCISE, write_answer)
    progress.reset("1.1")
    assert "return mine" not in (mine / EXERCISE).read_text(encoding="utf-8")
    assert progress.hint("1.1").text
    (mine / "notebooks" / "00_start_here.ipynb").unlink()
    assert lab.course_folder() == mine, "another course would open otherwise"


def test_start_refuses_what_it_would_spoil(course: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    (tmp_path / "file").write_text("")
    for folder, said in {
        tmp_path / "full": "has files in it and is not a working copy",
        tmp_path / "file": "is a file",
        tmp_path / "file" / "inner": "cannot be made",
        course / "copy": "is inside the course",
        course: "is inside the course",
    }.items():
        before = contents(tmp_path)
        with pytest.raises(WorkspaceError, match=said):
            start(folder)
        assert contents(tmp_path) == before


def test_a_place_that_cannot_be_written_is_said(course: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"cannot be made .*: name a folder in a place that is yours"):
        start(Path("/proc/recdrop"))  # not even root can


def test_start_takes_an_empty_folder_and_goes_on_where_it_was_begun(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert start(Path(".")).started
    edit(mine / EXERCISE, write_answer)
    before = contents(mine)
    assert not start(mine).started
    assert contents(mine) == before


def test_a_course_without_notebooks_is_said(course: Path, tmp_path: Path) -> None:
    shutil.rmtree(course / "notebooks")
    with pytest.raises(WorkspaceError, match=r"notebooks are not in .*: install the course again"):
        start(tmp_path / "mine")


# ---------------------------------------------------------------- without results


def stored(course: Path) -> None:
    """The course's own lesson, as the repository has it: run, with a result and a picture."""

    def run(lesson: NotebookNode) -> None:
        ran = cell(lesson, "run")
        picture = {"image/png": "AAAA", "text/plain": "a picture"}
        ran.outputs = [
            nbformat.v4.new_output("stream", text="the answer\n"),
            nbformat.v4.new_output("display_data", picture),
        ]
        ran.execution_count = 1

    edit(course / LESSON, run)


def test_a_learners_lesson_has_no_results_and_says_where_they_are(course: Path, tmp_path: Path) -> None:
    stored(course)
    before = (course / LESSON).read_bytes()
    mine = start(tmp_path / "mine").folder
    lesson = nbformat.read(mine / LESSON, as_version=4)
    assert [one.id for one in lesson.cells] == ["title", NOTE, "run"]
    assert "recdrop results 01" in lesson.cells[1].source
    assert cell(lesson, "run").outputs == [] and cell(lesson, "run").execution_count is None
    assert (course / LESSON).read_bytes() == before, "the course keeps them"


def test_the_stored_results_are_put_beside_and_never_over_the_learners(course: Path, mine: Path) -> None:
    stored(course)
    own = edit(mine / LESSON, lambda lesson: lesson.cells.append(new_code_cell("my try")))
    beside = workspace.results("01", mine)
    assert beside.parent == mine / "notebooks" and beside.read_bytes() == (course / LESSON).read_bytes()
    scribbled = edit(beside, lambda lesson: lesson.cells.append(new_code_cell("a note in it")))
    assert workspace.results("01_cells.ipynb", mine).read_bytes() == (course / LESSON).read_bytes()
    assert only(mine, "notebooks/*.with-results.yours-*").read_bytes() == scribbled
    assert (mine / LESSON).read_bytes() == own
    assert update(mine).changes == ()
    with pytest.raises(WorkspaceError, match="00 to 01"):
        workspace.results("77", mine)


def test_start_run_update_loses_nothing(course: Path, tmp_path: Path) -> None:
    """The whole way of a learner: take the course, run it, write in it, take what is new, twice."""
    stored(course)
    mine = start(tmp_path / "mine").folder

    def run(lesson: NotebookNode) -> None:
        for one in lesson.cells:
            if one.cell_type == "code":
                one.outputs, one.execution_count = [nbformat.v4.new_output("stream", text="mine\n")], 5

    ran = edit(mine / LESSON, run)
    edit(course / LESSON, lambda lesson: cell(lesson, "run").outputs.pop())  # other results, the same lesson
    assert update(mine).changes == () and (mine / LESSON).read_bytes() == ran
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("more", id="more")))
    assert [change.kind for change in update(mine).changes] == ["renewed"]
    own = edit(mine / LESSON, lambda lesson: cell(lesson, NOTE).update(source="my own note"))
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("still more", id="still")))
    (change,) = update(mine).changes
    assert change.kind == "replaced" and (mine / change.note).read_bytes() == own
    assert (mine / LESSON).read_bytes() == as_given(course, LESSON)


def test_a_copy_that_came_with_results_gives_them_up_only_where_nobody_wrote(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of a release that still gave the results."""
    stored(course)
    with monkeypatch.context() as before:
        before.setattr(workspace, "without_results", lambda _, data: data)
        mine = start(tmp_path / "mine").folder
    assert (mine / LESSON).read_bytes() == (course / LESSON).read_bytes()
    first = "notebooks/00_start_here.ipynb"
    own = edit(mine / first, lambda lesson: lesson.cells.append(new_code_cell("my try")))
    found = {change.name: change for change in update(mine).changes}
    assert found[LESSON].kind == "renewed" and (mine / LESSON).read_bytes() == as_given(course, LESSON)
    assert found[first].kind == "replaced" and (mine / found[first].note).read_bytes() == own


def test_in_a_clone_the_copy_is_the_learners_folder(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course)
    assert learners_folder() == course, "no copy yet: the exercises here"
    assert own_notebook(Path(EXERCISE)) == Path(EXERCISE)
    shutil.copytree(course / "exercises", course / "solutions")
    mine = start(course / WITHIN_CLONE).folder
    assert learners_folder() == mine
    assert own_notebook(Path(EXERCISE)) == mine / EXERCISE
    assert own_notebook(Path("solutions/01_cells")) == Path("solutions/01_cells")
    monkeypatch.chdir(mine / "exercises")
    assert learners_folder() == mine and find() == mine
    assert own_notebook(Path("01")) == own_notebook(Path("1")) == mine / Path(EXERCISE).parent
    with pytest.raises(RecdropError, match="01 to 12"):
        own_notebook(Path("99"))


def test_a_course_installed_elsewhere_finds_the_copy_in_a_clone(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An install that is not editable carries a course of its own; the learner types a path of the clone."""
    shutil.copytree(course / "exercises", course / "solutions")
    carried = tmp_path / "site-packages" / "course"
    shutil.copytree(course, carried)
    monkeypatch.setattr(workspace, "COURSE", carried)
    mine = start(course / WITHIN_CLONE).folder
    monkeypatch.chdir(course)
    for given in (Path(EXERCISE), Path(EXERCISE).parent, course / EXERCISE, Path("01")):
        assert own_notebook(given).is_relative_to(mine / "exercises"), given
    for given in (Path("solutions/01_cells"), Path(WITHIN_CLONE) / EXERCISE, carried / EXERCISE):
        assert own_notebook(given) == given


def test_lab_opens_the_copy_in_a_clone_and_a_named_notebook_where_it_is(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[list[str]] = []

    def opens(_: str, command: list[str], __: object) -> None:
        opened.append(command)
        raise SystemExit

    (course / "solutions").mkdir()  # what a clone has and a learner's copy has not
    monkeypatch.setattr(lab.os, "execve", opens)
    monkeypatch.chdir(course)
    for notebook, room in ((None, course / WITHIN_CLONE), (None, course / WITHIN_CLONE), (LESSON, course)):
        with pytest.raises(SystemExit):
            lab.open_lab(notebook and Path(notebook), browser=False)
        assert f"--ServerApp.root_dir={room}" in opened[-1]
    monkeypatch.chdir(course / WITHIN_CLONE / "notebooks")
    with pytest.raises(SystemExit):
        lab.open_lab(browser=False)
    assert f"--ServerApp.root_dir={course / WITHIN_CLONE}" in opened[-1]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_lesson_can_be_given_without_results(path: Path) -> None:
    given = nbformat.reads(
        without_results(f"notebooks/{path.name}", path.read_bytes()).decode(), as_version=4
    )
    nbformat.validate(given)
    assert not any(one.get("outputs") for one in given.cells)
    own = nbformat.read(path, as_version=4)
    assert any(one.get("outputs") for one in own.cells), "the repository keeps them"
    assert [one.source for one in given.cells if one.id != NOTE] == [one.source for one in own.cells]


# ---------------------------------------------------------------- update


def test_nothing_new_changes_nothing(mine: Path) -> None:
    edit(mine / EXERCISE, write_answer)
    edit(mine / LESSON, lambda lesson: lesson.cells.append(new_code_cell("my try")))
    before, listed = contents(mine), (mine / ".recdrop" / "copy.json").read_bytes()
    done = update(mine)
    assert done.changes == () and "Nothing is new" in str(done)
    assert contents(mine) == before
    assert (mine / ".recdrop" / "copy.json").read_bytes() == listed


def test_new_and_changed_lessons_arrive(course: Path, mine: Path) -> None:
    shutil.copy(course / LESSON, course / "notebooks" / "02_new.ipynb")
    (course / "notebooks" / "claims.md").write_text("more claims\n")
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("more", id="more")))
    done = update(mine)
    assert [(change.kind, change.name) for change in done.changes] == [
        ("renewed", LESSON),
        ("new", "notebooks/02_new.ipynb"),
        ("renewed", "notebooks/claims.md"),
    ]
    for name in (LESSON, "notebooks/02_new.ipynb", "notebooks/claims.md"):
        assert (mine / name).read_bytes() == as_given(course, name)
    assert not list(mine.rglob("*.yours-*"))


def test_a_lesson_that_was_only_run_is_renewed_and_not_set_aside(course: Path, mine: Path) -> None:
    def run(lesson: NotebookNode) -> None:
        ran = cell(lesson, "run")
        ran.execution_count, ran.outputs = 3, [nbformat.v4.new_output("stream", text="1\n")]
        lesson.metadata["kernelspec"] = {"name": "other", "display_name": "Other"}

    after_run = edit(mine / LESSON, run)
    assert update(mine).changes == ()
    assert (mine / LESSON).read_bytes() == after_run, "its outputs stay as long as the course has nothing new"
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("more", id="more")))
    assert [change.kind for change in update(mine).changes] == ["renewed"]
    assert (mine / LESSON).read_bytes() == as_given(course, LESSON)


def test_a_changed_lesson_is_kept_beside_the_new_one(course: Path, mine: Path) -> None:
    written = edit(mine / LESSON, lambda lesson: lesson.cells.append(new_code_cell("my try")))
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("more", id="more")))
    (change,) = update(mine).changes
    kept = only(mine, "notebooks/01_cells.yours-*.ipynb")
    assert kept.read_bytes() == written
    assert (change.kind, change.note) == ("replaced", kept.relative_to(mine).as_posix())
    assert (mine / LESSON).read_bytes() == as_given(course, LESSON)
    # A second update of a lesson that was changed again keeps both.
    again = edit(mine / LESSON, lambda lesson: lesson.cells.append(new_code_cell("my second try")))
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("still more", id="still")))
    update(mine)
    assert {path.read_bytes() for path in mine.glob("notebooks/01_cells.yours-*")} == {written, again}


def test_answers_move_into_the_new_exercise(course: Path, mine: Path) -> None:
    written = edit(mine / EXERCISE, write_answer)
    new = nbformat.reads(edit(course / EXERCISE, new_text).decode(), as_version=4)
    (change,) = update(mine).changes
    assert change.kind == "merged" and "with your answers in it" in str(change)
    assert (mine / change.note).read_bytes() == written
    merged = nbformat.read(mine / EXERCISE, as_version=4)
    nbformat.validate(merged)
    ids = [one.id for one in new.cells]
    assert [one.id for one in merged.cells] == ["note", *ids[:4], "try-it", *ids[4:]]
    answer = cell(merged, "rnn_step")
    assert answer.source == ANSWER and answer.execution_count == 7
    for name in set(ids) - {"rnn_step"}:
        assert cell(merged, name).source == cell(new, name).source, name
        assert cell(merged, name).metadata == cell(new, name).metadata, name
    assert update(mine).changes == (), "a second update finds nothing to do"
    # And again: the answers and the own cells move on, and every step is kept.
    edit(course / EXERCISE, lambda one: cell(one, "title").update(source="# Exercise 01, third edition"))
    update(mine)
    third = nbformat.read(mine / EXERCISE, as_version=4)
    assert [one.id for one in third.cells] == [one.id for one in merged.cells]
    assert cell(third, "rnn_step").source == ANSWER
    assert len(list(mine.glob("exercises/01_cells/*.yours-*"))) == 2


def test_answers_are_found_where_every_mark_is_gone(course: Path, mine: Path) -> None:
    def strip(notebook: NotebookNode) -> None:
        """As some editors save it: no metadata, other ids."""
        write_answer(notebook)
        for number, one in enumerate(notebook.cells):
            one.metadata, one["id"] = NotebookNode(), f"cell-{number}"

    edit(mine / EXERCISE, strip)
    new = nbformat.reads(edit(course / EXERCISE, new_text).decode(), as_version=4)
    update(mine)
    merged = nbformat.read(mine / EXERCISE, as_version=4)
    sources = [one.source for one in merged.cells]
    assert len(sources) == len(new.cells) + 2, "the course's cells are there once"
    assert ANSWER in sources and "my note" in sources and "rnn_step(1)" in sources
    answer = merged.cells[sources.index(ANSWER)]
    assert answer.metadata.nbgrader.grade_id == "rnn_step", "and its marks are back"


def test_an_answer_in_two_cells_and_an_answer_to_a_part_that_is_gone_are_kept(
    course: Path, mine: Path
) -> None:
    def write(notebook: NotebookNode) -> None:
        answer = cell(notebook, "rnn_step")
        place = notebook.cells.index(answer)
        helper = NotebookNode({**answer, "id": "helper", "source": "def helper():\n    return 1"})
        answer.source = ANSWER
        notebook.cells.insert(place, helper)
        cell(notebook, "gru_step").source = "def gru_step():\n    return 'mine'"

    def part_gone(notebook: NotebookNode) -> None:
        notebook.cells = [one for one in notebook.cells if "gru_step" not in one.id]

    edit(mine / EXERCISE, write)
    edit(course / EXERCISE, part_gone)
    update(mine)
    merged = nbformat.read(mine / EXERCISE, as_version=4)
    sources = [one.source for one in merged.cells]
    assert sources.index("def helper():\n    return 1") + 1 == sources.index(ANSWER)
    gone = merged.cells[sources.index("def gru_step():\n    return 'mine'")]
    assert "nbgrader" not in gone.metadata and gone.metadata.get("deletable") is None


def test_a_cell_of_the_learners_gives_way_with_its_id_and_not_with_its_text(course: Path, mine: Path) -> None:
    edit(mine / EXERCISE, lambda one: one.cells.append(new_markdown_cell("mine", id="more")))
    edit(course / EXERCISE, new_text)  # it too has a cell "more" now
    update(mine)
    merged = nbformat.read(mine / EXERCISE, as_version=4)
    assert {"## One more part", "mine"} <= {one.source for one in merged.cells}
    assert len({one.id for one in merged.cells}) == len(merged.cells)


def test_what_was_deleted_comes_back_and_own_files_stay(course: Path, mine: Path) -> None:
    (mine / EXERCISE).rename(mine / "exercises" / "01_cells" / "attempt 1.ipynb")
    (mine / "notes").mkdir()
    (mine / "notes" / "ünsorted.txt").write_text("mine")
    (mine / "notebooks" / "scratch.ipynb").write_text("no notebook at all")
    before = contents(mine)
    assert [(change.kind, change.name) for change in update(mine).changes] == [("new", EXERCISE)]
    assert contents(mine) == before | {EXERCISE: (course / EXERCISE).read_bytes()}


def test_a_lesson_that_the_course_drops_stays(course: Path, mine: Path) -> None:
    (course / LESSON).unlink()
    before = contents(mine)
    assert update(mine).changes == ()
    assert contents(mine) == before


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"cells": 3}', "\x00\x01", "[" * 100_000])
def test_a_broken_notebook_is_left_alone_and_said(course: Path, mine: Path, broken: str) -> None:
    (mine / EXERCISE).write_text(broken)
    edit(course / EXERCISE, new_text)
    (course / "notebooks" / "claims.md").write_text("more claims\n")
    done = update(mine)
    assert not done.all_done
    assert [(change.kind, change.name) for change in done.changes] == [
        ("renewed", "notebooks/claims.md"),
        ("left", EXERCISE),
    ]
    assert "is not a notebook that can be read" in str(done) and "Rename it" in str(done)
    assert (mine / EXERCISE).read_text() == broken
    # It is said until it is repaired; then the answers of the repaired one are kept as ever.
    assert [change.kind for change in update(mine).changes] == ["left"]
    shutil.copy(ROOT / EXERCISE, mine / EXERCISE)
    edit(mine / EXERCISE, write_answer)
    assert [change.kind for change in update(mine).changes] == ["merged"]


def test_a_link_or_folder_in_the_way_is_left_alone(course: Path, mine: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.ipynb"
    (mine / LESSON).rename(elsewhere)
    (mine / LESSON).symlink_to(elsewhere)
    (mine / "notebooks" / "claims.md").unlink()
    (mine / "notebooks" / "claims.md").mkdir()
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("more", id="more")))
    assert {change.kind for change in update(mine).changes} == {"left"}
    assert (mine / LESSON).is_symlink() and (mine / "notebooks" / "claims.md").is_dir()


@pytest.mark.parametrize("good_writes", range(8))
def test_an_update_that_is_cut_off_is_done_again(
    course: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, good_writes: int
) -> None:
    """A full disk after so many writes; then there is room again."""
    answered = edit(mine / EXERCISE, write_answer)
    tried = edit(mine / LESSON, lambda lesson: lesson.cells.append(new_code_cell("my try")))
    edit(course / EXERCISE, new_text)
    edit(course / LESSON, lambda lesson: lesson.cells.append(new_markdown_cell("more", id="more")))
    shutil.copy(course / LESSON, course / "notebooks" / "02_new.ipynb")
    real, left = workspace.write_whole, good_writes

    def until_full(*arguments: object) -> None:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        left -= 1
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(workspace, "write_whole", until_full)
    with pytest.raises(WorkspaceError, match=r"No space left on device\)\. Nothing of yours is lost"):
        update(mine)
    monkeypatch.setattr(workspace, "write_whole", real)
    update(mine)
    assert only(mine, "exercises/01_cells/*.yours-*").read_bytes() == answered, "one copy, whole"
    assert only(mine, "notebooks/*.yours-*").read_bytes() == tried
    merged = nbformat.read(mine / EXERCISE, as_version=4)
    assert cell(merged, "rnn_step").source == ANSWER
    assert cell(merged, "text_rnn_step").source == "## 1.1 said better"
    assert (mine / LESSON).read_bytes() == as_given(course, LESSON)
    assert (mine / "notebooks" / "02_new.ipynb").exists()
    assert update(mine).changes == ()
    assert not list(mine.rglob(".writing-*"))


def test_a_start_that_is_cut_off_is_done_again(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = workspace.write_whole

    def full(path: Path, data: bytes) -> None:
        if path.name == "01_cells.ipynb":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(workspace, "write_whole", full)
    with pytest.raises(WorkspaceError, match="continues there"):
        start(tmp_path / "mine")
    monkeypatch.setattr(workspace, "write_whole", real)
    start(tmp_path / "mine")
    assert (tmp_path / "mine" / EXERCISE).exists()


def test_what_a_killed_update_left_half_written_goes(mine: Path) -> None:
    (mine / "notebooks" / ".writing-k3q").write_text('{"cells": [')
    update(mine)
    assert not list(mine.rglob(".writing-*"))


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": 3}', '{"files": {"a": {}}}'])
def test_with_a_damaged_list_every_file_counts_as_the_learners(course: Path, mine: Path, damage: str) -> None:
    written = edit(mine / EXERCISE, write_answer)
    (mine / ".recdrop" / "copy.json").write_text(damage)
    edit(course / EXERCISE, new_text)
    update(mine)
    assert only(mine, "exercises/01_cells/*.yours-*").read_bytes() == written
    assert cell(nbformat.read(mine / EXERCISE, as_version=4), "rnn_step").source == ANSWER
    assert json.loads((mine / ".recdrop" / "copy.json").read_text())["files"].keys() >= {EXERCISE, LESSON}
    assert update(mine).changes == ()


# ---------------------------------------------------------------- the command line


def test_the_commands_say_what_they_did(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recdrop(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, " ".join(done.output.split())

    monkeypatch.chdir(tmp_path)
    code, said = recdrop("update")
    assert code == 2 and "is not inside a working copy" in said and "recdrop start FOLDER" in said
    code, said = recdrop("start", "my copy")
    assert code == 0 and f"cd '{tmp_path / 'my copy'}' recdrop lab" in said
    edit(course / EXERCISE, new_text)
    code, said = recdrop("update", "my copy")
    assert code == 0 and f"renewed: {EXERCISE}" in said and "Reload Notebook from Disk" in said
    (tmp_path / "my copy" / LESSON).write_text("broken")
    code, said = recdrop("update", "my copy/notebooks")
    assert code == 1 and f"left alone: {LESSON}" in said
    code, said = recdrop("start", str(course / "here"))
    assert code == 2 and "is inside the course" in said
