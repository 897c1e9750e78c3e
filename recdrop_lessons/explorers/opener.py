"""A button that opens an explorer where it stands, at given settings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from recdrop_lessons.support.optional import need


def opener(name: str, words: str, settings: Mapping[str, Any]) -> Any:
    """A button, as a widget, that is replaced by the explorer `name` at these settings.

    `words`: what is seen there, for the button.
    Raises `ImportError` where ipywidgets is not installed.
    """
    widgets = need("ipywidgets", "ipywidgets")
    button = widgets.Button(
        description=f"Explorer: {words}",
        tooltip=f"Opens the explorer {name} below",
        layout={"width": "auto"},
    )
    place = widgets.VBox([button])

    def open_it(_: Any) -> None:
        explorer = import_module(f"recdrop_lessons.explorers.{name}")
        place.children = [explorer.view(**settings)]

    button.on_click(open_it)
    return place
