"""What each release does, in a table on the page that asks.

    ```{by-release}
    LSTM_h_time

has a line for each fact of recdrop_lessons/data/facts.csv that is named: its question, and what was observed.
"""

from __future__ import annotations

from functools import cache

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.releases import matrix, words

#: Where facts of a framework were asked of its older package too.
ALSO = {"Keras": ("tf_keras",)}


@cache
def observations() -> matrix.Matrix:
    return matrix.read()


def by_release(fact: str) -> str:
    """What was observed, release by release; other packages of the same framework after it."""
    owner = observations().facts[fact].framework
    said = f"{owner} {words.by_release(observations(), fact, owner)}"
    for other in ALSO.get(owner, ()):
        more = words.by_release(observations(), fact, other)
        said += f". {other} {more}" if more else ""
    return said


class ByReleaseDirective(SphinxDirective):
    """One fact in each line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        rows = ["| asked | observed, by release |", "|---|---|"]
        for name in filter(None, self.content):
            if name not in observations().facts:
                raise self.error(f"There is no fact {name!r} in data/facts.csv.")
            rows.append(f"| {observations().facts[name].question} | {by_release(name)} |")
        rows += ["", "We did not test the releases between those that are named."]
        return self.parse_text_to_nodes("\n".join(rows))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("by-release", ByReleaseDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
