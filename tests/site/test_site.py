"""The site, built once without network: links, pictures' words, names, and a look by a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import import_module
from inspect import getmodule, isclass, isfunction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import recdrop_lessons

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "recdrop_lessons"
MODULES = re.findall(
    r"automodule:: recdrop_lessons\.([\w.]+)",
    "".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "api").glob("*.rst"))),
)
#: Not in the reference: how a layer is made fast and what it checks, and what the frameworks' files share.
UNTOLD = {
    "frameworks.absent",
    "layers.blockwise",
    "layers.edges",
    "layers.fast",
    "layers.kernels",
    "layers.tensors",
    "frameworks.biases",
    "frameworks.map",
}
#: A page of each kind, and a short one: mathematics with a widget, a wide table, signatures.
KINDS = (
    "index",
    "notebooks/07_regularizers_and_normalization",
    "notebooks/claims",
    "docs/api/inside",
    "docs/answers/dropout-with-one-layer",
)
PAGE_ENDS = {"genindex", "search", "py-modindex"}  # pages that no file of ours stands behind


@dataclass
class Page(HTMLParser):
    """What the tests ask of a page."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    pictures: list[dict[str, str | None]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.text = self.path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        self.anchors.update(filter(None, (has.get("id"), has.get("name") if tag == "a" else None)))
        if tag == "a" and has.get("href"):
            self.links.append(str(has["href"]))
        if tag in ("img", "svg"):
            self.pictures.append(has)
        if tag in ("script", "img", "iframe", "source") and has.get("src"):
            self.fetched.append(str(has["src"]))
        if tag == "link" and "stylesheet" in str(has.get("rel")):
            self.fetched.append(str(has["href"]))


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Every page, by its name without .html."""
    found = (path for path in sorted(site.rglob("*.html")) if not {"_static", "embed"} & {*path.parts})
    return {path.relative_to(site).with_suffix("").as_posix(): Page(path) for path in found}


def test_it_builds_without_a_warning(built: tuple[Path, str]) -> None:
    assert not built[1], built[1]


def test_everything_is_there_and_no_solution(site: Path, pages: dict[str, Page]) -> None:
    sources = [
        path.relative_to(ROOT).with_suffix("").as_posix()
        for folder in ("notebooks", "exercises", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".ipynb", ".md", ".rst") and ".ipynb_checkpoints" not in path.parts
    ]
    at_the_top = {"index", "README", "CONTRIBUTING", "CHANGELOG", "benchmarks/README"}
    assert set(sources) | at_the_top | PAGE_ENDS == set(pages)
    assert sum(name.startswith("notebooks/") for name in pages) > 12  # and the page of claims
    assert not [path for path in site.rglob("*") if "solution" in path.as_posix()]
    for name, page in pages.items():
        if name.startswith(("exercises/", "notebooks/")):
            assert not re.search("### (BEGIN|END) (SOLUTION|HIDDEN)", page.text), name


def test_external_links_are_encrypted_and_nothing_is_fetched(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        external = [link for link in page.links if urlsplit(link).scheme not in ("", "https", "mailto")]
        assert not external, (name, external)
        fetched = [link for link in page.fetched if urlsplit(link).scheme not in ("", "data")]
        assert not fetched, (name, fetched)


def test_every_picture_has_words(pages: dict[str, Page]) -> None:
    wordless = [
        (name, str(picture)[:120])
        for name, page in pages.items()
        for picture in page.pictures
        if not (picture.get("alt") or picture.get("aria-label") or picture.get("aria-hidden") == "true")
    ]
    assert not wordless, wordless
    assert sum(len(page.pictures) for page in pages.values()) > 40


def test_every_public_name_has_its_place(pages: dict[str, Page]) -> None:
    anchors = set().union(*(page.anchors for name, page in pages.items() if name.startswith("docs/api/")))
    rooms = ("algebra", "layers", "twins", "frameworks")
    there = {f"{room}.{path.stem}" for room in rooms for path in (LIBRARY / room).glob("[!_]*.py")}
    assert there - UNTOLD <= set(MODULES)
    for name in MODULES:
        module = import_module(f"recdrop_lessons.{name}")
        assert f"module-{module.__name__}" in anchors
        for public, thing in vars(module).items():
            ours = (isclass(thing) or isfunction(thing)) and getmodule(thing) is module
            named = public in getattr(module, "__all__", (public,))
            if ours and named and not public.startswith("_"):
                assert f"{module.__name__}.{public}" in anchors
    listed = re.findall(r'href="[\w.]+#(?:module-)?recdrop_lessons\.([\w.]+)"', pages["docs/api/index"].text)
    assert {name.split(".")[-1] for name in listed} >= set(recdrop_lessons.__all__)


def test_a_widget_leaves_a_note_and_no_rubble(pages: dict[str, Page]) -> None:
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        page, source = pages[f"notebooks/{path.stem}"], path.read_text(encoding="utf-8")
        widgets = re.findall(r'^ +"\w+\.view\(.*\)"$', source, re.M)
        asked = re.findall(r'^ +"quiz\.(?:view|comparison)\(.*\)"$', source, re.M)
        assert page.text.count('class="recdrop-quiz"') == len(asked), path.stem
        widgets = [one for one in widgets if "quiz.view" not in one]
        notes = page.text.count("Not on this page.")
        assert notes + page.text.count('class="recdrop-live"') == len(widgets), path.stem
        for rubble in ("Loading widget", "vnd.jupyter", "[picture:", "text/plain"):
            assert rubble not in page.text, (path.stem, rubble)


# ---------------------------------------------------------------- in a browser

Look = Callable[..., Any]
#: From the disk no script may read a file: search shows no excerpts then, and the browser says so.
DISK = ("Access to fetch at 'file:", "Failed to fetch", "Failed to load resource: net::ERR_FAILED")


@pytest.fixture
def look(site: Path, chromium: Any) -> Iterator[Look]:
    """Open a page from the disk; a word in its console, or a request to anywhere else, fails the test."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def complain(text: str) -> None:
        if not text.startswith(DISK):
            complaints.append(text)

    def open_(name: str, width: int = 1280, scheme: str = "light") -> Any:
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda said: said.type == "error" and complain(said.text))
        page.on("pageerror", lambda error: complain(error.message))
        page.on("request", lambda asked: asked.url.startswith("http") and complain(asked.url))
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.mark.browser
@pytest.mark.parametrize("width, scheme", [(1280, "light"), (400, "dark")])
def test_the_accessibility_engine_finds_nothing_serious(look: Look, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    quick = {"resultTypes": ["violations"], "preload": False}
    for name in KINDS:
        page = look(name, width, scheme)
        found = [
            f"{name}: {v['id']}: {v['help']}; {[node['html'][:150] for node in v['nodes'][:3]]}"
            for v in axe.run(page, options=quick).response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert not found, found
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width}"


@pytest.mark.browser
def test_mathematics_is_drawn_and_a_claim_is_found(look: Look) -> None:
    page = look("notebooks/01_cells")
    fraction = page.locator("math mfrac").first.bounding_box()
    assert fraction["height"] > 1.5 * page.locator("math mi").first.bounding_box()["height"]
    page = look("notebooks/claims")
    row = page.get_by_role("row").filter(has_text="changing activation changes both the candidate and h")
    row.locator('a[href*="01_cells.html#"]').click()  # the first link is the claim's own page
    page.locator(":target").get_by_text("used = calls_in_one_step").wait_for()


@pytest.mark.browser
def test_search_works_from_the_disk(look: Look) -> None:
    page = look("search")
    page.goto(f"{page.url}?q=zoneout")
    page.locator("#search-results li").filter(has_text="family of recurrent dropout").first.wait_for()
