"""In the browser a page holds the widget: an explorer needs no more of anywidget than this.

Stands in for it, and traitlets.py for traitlets, so that `explorers/view.py` runs as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class AnyWidget:
    """Values by name; an observer is called after its value has changed."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def observe(self, observer: Callable[[dict[str, Any]], None], name: str) -> None:
        """Nothing changes a value here but the page, which calls the observer itself."""

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        """All values go to the page in one message anyhow."""
        yield
