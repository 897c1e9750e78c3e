"""Python's side of a page: explorers by name, settings in, frames out, as JSON. Runs in the page's worker."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

opened: dict[str, Any] = {}


def change(name: str, settings: str) -> str:
    """The explorer's frame at these settings (JSON), or with the reason why there is none."""
    wanted = json.loads(settings)
    if name not in opened:
        opened[name] = import_module(f"recdrop_lessons.explorers.{name}").view()
    explorer = opened[name]
    try:
        explorer._changed({"new": {**explorer.settings, **wanted}})
    except Exception:
        if not explorer.frame["error"]:  # else the frame has the reason in words
            raise
    return json.dumps({"settings": explorer.settings, "frame": explorer.frame})
