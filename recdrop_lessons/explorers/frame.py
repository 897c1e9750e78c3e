"""What an explorer computes: a picture with its words, and the controls that ask for it. No widget here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recdrop_lessons.plots.style import Picture
from recdrop_lessons.support.errors import RecdropError

Settings = dict[str, Any]


class SettingsError(RecdropError):
    """A setting that an explorer has not, or a value outside its range."""


@dataclass(frozen=True)
class Frame(Picture):
    """One state of an explorer, computed from its settings.

    `status`: the settings and the main number, in a sentence.
    `panel`: further words as HTML.
    `numbers`: the values behind the picture, for tests and for those who want them.
    `off`: the controls that mean nothing at these settings.
    """

    status: str = ""
    panel: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    off: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slider:
    """A number between `low` and `high`."""

    name: str
    label: str
    value: float
    low: float
    high: float
    step: float

    def check(self, given: Any) -> float:
        """Return the number, whole where the step is whole, or refuse it."""
        number = isinstance(given, (int, float)) and not isinstance(given, bool)
        if not number or not self.low <= given <= self.high:
            raise SettingsError(
                f"{self.name} was {given!r}; expected a number from {self.low} to {self.high}."
            )
        whole = all(float(part).is_integer() for part in (self.step, self.low))
        return round(given) if whole else float(given)

    def spec(self) -> Settings:
        """Return the control as plain data for the browser."""
        return {
            "kind": "slider", "name": self.name, "label": self.label,
            "low": self.low, "high": self.high, "step": self.step,
        }  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One of several values; `options` maps each to what the reader sees."""

    name: str
    label: str
    value: str
    options: Mapping[str, str]

    def check(self, given: Any) -> str:
        """Return the value, or refuse it."""
        if not isinstance(given, str) or given not in self.options:
            raise SettingsError(
                f"{self.name} was {given!r}; expected one of {', '.join(map(repr, self.options))}."
            )
        return given

    def spec(self) -> Settings:
        """Return the control as plain data for the browser."""
        return {
            "kind": "choice",
            "name": self.name,
            "label": self.label,
            "options": list(self.options.items()),
        }


@dataclass(frozen=True)
class Toggle:
    """Yes or no."""

    name: str
    label: str
    value: bool

    def check(self, given: Any) -> bool:
        """Return the value, or refuse it."""
        if not isinstance(given, bool):
            raise SettingsError(f"{self.name} was {given!r}; expected True or False.")
        return given

    def spec(self) -> Settings:
        """Return the control as plain data for the browser."""
        return {"kind": "toggle", "name": self.name, "label": self.label}


@dataclass(frozen=True)
class Again:
    """A button that draws anew: each press is the next seed."""

    name: str
    label: str
    value: int = 1

    def check(self, given: Any) -> int:
        """Return the seed, or refuse it."""
        if not isinstance(given, int) or isinstance(given, bool) or given < 0:
            raise SettingsError(f"{self.name} was {given!r}; expected a whole number of at least 0, a seed.")
        return given

    def spec(self) -> Settings:
        """Return the control as plain data for the browser."""
        return {"kind": "again", "name": self.name, "label": self.label}


Control = Slider | Choice | Toggle | Again


def complete(controls: Sequence[Control], given: Mapping[str, Any]) -> Settings:
    """Fill what was not given with the controls' own values, and check what was.

    Raises `SettingsError` for a name that is not a control, or a value that its control cannot have.
    """
    names = [control.name for control in controls]
    for name in given:
        if name not in names:
            raise SettingsError(f"There is no setting {name!r}; there are {', '.join(map(repr, names))}.")
    return {control.name: control.check(given.get(control.name, control.value)) for control in controls}
