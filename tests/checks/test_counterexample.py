"""From a wrong answer to its picture: it shows what its name says, on as small an input as can be."""

from __future__ import annotations

import json
import math
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import torch

from recdrop_lessons.checks import LocalAnswer, all_lessons, part, run
from recdrop_lessons.checks.counterexample import panels
from recdrop_lessons.checks.seen_in import SEEN_IN
from recdrop_lessons.explorers import LESSONS
from recdrop_lessons.plots.beside import in_words, yours_beside_right

sys.path.insert(0, str(Path(__file__).parent.parent / "answers"))
from bank import wrong_answers

WRONG = [(number, slug, answer) for number, slug, answer in wrong_answers() if slug]


def wrong(number: str, slug: str) -> Any:
    return next(answer for its, name, answer in WRONG if (its, name) == (number, slug))


def picture(number: str, answer: Any, seed: int = 3) -> dict[str, Any]:
    found = run(part(number), LocalAnswer(answer), seed).record()
    assert "picture" in found, found["message"]
    return dict(json.loads(json.dumps(found["picture"])))


def matrices(side: list[dict[str, Any]]) -> list[Any]:
    return [one["values"] for one in side]


@pytest.mark.parametrize(
    ("number", "slug", "smallest", "explorer"),
    [
        ("3.1", "masked-state-carried", "B=1, T=2, F=1, H=1", {"site": "hidden"}),
        ("3.1", "mask-on-output", "B=1, T=1, F=1, H=1", {"site": "output"}),
        ("3.1", "mask-on-cell", "B=1, T=1, F=1, H=1", {"row": "moon"}),
        ("3.1", "state-mask-forgotten", "B=1, T=2, F=1, H=1", {"row": "keras_dropout"}),
        ("3.1", "input-mask-forgotten", "B=1, T=1, F=1, H=1", {"row": "keras_recurrent"}),
        ("3.2", "one-mask-for-all-steps", "B=1, T=2, F=1, H1=1, H2=1", {"time": True}),
        ("5.1", "mask-on-candidate", "B=1, F=1, H=1", {"row": "semeniuta"}),
        ("5.3", "mask-on-cell", "B=1, F=1, H=1", {"row": "moon"}),
        ("6.2", "last-from-padding", "B=1, T=2, F=1, lengths=[1]", {}),
        ("6.4", "flipped-whole", "B=1, T=2, F=1, lengths=[1]", {}),
        ("8.3", "sums-overwritten", "E=2, ", {}),
        ("8.2", "attention-renormalised", "N=3, F=1, E=2, ", {"p_attention": 0.5}),
    ],
)
def test_the_smallest_input_and_the_explorer_of_a_misconception(
    number: str, slug: str, smallest: str, explorer: dict[str, Any]
) -> None:
    told = picture(number, wrong(number, slug))
    assert told["input"].startswith(smallest)
    assert matrices(told["yours"]) != matrices(told["right"])
    assert explorer.items() <= told.get("settings", {}).items()


def test_a_state_that_no_mask_reaches_is_zero_at_the_first_step() -> None:
    # at T=1 the old state is zero, so a mask that it forgets shows at the second step alone
    told = picture("3.1", wrong("3.1", "state-mask-forgotten"))
    (yours,), (right,) = matrices(told["yours"]), matrices(told["right"])
    assert yours[0] == right[0] and yours[1] != right[1]


def test_what_is_flipped_whole_has_the_padding_first() -> None:
    told = picture("6.4", wrong("6.4", "flipped-whole"))
    (yours,), (right,) = matrices(told["yours"]), matrices(told["right"])
    assert yours == right[::-1]


def test_what_is_learnt_by_looking_is_not_given_away() -> None:
    told = picture("4.5", wrong("4.5", "two-slices-compared"))
    assert "right" not in told
    assert told["said"] == "('batch', 'time', 'features')"
    slices = torch.tensor(matrices(told["masks"]))  # (B, T, F)
    assert all(size >= 2 for size in slices.shape), "the exercise promises axes longer than 1"
    assert bool((slices[..., 0] == slices[..., 1]).all()) and not bool((slices == slices[..., :1]).all())


@pytest.mark.parametrize(
    ("number", "slug", "along"),
    [
        ("2.1", "one-mask-for-batch", {"batch": True}),
        ("2.1", "mask-shared", {"features": True}),
        ("4.1", "mask-per-step", {"time": False}),
        ("4.1", "one-mask-for-all-steps", {"time": True}),
        ("4.1", "one-mask-for-batch", {"batch": True}),
        ("4.1", "mask-per-row", {"batch": False}),
        ("4.1", "whole-steps-dropped", {"features": True}),
        ("4.1", "mask-per-feature", {"features": False}),
        ("4.4", "noise-shape-ignored", {"features": False}),
        ("4.4", "none-is-one", {"time": True, "batch": True, "features": True}),
    ],
)
def test_a_mask_is_shared_in_the_picture_and_the_explorer_as_its_name_says(
    number: str, slug: str, along: dict[str, bool]
) -> None:
    told = picture(number, wrong(number, slug))
    # maps of the examples, features down and steps across
    yours, right = (torch.tensor(matrices(told[side])) for side in ("yours", "right"))
    axes = {"batch": 0, "time": 2, "features": 1}

    def constant(mask: torch.Tensor, axis: int) -> bool:
        return bool((mask == mask.narrow(axis, 0, 1)).all())

    for name, shared in along.items():
        assert constant(yours, axes[name]) == shared
        assert constant(right, axes[name]) != shared
    assert told["explorer"] == "masks_over_time" and along.items() <= told["settings"].items()


