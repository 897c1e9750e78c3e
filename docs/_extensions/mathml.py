"""Mathematics as MathML, made when the site is built: no script, and a wrong formula is a warning."""

from __future__ import annotations

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

# The annotation keeps the LaTeX, for whoever wants to copy it.
CONVERTER = LatexToMathML(annotation=True)


def visit(self: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    block = isinstance(node, nodes.math_block)
    latex = node.astext()
    try:
        mathml = CONVERTER.convert_with_local_state(latex, displaystyle=block)
    except LatexError as error:
        logging.getLogger(__name__).warning("no MathML for %r: %s", latex, error, location=node)
        mathml = self.encode(latex)
    # A wide equation scrolls by itself, by keyboard too; the page does not.
    tag = 'div class="equation" tabindex="0" role="group" aria-label="equation"' if block else "span"
    self.body.append(f"<{tag}>{mathml}</{tag.split()[0]}>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", inline_renderers=(visit, None), block_renderers=(visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
