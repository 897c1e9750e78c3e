"""Declarations of an explorer's values, which anywidget.py keeps without them."""

from __future__ import annotations

from typing import Any


class Unicode:
    """One declared value."""

    def tag(self, **_: Any) -> Unicode:
        return self


List = Dict = Unicode
