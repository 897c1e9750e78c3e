"""The exercises hold together: solutions earn everything, stubs nothing, and each part says what it wants."""

import ast
import dataclasses
import importlib.util
import json
import re
from functools import cache
from pathlib import Path

import pytest

from recdrop_lessons.checks import LocalAnswer, PartFailed, all_lessons, run
from recdrop_lessons.checks.general import GENERAL
from recdrop_lessons.checks.of_errors import ERRORS, SET_UP
from recdrop_lessons.course.progress import load

ROOT = Path(__file__).resolve().parents[2]
LESSONS = all_lessons()
PARTS = [part for lesson in LESSONS for part in lesson.parts]
LESSON_OF = {part.number: lesson for lesson in LESSONS for part in lesson.parts}


def cells(room, name):
    path = ROOT / room / name / f"{name}.ipynb"
    return {cell["id"]: cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}


@cache
def release_tool():
    """tools/release_exercises.py, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("release", ROOT / "tools" / "release_exercises.py")
    release = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(release)
    return release


def source(cell):
    return "".join(cell["source"])


def functions(room, name):
    """What the notebook's cells define, its check cells left out."""
    space = {}
    for cell in cells(room, name).values():
        if cell["cell_type"] == "code" and not cell["metadata"]["nbgrader"]["grade"]:
            exec(compile(source(cell), cell["id"], "exec"), space)
    return space


def definition(room, part):
    tree = ast.parse(source(cells(room, LESSON_OF[part.number].name)[part.name]))
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == part.name)


by_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
by_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.number)


@by_lesson
def test_the_solutions_earn_100(lesson):
    answers = functions("solutions", lesson.name)
    for seed in range(20):
        results = [run(part, LocalAnswer(answers[part.name]), seed) for part in lesson.parts]
        assert sum(result.points for result in results) == 100, [r.message for r in results]


