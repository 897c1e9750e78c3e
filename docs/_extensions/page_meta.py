"""What a search engine and a forum's preview of a link read: description, title, picture; and the sitemap.

Addresses of pictures and pages must be whole there, so they stand where the site's own is known: SITE_URL.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

WIDTH, HEIGHT, EDGE = 1200, 630, 24  # of a preview, in pixels
LONGEST = 300  # letters of a description


def description(doctree: nodes.document) -> str:
    """The page's first paragraph, whole sentences up to LONGEST letters."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = re.sub("</?su[bp]>", "", " ".join(paragraph.astext().split()))
        if len(text) < 40 or isinstance(paragraph.parent, nodes.list_item):
            continue
        if len(text) <= LONGEST:
            return text
        sentences = re.split(r"(?<=[.?!]) ", text)
        said = sentences[0]
        for sentence in sentences[1:]:
            if len(said) + len(sentence) >= LONGEST:
                break
            said += f" {sentence}"
        return said if len(said) <= LONGEST else f"{said[: LONGEST - 2]} …"
    return ""


def tags(title: str, said: str, address: str, picture: str) -> str:
    """The tags for a page's head; `address` and `picture` whole, or empty."""
    found = {"og:type": "article", "og:title": title, "og:description": said}
    found |= {"og:url": address} if address else {}
    found |= {"og:image": picture} if picture else {}
    lines = [f'<meta property="{key}" content="{escape(value)}">' for key, value in found.items() if value]
    if said:
        lines.append(f'<meta name="description" content="{escape(said)}">')
    if picture:
        lines.append('<meta name="twitter:card" content="summary_large_image">')
    return "\n".join(lines)


def preview(svg: str) -> bytes:
    """The upper part of a picture as a PNG of the size that previews have."""
    import resvg_py

    size = f'x="{EDGE}" y="{EDGE}" width="{WIDTH - 2 * EDGE}" height="{HEIGHT - EDGE}"'
    inner = re.sub(r"<svg ([^>]*)>", lambda found: f"<svg {_unsized(found[1])} {size}>", svg, count=1)
    inner = inner.replace(size, f'{size} preserveAspectRatio="xMidYMin slice"', 1)
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{inner}</svg>'
    )
    return bytes(resvg_py.svg_to_bytes(svg_string=whole, width=WIDTH, height=HEIGHT))


def _unsized(attributes: str) -> str:
    return re.sub(r'\b(width|height|style)="[^"]*"', "", attributes)


def add_tags(app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    if doctree is None:  # search and the index
        return
    base, picture = app.config.html_baseurl, ""
    if base:
        stored = app.env.metadata.get(pagename, {}).get("picture")
        picture = urljoin(base, write_preview(app, pagename, stored))
    address = urljoin(base, f"{pagename}.html") if base else ""
    title = re.sub("<[^>]*>", "", context.get("title", ""))
    context["metatags"] = context.get("metatags", "") + tags(title, description(doctree), address, picture)


def write_preview(app: Sphinx, pagename: str, svg: str | None) -> str:
    """Write the page's picture, or the course's; its address within the site. "" where nothing draws it."""
    name = pagename.replace("/", "-") if svg else "course"
    path = Path(app.outdir, "_static", "previews", f"{name}.png")
    if not path.exists():
        svg = svg or (Path(app.srcdir) / "docs" / "images" / "where.svg").read_text(encoding="utf-8")
        try:
            data = preview(svg)
        except ImportError:
            logging.getLogger(__name__).info("no pictures for previews: resvg_py is not installed")
            return ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return f"_static/previews/{name}.png"


def write_sitemap(app: Sphinx, error: Exception | None) -> None:
    """sitemap.xml, which wants whole addresses: only where the site's own is known."""
    base = app.config.html_baseurl
    if error is not None or not base or app.builder.format != "html":
        return
    pages = sorted(app.env.found_docs)
    lines = "".join(f"<url><loc>{escape(urljoin(base, f'{page}.html'))}</loc></url>\n" for page in pages)
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n'
    )
    (app.outdir / "sitemap.xml").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_tags)
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
