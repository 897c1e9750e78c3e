"""The real frameworks: weights and masks to and from them, and which of their arguments is which row."""

from recdrop_lessons.support.lazy import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
