"""The thin view: settings in, one frame out; a failure is shown, raised, and the last picture stands."""

from __future__ import annotations

from typing import Any

import pytest

from recdrop_lessons.explorers.frame import Frame, SettingsError, Slider, Toggle
from recdrop_lessons.explorers.view import Explorer

CONTROLS = (Slider("p", "p", 0.5, 0.0, 0.9, 0.1), Toggle("on", "on", False))


class Drawn:
    """A pure function that counts how often it is asked."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, **settings: Any) -> Frame:
        self.calls.append(settings)
        if settings["p"] == 0.9:
            raise ZeroDivisionError("no units left")
        return Frame(f"<svg>{settings['p']}</svg>", "words", status=f"p = {settings['p']}", off=("on",))


def explorer(**more: Any) -> tuple[Explorer, Drawn]:
    drawn = Drawn()
    return Explorer("a title", CONTROLS, drawn, **more), drawn


def test_a_change_is_one_frame() -> None:
    view, drawn = explorer()
    assert view.frame["status"] == "p = 0.5" and view.frame["off"] == ["on"]
    view.settings = {**view.settings, "p": 0.2}
    assert view.frame["picture"] == "<svg>0.2</svg>" and view.frame["serial"] == 1
    assert [call["p"] for call in drawn.calls] == [0.5, 0.2]


def test_settling_changes_the_settings_and_draws_once() -> None:
    def settle(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        return {**now, "on": now["p"] < before["p"]}

    view, drawn = explorer(settle=settle)
    view.settings = {**view.settings, "p": 0.2}
    assert view.settings == {"p": 0.2, "on": True}
    assert drawn.calls[1:] == [{"p": 0.2, "on": True}]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"p": 0.9}, ZeroDivisionError, "ZeroDivisionError: no units left"),
        ({"p": 7.0}, SettingsError, "p was 7.0; expected a number from 0.0 to 0.9."),
        ({"q": 7.0}, SettingsError, "There is no setting 'q'"),
    ],
)
def test_a_failure_is_shown_and_raised_and_the_next_change_mends_it(
    given: dict[str, Any], error: type[Exception], said: str
) -> None:
    view, _ = explorer()
    with pytest.raises(error):
        view.settings = {**view.settings, **given}
    assert said in view.frame["error"]
    assert view.frame["picture"] == "<svg>0.5</svg>"
    view.settings = {"p": 0.5, "on": False}
    assert view.frame["error"] == "" and view.frame["serial"] == 2


def test_settings_at_the_start_are_checked() -> None:
    with pytest.raises(SettingsError):
        explorer(given={"p": 2})
