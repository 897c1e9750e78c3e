"""Pictures: each function returns a `Picture`, which shows itself in a notebook with its words.

`show(…)` puts any drawing on the page with alt text and caption; `look()` makes matplotlib
figures that match.
"""

from recdrop_lessons.plots.style import Picture, look, picture, show

__all__ = ["Picture", "look", "picture", "show"]