@by_lesson
def test_the_cells_run_as_a_learner_runs_them(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    for room in ("solutions", "exercises"):
        space = {}
        for cell in cells(room, lesson.name).values():
            if cell["cell_type"] != "code":
                continue
            if room == "exercises" and cell["metadata"]["nbgrader"]["grade"]:
                with pytest.raises(PartFailed, match="is not right yet"):
                    exec(source(cell), space)
            else:
                exec(source(cell), space)
    for part in lesson.parts:
        assert load()["parts"][part.number]["solved"]


@by_lesson
def test_an_untouched_exercise_earns_nothing(lesson):
    answers = functions("exercises", lesson.name)
    for part in lesson.parts:
        result = run(part, LocalAnswer(answers[part.name]), 0)
        assert (result.status, result.points) == ("failed", 0)
        assert result.message == "Not written yet."


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """All exercises as nbgrader makes them of the solutions now."""
    release = release_tool()
    room = tmp_path_factory.mktemp("exercises")
    release.generate(room, release.assignments())
    return room


@by_lesson
def test_the_exercise_is_what_nbgrader_makes_of_the_solution(lesson, released):
    made = (released / lesson.name / f"{lesson.name}.ipynb").read_bytes()
    assert made == (ROOT / "exercises" / lesson.name / f"{lesson.name}.ipynb").read_bytes()


def test_every_solution_has_checks_and_an_exercise():
    for room in ("solutions", "exercises"):
        rooms = {path.name for path in (ROOT / room).iterdir() if (path / f"{path.name}.ipynb").is_file()}
        assert rooms == {lesson.name for lesson in LESSONS}


def test_names_and_numbers_are_used_once():
    assert len({part.number for part in PARTS}) == len(PARTS)
    assert len({part.name for part in PARTS}) == len(PARTS)


@by_lesson
def test_a_lesson_has_up_to_eight_parts_of_100_points(lesson):
    assert lesson.points == 100
    assert 1 <= len(lesson.parts) <= 8
    practice = [part.number for part in lesson.parts if not part.points]
    assert len(practice) <= 1 and [part.number for part in lesson.parts][-1:] >= practice, "it comes last"


@by_part
def test_the_cells_say_what_the_checks_say(part):
    lesson = LESSON_OF[part.number]
    for room in ("solutions", "exercises"):
        both = cells(room, lesson.name)
        answer, check = both[part.name], both[f"check_{part.name}"]
        marks = answer["metadata"]["nbgrader"]
        assert (marks["grade_id"], marks["solution"], marks["locked"]) == (part.name, True, False)
        marks = check["metadata"]["nbgrader"]
        assert (marks["grade_id"], marks["grade"], marks["locked"]) == (f"check_{part.name}", True, True)
        assert marks["points"] == part.points
        assert f'check({part.name}, "{part.number}")' in source(check)
        heading = source(both[f"text_{part.name}"]).splitlines()[0]
        assert heading.startswith(f"## {part.number} ")
        assert (f"({part.points} points)" if part.points else "(practice)") in heading


@by_part
def test_the_cells_have_the_parts_signature_and_docstring(part):
    for room in ("solutions", "exercises"):
        its = definition(room, part)
        assert ast.unparse(its.args) == ast.unparse(ast.parse(f"def f({part.signature}): pass").body[0].args)
        assert ast.get_docstring(its) == part.docstring


@by_lesson
def test_a_solution_is_what_the_parts_make_of_it(lesson):
    stored, made = release_tool().stated(lesson)
    assert stored == made


def test_the_release_tool_states_what_changed_in_a_part(monkeypatch):
    lesson = LESSONS[1]
    first, *others = lesson.parts

    def renewed(x, p, training, generator=None, *, switch=0):
        """Another docstring."""

    renewed.__name__ = first.name
    changed = dataclasses.replace(first, number="2.9", points=7, function=renewed)
    _, made = release_tool().stated(dataclasses.replace(lesson, parts=(changed, *others)))
    by_name = {cell["id"]: cell for cell in json.loads(made)["cells"]}
    assert source(by_name[f"text_{first.name}"]).startswith("## 2.9 Inverted dropout (7 points)")
    answer = source(by_name[first.name])
    stated = 'def inverted_dropout(x, p, training, generator=None):\n    """Another docstring.\n    """\n'
    assert stated in answer and "### BEGIN SOLUTION" in answer
    assert "switch" not in answer
    assert 'check(inverted_dropout, "2.9")' in source(by_name[f"check_{first.name}"])
    assert by_name[f"check_{first.name}"]["metadata"]["nbgrader"]["points"] == 7


def test_a_part_whose_function_has_switches_needs_cells_by_hand():
    lesson = LESSONS[0]

    def fresh(x, *, switch=0):
        """A part without cells."""
        return x

    part = dataclasses.replace(lesson.parts[0], function=fresh)
    with pytest.raises(SystemExit, match="by hand"):
        release_tool().stated(dataclasses.replace(lesson, parts=(*lesson.parts, part)))


@by_part
def test_the_docstring_names_every_argument_and_shape(part):
    stub = definition("exercises", part)
    text = ast.get_docstring(stub)
    assert text
    arguments = [a.arg for a in (*stub.args.posonlyargs, *stub.args.args, *stub.args.kwonlyargs)]
    for argument in arguments:
        assert re.search(rf"\b{argument}\b[^:\n]*: ", text), f"{argument} is not explained"
    assert "Returns:" in text
    # A shape such as (B, H), or for parts without tensors the kind of what goes in and comes out.
    assert re.search(r"\([A-Z0-9'·,() ]*,[^)]*\)|\bfloat|\btuple|\bstring", text)


@by_part
def test_the_stub_holds_no_solution(part):
    lesson = LESSON_OF[part.number]
    stub = definition("exercises", part)
    assert len(stub.body) == 2, "a docstring and a raise"
    assert isinstance(stub.body[1], ast.Raise)
    solved = source(cells("solutions", lesson.name)[part.name])
    inside = solved.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
    lines = [line.strip() for line in inside.splitlines() if len(line.strip()) > 12]
    exercise = "\n".join(source(cell) for cell in cells("exercises", lesson.name).values())
    for line in lines:
        assert line not in exercise
    for hint in part.hints:
        assert not any(line in hint for line in lines)


def holds_an_equation(hint):
    """ "p = 0.5" sets up an example, "c' = f∘c" gives something away."""
    return re.search(r"=\s(?![\d/.(]+)", re.sub(r"`[^`]*`", "", hint))


@by_part
def test_a_part_has_three_hints_and_the_first_two_hold_no_equation(part):
    assert len(part.hints) == 3
    assert min(map(len, part.hints)) > 30
    assert len(set(part.hints)) == 3
    assert not any(map(holds_an_equation, part.hints[:2]))


@by_part
def test_each_misconception_has_a_hint_of_its_own_that_does_not_say_what_is_meant(part):
    solved = source(cells("solutions", LESSON_OF[part.number].name)[part.name])
    lines = [line.strip() for line in solved.split("### BEGIN SOLUTION")[1].splitlines() if len(line) > 16]
    for one in part.misconceptions:
        assert one.hint not in part.hints, one.slug
        assert not any(line in one.hint for line in lines), one.slug


def test_every_hint_of_a_misconception_is_short_and_leaves_the_equation_to_the_second_failure():
    for one in (*(m for part in PARTS for m in part.misconceptions), *GENERAL, *ERRORS):
        assert 20 < len(one.hint) < 200 and one.hint.endswith((".", "?", "`")), one.slug
        assert not holds_an_equation(one.hint), one.slug
        for said in (one.done, one.meant):
            assert one.hint not in said and (not said or said not in one.hint), one.slug


@by_part
def test_misconceptions_have_stable_slugs_and_a_sentence(part):
    slugs = [m.slug for m in part.misconceptions]
    assert len(slugs) == len(set(slugs))
    for misconception in part.misconceptions:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", misconception.slug)
        assert misconception.sentence.endswith((".", ")", "?"))
        assert len(misconception.sentence) > 40


def test_nearly_every_misconception_can_be_told_in_two_steps():
    every = [m for lesson in all_lessons() for part in lesson.parts for m in part.misconceptions]
    whole = [m.slug for m in every if not m.meant]
    assert len(whole) < len(every) / 20, whole  # these say all at once
    for misconception in every:
        assert len(misconception.done) > 14 and misconception.done.endswith((".", ")", "?"))


def test_a_set_up_that_was_not_run_is_told_from_a_name_that_is_misspelt():
    defined = set()
    for lesson in LESSONS:
        set_up = ast.parse(source(cells("exercises", lesson.name)["setup"]))
        for node in set_up.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                defined |= {one.asname or one.name for one in node.names}
            elif isinstance(node, ast.FunctionDef):
                defined.add(node.name)
    assert set(SET_UP) == defined
    for name, slug in (("lstm_step", "setup-not-run"), ("lstm_stp", "name-not-defined")):
        answer = eval(f"lambda x, h, c, W, U, b, m_c: {name}(x, h, c, W, U, b)", {})
        result = run(next(one for one in PARTS if one.number == "5.1"), LocalAnswer(answer), 0)
        assert result.misconception == slug