def test_rate_scale_and_repeated_draws_are_seen() -> None:
    told = picture("2.1", wrong("2.1", "keep-probability"))
    dropped = {side: torch.tensor(matrices(told[side])).eq(0).double().mean() for side in ("yours", "right")}
    assert dropped["yours"] > 0.7 and dropped["right"] < 0.3  # p = 0.2

    told = picture("2.1", wrong("2.1", "no-rescale"))
    assert {v for row in matrices(told["yours"])[0] for v in row} == {0.0, 1.0}
    assert {v for row in matrices(told["right"])[0] for v in row} == {0.0, 1.25}

    told = picture("4.1", wrong("4.1", "same-mask-each-call"))
    first, second = matrices(told["yours"])
    assert first == second and matrices(told["right"])[0] != matrices(told["right"])[1]


def test_what_a_picture_cannot_show_has_none() -> None:
    for number, slug in (("2.1", "generator-ignored"), ("4.1", "exact-count"), ("4.1", "draws-dependent")):
        assert "picture" not in run(part(number), LocalAnswer(wrong(number, slug)), 3).record()


@pytest.mark.parametrize("number", ["5.7", "7.1", "2.3"])
def test_an_input_in_words_is_a_list_without_a_gap(number: str) -> None:
    """Where no argument is a tensor, too."""
    its = next(slug for n, slug, _ in WRONG if n == number and slug)
    said = picture(number, wrong(number, its))["input"]
    assert all(said.split(", ")) and said == said.strip(" ,")


def test_a_picture_tells_nothing_of_the_inputs_of_a_class() -> None:
    answer = wrong("3.1", "mask-on-output")
    assert picture("3.1", answer, seed=3) == picture("3.1", answer, seed=4)


@pytest.mark.parametrize(("number", "slug", "answer"), WRONG[::19])
def test_every_picture_is_small_plain_data_and_can_be_drawn(number: str, slug: str, answer: Any) -> None:
    one = part(number)
    if one.picture is None:
        return
    told = one.picture(LocalAnswer(answer), slug)  # raises here what `run` keeps from a learner
    if told is None:
        return
    assert len(json.dumps(told, allow_nan=False)) < 4000
    for drawn in yours_beside_right(told):
        ET.fromstring(drawn.svg)
        assert told["input"] in drawn.alt


# ---- what is read of a picture ----


def words(told: dict[str, Any], side: str) -> list[str]:
    """The lines of one side, as a terminal shows them, without its name."""
    lines = in_words(told)
    return [line.split(", ", 1)[-1] for line in lines if line.startswith(f"{side},")]


@pytest.mark.parametrize(("number", "slug", "answer"), WRONG[::11])
def test_a_picture_names_its_input_and_shows_a_difference(number: str, slug: str, answer: Any) -> None:
    told = run(part(number), LocalAnswer(answer), 3).record().get("picture")
    if not told or "input" not in told:
        return
    assert told["input"].strip()
    arguments = part(number).signature
    assert all(name in arguments for one in told.get("masks", []) if (name := one["title"].split("[")[0]))
    if "yours" in told and not told.get("mask"):
        assert words(told, "Yours") != words(told, "Right")


@pytest.mark.parametrize("number", ["10.1", "10.2", "10.3"])
def test_a_list_of_numbers_is_shown_whole_and_made_short(number: str) -> None:
    names = part(number).signature.split(", ")
    for slug in ("median-for-mean", {"10.3": "best-run-reported"}.get(number, "n-for-n-minus-1")):
        told = picture(number, wrong(number, slug))
        for name in names:
            assert f"{name}=" in told["input"]
        assert "…" not in told["input"] and told["input"].count(".") <= 14


def test_what_is_returned_has_the_digits_of_what_comes_in() -> None:
    told = picture("4.3", lambda p, features: p)
    given, right = told["input"], words(told, "Right")
    assert given.endswith("features=2")
    assert words(told, "Yours") == [f"the probability: {given.split(',')[0].removeprefix('p=')}"] != right


def test_the_index_of_a_rate_is_shown() -> None:
    told = picture("10.3", wrong("10.3", "highest-chosen"))
    assert words(told, "Yours")[0] != words(told, "Right")[0]
    assert words(told, "Right")[0].startswith("the rate: ")


