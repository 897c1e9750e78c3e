"""One look for every picture: colours that colour-blind readers can tell apart, one font, one card.

A picture stands on an opaque white card, so that it reads the same in a light and in a dark theme.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from recdrop_lessons.support.optional import need

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito 2008: eight colours that differ in lightness too.
BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILION, PURPLE, YELLOW, INK = "#D55E00", "#CC79A7", "#F0E442", "#1A1A1A"
PAPER, GREY, PALE = "#FFFFFF", "#595959", "#E4E4E4"
EMBER, FAINT = "#A84300", "#767676"  # for letters: vermilion dark enough to read, grey light enough to recede
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
FONT = "DejaVu Sans, Verdana, Arial, sans-serif"

#: Pictures are this many inches wide, with letters that still read at half of it.
WIDTH, HEIGHT, LETTERS = 7.2, 3.4, 13


@dataclass(frozen=True)
class Picture:
    """A picture with its words: `svg` is the markup, `alt` says what it shows, `caption` what to see."""

    svg: str
    alt: str
    caption: str = ""

    def html(self) -> str:
        """An <img> that holds the picture, with its alt text, and its caption below.

        Jupyter removes a bare <svg> from a notebook that is not trusted yet, and keeps an <img>.
        """
        data = base64.b64encode(self.svg.encode()).decode()
        image = (
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.alt)}" style="max-width:100%">'
        )
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure style="margin:0.5em 0">{image}{caption}</figure>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        words = f"[picture: {self.alt}]" + (f"\n{self.caption}" if self.caption else "")
        return {"text/html": self.html(), "text/plain": words}


def show(drawing: Picture | Figure | str, *, alt: str | None = None, caption: str | None = None) -> None:
    """Display a drawing (a `Picture`, a matplotlib figure, or SVG) with alt text and caption.

    Raises ValueError where no alt text is given: some readers have only the words.
    """
    from IPython.display import display

    display(picture(drawing, alt=alt, caption=caption))


def picture(
    drawing: Picture | Figure | str, *, alt: str | None = None, caption: str | None = None
) -> Picture:
    """Turn a drawing into a `Picture`; what is given here replaces the words it already has."""
    if isinstance(drawing, Picture):
        return Picture(drawing.svg, alt or drawing.alt, drawing.caption if caption is None else caption)
    if not alt:
        raise ValueError("The picture has no alt text; say in alt=… what it shows.")
    return Picture(drawing if isinstance(drawing, str) else figure_svg(drawing), alt, caption or "")


@contextmanager
def look() -> Iterator[Any]:
    """Within it, `figure(…)` makes a matplotlib figure in the course's look: `with look() as figure:`.

    matplotlib is imported here, when a picture is drawn, and no window or pyplot state is touched.
    """
    matplotlib = need("matplotlib", "matplotlib")
    from matplotlib.figure import Figure

    def figure(
        rows: int = 1, columns: int = 1, width: float = WIDTH, height: float = HEIGHT
    ) -> tuple[Figure, Any]:
        made = Figure(figsize=(width, height), layout="constrained")
        return made, made.subplots(rows, columns, squeeze=False)

    with matplotlib.rc_context(_settings()):
        yield figure


def figure_svg(drawing: Figure) -> str:
    """Write a matplotlib figure as SVG: letters stay letters, and the same figure is the same bytes."""
    sheet = io.StringIO()
    with look():
        drawing.savefig(sheet, format="svg", metadata={"Date": None, "Creator": None})
    svg = sheet.getvalue()
    return svg[svg.index("<svg") :].strip()


def _settings() -> Any:
    from cycler import cycler

    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "recdrop",
        "font.family": "DejaVu Sans",
        "font.size": LETTERS,
        "axes.titlesize": LETTERS,
        "axes.labelsize": LETTERS,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=CYCLE) + cycler(linestyle=DASHES),
        "lines.linewidth": 2.2,
        "legend.frameon": False,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
    }
