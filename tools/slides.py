"""For instructors: slides of lessons that need no net, one file each.

    python tools/slides.py notebooks/05_recurrent_dropout_family.ipynb

writes slides/05_recurrent_dropout_family.slides.html. It is nbconvert's exporter for slides with its
template, but everything is in the file: reveal.js comes from the package sphinx-revealjs, and equations are
MathML, as on the site. Both packages are in the extra `site`.
"""

from __future__ import annotations

import re
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from jinja2 import pass_context
from math_core import LatexToMathML
from nbconvert.exporters.slides import SlidesExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import TagRemovePreprocessor

REVEAL = files("sphinx_revealjs") / "_static" / "revealjs"
STYLES = ("dist/reveal.css", "dist/theme/simple.css")  # in the order of the template's links
SCRIPTS = ("dist/reveal.js", "plugin/notes/notes.js")

# Of nbconvert's template without the scripts that it takes from the net. A slide that is too high scrolls.
TEMPLATE = """\
{% extends "reveal/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_css %}<style>
:root { --jp-code-font-size: 15px !important; }
.reveal .slides section > section { max-height: 690px; overflow-y: auto; }
.reveal .slides :is(img, svg) { max-height: 580px; }
.reveal math { font-family: math; font-size: 1.1em; line-height: 1.2; }
</style>{% endblock %}
{% block footer_js %}<script>
Reveal.initialize({ history: true, transition: "none", plugins: [RevealNotes] });
</script>{% endblock %}
"""

CONVERTER = LatexToMathML(annotation=True)
# What it shows is on the slide, the code is not.
SHOWS = re.compile(r"^(predict|plots\.show)\(", re.MULTILINE)
TO_OTHER_FILES = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")


class _Renderer(IPythonRenderer):
    def block_math(self, body: str) -> str:
        return str(CONVERTER.convert_with_local_state(body, displaystyle=True))

    def inline_math(self, body: str) -> str:
        return str(CONVERTER.convert_with_local_state(body, displaystyle=False))


class OfflineSlides(SlidesExporter):
    """nbconvert's slides with all that the page needs in the page."""

    def __init__(self, **settings: Any) -> None:
        quiet = {"exclude_input_prompt": True, "exclude_output_prompt": True, "exclude_anchor_links": True}
        super().__init__(raw_template=TEMPLATE, reveal_url_prefix="reveal.js", **quiet, **settings)
        self.register_preprocessor(TagRemovePreprocessor(remove_input_tags={"shows"}), enabled=True)

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Markdown as HTML, with equations as MathML, and of a link to another file its text alone."""
        renderer = _Renderer(escape=False, exclude_anchor_links=True)
        return str(MarkdownWithMath(renderer=renderer).render(TO_OTHER_FILES.sub(r"\1", source)))

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[Any, dict[str, Any]]:
        nb = deepcopy(nb)
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.source = cell.source.removeprefix("# NBVAL_CHECK_OUTPUT\n")
                if SHOWS.search(cell.source):
                    cell.metadata["tags"] = [*cell.metadata.get("tags", []), "shows"]
        page, resources = super().from_notebook_node(nb, resources, **kw)
        for link, name in zip(re.findall(r'<link[^>]+href="reveal\.js/[^>]+>', page), STYLES, strict=True):
            page = page.replace(link, f"<style>{_read(name)}</style>")
        start = "<script>\nReveal.initialize"
        return page.replace(
            start, "".join(f"<script>{_read(name)}</script>\n" for name in SCRIPTS) + start
        ), resources


def _read(name: str) -> str:
    """A file of reveal.js, to stand inside a page."""
    text = (REVEAL / name).read_text(encoding="utf-8")
    text = re.sub(r"@import url\([^)]*\);", "", text)  # a theme's fonts; those of the machine will do
    return text.replace("</script", "<\\/script")  # it would end the script around it


def main(
    notebooks: list[Path],
    into: Annotated[Path, typer.Option(help="The folder for the slides.")] = Path("slides"),
) -> None:
    """Write each lesson's slides as one file that needs no net."""
    into.mkdir(parents=True, exist_ok=True)
    for path in notebooks:
        page, _ = OfflineSlides().from_filename(str(path))
        written = into / f"{path.stem}.slides.html"
        written.write_text(page, encoding="utf-8")
        print(written)


if __name__ == "__main__":
    typer.run(main)
