"""Which cell of a lesson is a slide, from what the cell is: `jupyter nbconvert --to slides` reads it.

`tools/notebooks.py run` sets it, and `tools/notebooks.py slides` sets nothing else; how a lesson becomes
slides is in docs/instructors/slides.md.
"""

from __future__ import annotations

import re

from nbformat import NotebookNode

#: Of a text that stands on a slide; a longer one without a heading is for the speaker.
SHORT = 400


def slide_type(cell: NotebookNode) -> str:
    """What nbconvert makes of a cell: "slide" to the right, "subslide" below, "fragment", "notes" or "skip".

    A section begins a slide; a question, a result and a picture stand below it, one each. Text between
    them is what the speaker says, but for tables and equations. Code that shows nothing is left out.
    """
    source = cell.source.lstrip()
    if cell.cell_type == "markdown":
        if re.search(r"^##? ", source, re.MULTILINE):
            return "slide"
        shown = re.search(r"^### |^> \*\*Predict|^\$\$|^\|---", source, re.MULTILINE)
        return "subslide" if shown else "fragment" if len(source) < SHORT else "notes"
    if cell.cell_type == "code" and cell.outputs:
        return "subslide"
    return "skip"


def set_slides(nb: NotebookNode) -> bool:
    """Set every cell's slide type; returns whether one changed."""
    changed = False
    for cell in nb.cells:
        wanted = {"slide_type": slide_type(cell)}
        if cell.metadata.get("slideshow") != wanted:
            cell.metadata["slideshow"] = NotebookNode(wanted)
            changed = True
    return changed
