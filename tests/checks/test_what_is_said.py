"""What a report says is true wherever it is said: sentences of any part, on answers made for them."""

from __future__ import annotations

import ast
import re
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import torch

from recdrop_lessons.checks import LocalAnswer, all_lessons, part, run
from recdrop_lessons.checks.at_an_edge import ordinary
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.outcomes import inputs
from recdrop_lessons.checks.recognise import is_wrong, see
from recdrop_lessons.checks.report import Report

sys.path.insert(0, str(Path(__file__).parent.parent / "answers"))
from bank import banks, wrong_answers

PARTS = {part.number: part for lesson in all_lessons() for part in lesson.parts}
EXACT = {number: part.check for number, part in PARTS.items() if isinstance(part.check, Exact)}


def right(number: str) -> Any:
    return banks()[number].RIGHT[0]


def said(number: str, answer: Any, seed: int = 0) -> str:
    result = run(part(number), LocalAnswer(answer), seed)
    assert result.status == "failed"
    return Report(result).text()


# ---- None among the values ----


def with_none(number: str, at: int) -> Any:
    def answer(**given: Any) -> Any:
        values = list(right(number)(**given))
        return (*values[:at], None, *values[at + 1 :])

    return answer


SEVERAL = [
    (number, at)
    for number, its in PARTS.items()
    for at in {
        "1.2": (0, 1),
        "2.3": (0, 1),
        "3.2": (0, 1),
        "4.2": (0, 1, 2),
        "4.6": (0, 1),
        "5.1": (0, 1),
        "6.1": (0, 1),
        "10.1": (0, 1, 2),
        "10.2": (0, 2),
        "10.3": (0, 1),
        "11.1": (0, 5),
        "11.2": (0, 3),
    }.get(number, ())
]


@pytest.mark.parametrize(("number", "at"), SEVERAL)
def test_a_none_among_the_values_is_not_a_missing_return(number: str, at: int) -> None:
    for seed in range(2):
        text = said(number, with_none(number, at), seed)
        assert (
            "nothing-returned" not in text
            and "returns None" not in text
            and "`return` is missing" not in text
        )


# ---- dtypes ----


@pytest.mark.parametrize("number", ["1.1", "1.2", "2.3", "7.1"])
@pytest.mark.parametrize(("given", "wanted"), [("float64", "float32"), ("float32", "float64")])
def test_the_right_dtype_is_the_same_all_through_a_report(number: str, given: str, wanted: str) -> None:
    def cast(value: Any) -> Any:
        return tuple(map(cast, value)) if isinstance(value, tuple) else value.to(getattr(torch, given))

    text = said(number, lambda **arguments: cast(right(number)(**arguments)))
    (told,) = re.findall(r"the right dtype is (\w+)", text)
    (shown,) = re.findall(r"Right, .*: shape .*, (\w+)", text)
    (yours,) = re.findall(r"Yours, .*: shape .*, (\w+)", text)
    assert (told, shown, yours) == (wanted, wanted, given)


# ---- several values ----


def test_what_is_said_of_several_values_fits_what_came_back() -> None:
    """Too many, too few, and all of them in one tensor."""
    two = right("1.2")
    for change, slug, words in (
        (lambda h, c: (h, h, c), "more-returned", "more values than"),
        (lambda h, c: (h, c, c), "more-returned", "right value is among"),
        (lambda h, c: (h,), "values-missing", "fewer values"),
        (lambda h, c: h, "values-missing", "fewer values"),
        (lambda h, c: torch.stack((h, c)), "tensor-for-tuple", "one tensor"),
        (lambda h, c: torch.cat((h, c), 1), "tensor-for-tuple", "one tensor"),
        (lambda h, c: {"h": h, "c": c}, "wrong-kind", "another kind of value"),
    ):
        for seed in range(3):
            text = said("1.2", lambda change=change, **given: change(*two(**given)), seed)
            assert f"Misconception: {slug}\n" in text and words in text, text


# ---- where a word is not told ----


def test_a_wrong_site_is_told_from_which_step_on_the_passes_differ() -> None:
    """The evidence of the input that is shown, and not the word."""
    first = {
        "hidden": "h",
        "output": "y",
        "input": "gates",
        "recurrent": "gates",
        "cell": "c",
        "candidate": "c",
    }
    for site, record in first.items():

        def answer(site: str = site, **given: Any) -> str:
            found = str(right("3.4")(**given))
            return "none" if found == site else found

        for seed in range(3):
            measured = dict(run(part("3.4"), LocalAnswer(answer), seed).details["measured"])
            names = ("gates", "c", "h", "y")
            rows = {name: measured[f"{name} of the two passes"] for name in names}
            steps = {name: row.split(" step ")[-1][0] for name, row in rows.items()}
            assert all(row.startswith(("equal at", "differs first")) for row in rows.values())
            if site in ("cell", "hidden", "output"):  # 0 or twice as much
                one, other = (
                    float(its) for its in re.findall(r"(?: is |masks )(\S+)", rows[record].replace(",", ""))
                )
                assert other == pytest.approx(0, abs=1e-12) or other == pytest.approx(2 * one, rel=2e-3)
            begins = "1" if site == "recurrent" else "0"
            assert steps[record] == begins
            for name in names[: names.index(record)]:
                assert steps[name] != "0", (site, name, measured)


# ---- right on ordinary inputs ----


