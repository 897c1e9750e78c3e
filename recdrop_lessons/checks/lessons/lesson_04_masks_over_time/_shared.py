"""What several parts of lesson 04 share."""

from __future__ import annotations

AXES = ("batch", "time", "features")
