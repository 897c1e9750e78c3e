"""Every right answer passes and every wrong one fails, by its misconception's name, at every seed tried.

RECDROP_SEEDS says how many: `make unit` tries one, `make answers` five.
"""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from recdrop_lessons.checks import LocalAnswer, all_lessons, part, run
from recdrop_lessons.checks.exact import Exact

ANSWERS = Path(__file__).parent.parent / "answers"
sys.path.insert(0, str(ANSWERS))
from bank import edge_mistakes, right_answers, wrong_answers  # noqa: E402

SEEDS = range(int(os.environ.get("RECDROP_SEEDS", "2")))
FAMILIES = (
    {"gate-missing", "input-ignored", "state-ignored", "cell-not-kept", "sign-in-cell"}
    | {
        "wrong-output-activation",
        "bias-forgotten",
        "bias-twice",
        "forget-gate-inverted",
        "l2-squared",
        "eps-misused",
    }
    | {
        "scale-lost",
        "mask-squared",
        "mask-inverted",
        "mask-of-first-example",
        "mask-not-two-valued",
        "wrong-rate",
        "draws-dependent",
        "exact-count",
    }
)
RIGHT, WRONG = right_answers(), wrong_answers()
PARTS = [part for lesson in all_lessons() for part in lesson.parts]


def _name(value):
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("number", "answer"), RIGHT, ids=_name)
def test_a_right_answer_passes_at_every_seed(number, answer):
    for seed in SEEDS:
        result = run(part(number), LocalAnswer(answer), seed)
        assert result.status == "ok", (seed, result.message, result.details)
        assert result.points == result.max_points


@pytest.mark.parametrize("seed", [488, 1224])
def test_a_right_mask_that_drops_nothing_at_a_small_rate_passes(seed):
    result = run(part("2.1"), LocalAnswer(part("2.1").function), seed)
    assert result.status == "ok", (result.message, result.details)


@pytest.mark.parametrize(("number", "slug", "answer"), WRONG, ids=_name)
def test_a_wrong_answer_fails_at_every_seed_by_name(number, slug, answer):
    found = Counter()
    for seed in SEEDS:
        result = run(part(number), LocalAnswer(answer), seed)
        assert result.status == "failed", seed
        assert result.points == 0
        assert result.message
        found[result.misconception] += 1
        own = [m for m in part(number).misconceptions if m.slug == result.misconception]
        for one in own:  # first what was done; what is meant is for the second time
            assert result.meant == one.meant and one.done in result.message
            assert not one.meant or one.meant not in result.message
    if slug is None:  # no name of the part's own; a mistake that any part can have may be named
        assert not set(found) & {m.slug for m in part(number).misconceptions}
    else:
        assert found == {slug: len(SEEDS)}


@pytest.mark.parametrize(
    "number",
    [
        p.number
        for p in PARTS
        if (isinstance(p.check, Exact) and p.check.floats and p.check.told) or p.number in ("5.4", "9.2")
        # the edges of the parts that draw, of the tables and of the words are in their own banks
    ],
)
def test_a_right_answer_spoilt_at_one_edge_fails(number):
    found = part(number)
    right = next((f for p, f in RIGHT if p == number), None)
    assert right is not None, "no right answer to spoil"
    for slug, answer in edge_mistakes(right, bool(getattr(found.check, "gradients", True))):
        for seed in SEEDS:
            result = run(found, LocalAnswer(answer), seed)
            told = (answer.__name__, seed, result.misconception, result.message)
            assert result.status == "failed", told
            # what an answer returns that remembers an earlier call may look like anything
            assert slug is None or result.misconception == slug, told


def test_a_part_and_its_answers_lie_at_the_same_place():
    parts = {f"lesson_{lesson.name}/{part.name}.py" for lesson in all_lessons() for part in lesson.parts}
    there = {path.relative_to(ANSWERS).as_posix() for path in ANSWERS.glob("lesson_*/[!_]*.py")}
    assert there == parts


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.number)
def test_a_part_passes_its_own_check(part):
    for seed in SEEDS:
        result = run(part, LocalAnswer(_without_switches(part), part.name), seed)
        assert result.status == "ok", (seed, result.message, result.details)


def _called(mistake):
    def answer(**given):
        return mistake(**given)

    return answer


def _without_switches(part):
    def answer(**given):
        return part.function(**given)

    return answer


@pytest.mark.parametrize("number", [p.number for p in PARTS])
def test_each_misconception_has_a_wrong_answer_that_shows_it(number):
    shown = {slug for p, slug, _ in WRONG if p == number}
    missing = {m.slug for m in part(number).misconceptions} - shown
    # What any LSTM or mask can have is shown by some part, and recognised as itself in each.
    assert missing <= FAMILIES & {slug for _, slug, _ in WRONG}
    for slug in missing:
        for mistake in part(number).misconception(slug).mistakes:
            result = run(part(number), LocalAnswer(_called(mistake)), 0)
            assert result.misconception in {slug, *shown}, (slug, result.misconception)


@pytest.mark.parametrize("number", [p.number for p in PARTS])
def test_each_part_has_right_and_wrong_answers(number):
    assert sum(p == number for p, _ in RIGHT) >= 2
    assert sum(p == number for p, _, _ in WRONG) >= 4
