"""Pictures: each function returns a `Picture`, which shows itself in a notebook with its words.

`show(…)` puts any drawing on the page with alt text and caption; `look()` makes matplotlib
figures that match; `table(…)` prints rows under their columns' names.
"""

from recdrop_lessons.plots.style import Picture, look, picture, show
from recdrop_lessons.plots.text_table import table

__all__ = ["Picture", "look", "picture", "show", "table"]
