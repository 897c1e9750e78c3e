"""Settings are completed and checked before anything is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from recdrop_lessons.explorers.frame import Again, Choice, SettingsError, Slider, Toggle, complete

CONTROLS = (
    Slider("p", "p", 0.5, 0.0, 0.9, 0.05),
    Slider("units", "units", 4, 1, 8, 1),
    Choice("row", "row", "a", {"a": "A", "b": "B"}),
    Toggle("on", "on", False),
    Again("seed", "again"),
)


def test_what_is_not_given_has_the_controls_own_value() -> None:
    assert complete(CONTROLS, {"row": "b"}) == {"p": 0.5, "units": 4, "row": "b", "on": False, "seed": 1}


def test_whole_steps_give_whole_numbers() -> None:
    settings = complete(CONTROLS, {"units": 3.0, "p": 0})
    assert isinstance(settings["units"], int) and isinstance(settings["p"], float)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"q": 1}, "There is no setting 'q'; there are 'p', 'units', 'row', 'on', 'seed'."),
        ({"p": 1.0}, "p was 1.0; expected a number from 0.0 to 0.9."),
        ({"p": "0.5"}, "p was '0.5'"),
        ({"p": True}, "p was True"),
        ({"p": float("nan")}, "p was nan"),
        ({"row": "c"}, "row was 'c'; expected one of 'a', 'b'."),
        ({"row": ["a"]}, "row was"),
        ({"on": 1}, "on was 1; expected True or False."),
        ({"seed": -1}, "seed was -1"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_the_range(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        complete(CONTROLS, given)
    assert said in str(refused.value)
