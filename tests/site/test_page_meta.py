"""What search engines and previews of links read, and the table of releases on a page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_doctree

page_meta = pytest.importorskip("page_meta")
answers = pytest.importorskip("answers")


def test_the_description_is_the_first_paragraph_in_whole_sentences() -> None:
    said = (
        "The first sentence is long enough to say what the page is about. "
        + "Another sentence follows. " * 20
    )
    text = page_meta.description(
        publish_doctree(f"Title\n=====\n\n* an item of a list, long enough too, of course\n\n{said}")
    )
    assert (
        text.startswith("The first sentence") and text.endswith("follows.") and len(text) <= page_meta.LONGEST
    )
    assert page_meta.description(publish_doctree("short")) == ""


def test_a_title_cannot_leave_its_tag() -> None:
    tags = page_meta.tags('"><script>', "said & done", "", "")
    assert "<script>" not in tags and "&amp;" in tags and "og:image" not in tags
    assert "og:image" in page_meta.tags(
        "t", "said", "https://example.org/t.html", "https://example.org/p.png"
    )


@pytest.mark.parametrize("base, there", [("https://example.org/course/", True), ("", False)])
def test_the_sitemap_wants_to_know_the_sites_address(tmp_path: Path, base: str, there: bool) -> None:
    app = SimpleNamespace(
        config=SimpleNamespace(html_baseurl=base),
        builder=SimpleNamespace(format="html"),
        env=SimpleNamespace(found_docs={"README", "docs/answers/index"}),
        outdir=tmp_path,
    )
    page_meta.write_sitemap(app, None)
    assert (tmp_path / "sitemap.xml").exists() == there
    if there:
        found = [
            place.text for place in ET.parse(tmp_path / "sitemap.xml").iter() if place.tag.endswith("loc")
        ]
        assert found == [f"{base}README.html", f"{base}docs/answers/index.html"]