def test_whole_numbers_are_as_small_as_can_be_where_there_is_nothing_else() -> None:
    assert "features=1, steps=2" in picture("4.6", wrong("4.6", "argument-drawn-at-each-step"))["input"]
    assert "features=2, steps=1" in picture("4.6", wrong("4.6", "whole-steps-by-feature"))["input"]


def test_the_number_of_layers_is_seen() -> None:
    for slug in ("return-sequences-wrong-layer", "layers-reversed"):
        assert "H1=" in (said := picture("6.3", wrong("6.3", slug))["input"]) and "H2=" in said


def test_numbers_that_differ_late_have_the_digits_for_it() -> None:
    def nearly(x: Any, layers: Any, return_sequences: bool) -> Any:
        right = part("6.3").function(x, layers, return_sequences)
        return right * (1 + 3e-4)

    told = picture("6.3", nearly)
    assert words(told, "Yours") != words(told, "Right")
    assert any("≠" in one.svg for one in yours_beside_right(told))


def test_a_gradient_is_no_mask_and_has_another_name_than_what_comes_in() -> None:
    for number in ("11.1", "11.2", "11.3"):
        told = picture(number, wrong(number, "outputs-swapped"))
        assert {one["title"].split("[")[0] for one in told["masks"]} <= {"m_x", "m_h", "m_U"}
        assert all(one["title"].startswith("gradient of ") for one in told["right"])


def test_a_masked_state_that_is_carried_on_is_shown_with_a_next_step() -> None:
    told = picture("3.2", wrong("3.2", "mask-on-recurrence"))
    assert told["input"].startswith("B=1, T=2, ")
    assert told["settings"]["site"] == "hidden"
    assert picture("3.2", wrong("3.2", "own-next-step-masked"))["settings"]["row"] == "keras_recurrent"


# ---- hostile answers ----


def _deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(6):
        value = [value, value]
    return value


HOSTILE = {
    "a million numbers": lambda **_: torch.zeros(1000, 1000),
    "no numbers": lambda **_: torch.zeros(0, 3),
    "many axes": lambda **_: torch.zeros((1,) * 30),
    "nan": lambda x, **_: x[..., :1] * math.nan,
    "infinite": lambda x, **_: torch.full(x.shape, -math.inf),
    "words": lambda **_: "<script>alert(1)</script>",
    "nested lists": lambda **_: _deep(),
    "whole numbers": lambda x, **_: torch.ones(x.shape[0], dtype=torch.int64) * 2**62,
    "nothing": lambda **_: None,
}


@pytest.mark.parametrize("number", ["3.1", "8.2", "4.4"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_an_answer_returns_its_picture_is_small_and_plain(number: str, kind: str) -> None:
    told = part(number).picture(LocalAnswer(HOSTILE[kind]), None)  # type: ignore[misc]
    assert told is None or len(json.dumps(told, allow_nan=False)) < 4000
    result = run(part(number), LocalAnswer(HOSTILE[kind]), 3)
    assert result.status == "failed" and len(json.dumps(result.record(), allow_nan=False)) < 8000


def test_an_answer_that_fails_only_for_its_picture_keeps_its_name() -> None:
    right = wrong("3.1", "mask-on-output")
    calls = []

    def tires(**given: Any) -> Any:
        calls.append(1)
        if given["x"].shape == (1, 1, 1) and len(calls) > 40:
            raise RuntimeError("enough")
        return right(**given)

    assert run(part("3.1"), LocalAnswer(tires), 3).misconception == "mask-on-output"


def test_panels_hold_only_what_can_be_read() -> None:
    assert panels("y", torch.zeros(97)) == [] and panels("y", torch.zeros(())) != []
    (one,) = panels("y", torch.tensor([-0.0, 1 / 3, math.inf]))
    assert one["values"] == [[0.0, 0.3333, "inf"]] and not str(one["values"]).startswith("[[-")


def test_a_lesson_can_still_be_a_key() -> None:
    # the grader keeps what it knows of a lesson by the lesson itself
    assert len(set(all_lessons())) == len(all_lessons())


# ---- the table of explorers ----


def test_each_entry_names_a_misconception_and_settings_that_its_explorer_has() -> None:
    from importlib import import_module

    slugs = {
        f"{lesson.name[:2]}/{m.slug}"
        for lesson in all_lessons()
        for p in lesson.parts
        for m in p.misconceptions
    }
    for key, link in SEEN_IN.items():
        assert key in slugs or any(slug.endswith(f"/{key}") for slug in slugs), key
        assert link["explorer"] in LESSONS
        view = import_module(f"recdrop_lessons.explorers.{link['explorer']}").view(**link["settings"])
        kept = {name: view.settings[name] for name in link["settings"]}
        assert kept == link["settings"], "the explorer opens at another setting"