@pytest.mark.parametrize("number", ["3.4", "5.6", "8.5", "12.2"])
def test_a_word_that_is_always_wrong_is_no_edge(number: str) -> None:
    words = sorted({case.right for case in _seen(number)})
    for one, other in permutations(words, 2):

        def answer(one: str = one, other: str = other, **given: Any) -> str:
            found = right(number)(**given)
            return other if found == one else found

        for seed in range(2):
            assert "right on ordinary inputs" not in said(number, answer, seed), (one, other, seed)


def _seen(number: str) -> Any:
    check = EXACT[number]
    return see(LocalAnswer(right(number)), check.reference, check.cases(Draw(0, check.name)))


@pytest.mark.parametrize("examples", [(0, 1), (0, -1), (0, 1, 2)])
def test_an_answer_that_looks_at_a_part_of_a_mask_is_wrong_on_ordinary_sizes(
    examples: tuple[int, ...],
) -> None:
    def answer(mask: Any) -> Any:
        some = mask[list(examples)] if len(mask) > 2 else mask
        found = {"batch": (mask == mask[:1]).all(), "time": (some == some[:, :1]).all()}
        found["features"] = (some == some[..., :1]).all()
        return tuple(name for name, shared in found.items() if shared)

    for seed in range(6):
        result = run(part("4.5"), LocalAnswer(answer), seed)
        shape = result.details.get("inputs", [["", "(2, 2)", ""]])[0][1]
        sizes = shape.strip("()").split(", ")
        if len(set(sizes)) == len(sizes):
            assert result.misconception != "edge-case", (seed, shape)


def test_right_on_ordinary_inputs_is_said_where_it_is_so() -> None:
    """On the plain inputs of other seeds nearly all are right."""
    heard = 0
    for number, slug, answer in wrong_answers():
        if slug not in (None, "edge-case") or number not in EXACT:
            continue
        if "right on ordinary inputs" not in said(number, answer):
            continue
        check = EXACT[number]
        cases = [case for seed in range(100, 120) for case in ordinary(check.cases(Draw(seed, check.name)))]
        wrong = sum(map(is_wrong, see(LocalAnswer(answer), check.reference, cases)))
        assert wrong <= len(cases) / 5, (number, answer.__name__)
        heard += 1
    assert heard > 10


@pytest.mark.parametrize("smallest", [1, 2, 3])
def test_wrong_for_a_name_is_not_said_to_be_wrong_whatever_the_numbers(smallest: int) -> None:
    def answer(p: float, features: int, steps: int, how: str) -> Any:
        step, sequence = right("4.6")(p=p, features=features, steps=steps, how=how)
        return (step, sequence + 0.01) if how == "whole steps" and steps > smallest else (step, sequence)

    assert "whatever the numbers are" not in said("4.6", answer)


# ---- an error that is asked for ----


@pytest.mark.parametrize(
    "text", ["shape mismatch", "the sizes must match", "dimension", "expected None", "rank", "same dtype"]
)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_an_error_that_is_asked_for_is_not_read_as_pythons_own(text: str, depth: int) -> None:
    """In 6.1 a ValueError is the answer; its words are the learner's."""

    def refuse(depth: int) -> None:
        if depth:
            refuse(depth - 1)
        raise ValueError(text)

    def answer(layers: Any, input_shape: Any) -> Any:
        try:
            return right("6.1")(layers=layers, input_shape=input_shape)
        except ValueError:
            refuse(depth)

    for seed in range(2):
        result = run(part("6.1"), LocalAnswer(answer), seed)
        assert result.misconception == "index-not-named"
        heard = Report(result).text()
        assert "of its operations needs" not in heard and "docstring says what None" not in heard
        assert f"Your function raised ValueError: {text}" in heard


def test_an_error_of_the_learners_on_a_stack_that_holds_is_not_read_as_pythons_own() -> None:
    def answer(layers: Any, input_shape: Any) -> Any:
        def refuse() -> None:
            raise ValueError("layer 0: shapes do not fit")

        if layers and layers[0][0] == "Dense":
            refuse()
        return right("6.1")(layers=layers, input_shape=input_shape)

    assert "of its operations needs" not in said("6.1", answer)


# ---- what it was tried on ----


def test_a_list_that_is_tried_on_is_whole_or_ends_with_an_element() -> None:
    stack = [("Bidirectional", 88, False), ("TimeDistributed", 41)] * 6
    for value in (stack, stack * 9, [0.1 / 3] * 7, [0.1 / 3] * 40, [0.1 / 3] * 400, [[0.1 / 3] * 4] * 40):
        (_, shown, _), *_ = inputs({"value": value})
        found = ast.literal_eval(shown.replace(", …]", "]"))
        assert ("…" in shown) == (len(found) < len(value)) and len(shown) <= 410
        assert found == [_rounded(one, found[0]) for one in value[: len(found)]]
    assert inputs({"value": stack})[0][1] == repr(stack)
    assert inputs({"value": (None, 5, 4)})[0][1] == "(None, 5, 4)"


def _rounded(one: Any, like: Any) -> Any:
    """As the first is written: exactly, or with four digits."""
    if isinstance(one, list):
        return [_rounded(each, like[0]) for each in one]
    return one if not isinstance(one, float) or one == like else float(f"{one:.4g}")


@pytest.mark.parametrize("number", ["6.1", "10.1", "10.2", "10.3"])
def test_the_input_that_failed_can_be_read(number: str) -> None:
    for seed in range(3):
        result = run(part(number), LocalAnswer(lambda **given: None), seed)
        for _, shown, kind in result.details["inputs"]:
            if kind in ("list", "tuple"):
                ast.literal_eval(shown.replace(", …]", "]"))
