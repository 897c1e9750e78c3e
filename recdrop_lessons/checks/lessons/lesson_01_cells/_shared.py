"""What several parts of lesson 01 share."""

from __future__ import annotations

GRADIENTS = ("x", "h", "c", "W", "U", "b")
