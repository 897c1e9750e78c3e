"""A `Site` is its name and says the rest of itself; nobody else asks for a site by its name."""

import ast
import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from recdrop_lessons import GRU, LSTM, SITES, Drop, DropError, Embedding, GATConv, GraphConv, SimpleRNN
from recdrop_lessons.algebra import sites
from recdrop_lessons.algebra.sites import ALL, AXES, Site, site_named, sites_of

LIBRARY = Path(__file__).parents[2] / "recdrop_lessons"
LAYERS = {layer.__name__: layer for layer in (SimpleRNN, GRU, LSTM, Embedding, GATConv, GraphConv)}


@pytest.mark.parametrize("site", ALL, ids=str)
def test_a_site_is_its_name(site):
    assert site == str(site) and hash(site) == hash(str(site)) and repr(site) == repr(str(site))
    assert {str(site): 3}[site] == 3 and {site: 3}[str(site)] == 3
    assert json.loads(json.dumps({site: site})) == {str(site): str(site)}
    assert site_named(str(site)) is site
    for copied in (copy.copy(site), copy.deepcopy(site), pickle.loads(pickle.dumps(site))):
        assert copied is site
    with pytest.raises(AttributeError, match="is a value"):
        site.carried = "x"
    assert SITES[str(site)] == site.description


def test_names_and_letters_are_unlike():
    assert len({str(site) for site in ALL}) == len({site.letter for site in ALL}) == len(ALL)
    with pytest.raises(KeyError):
        site_named("hiden")


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_has_the_sites_that_say_so(name):
    assert LAYERS[name].sites == sites_of(name) != ()
    assert {cell for site in ALL for cell in site.cells} == set(LAYERS)


@pytest.mark.parametrize("site", ALL, ids=str)
def test_what_a_site_says_is_what_a_drop_accepts(site):
    def accepted(**choices):
        try:
            drop = Drop(site, 0.2, **choices)
        except DropError:
            return False
        assert drop.site is site
        return True

    assert accepted()
    assert accepted(fill="previous") == bool(site.carried)
    assert accepted(per_gate=True) == site.per_gate
    assert accepted(shared=()) == (not site.must_share)
    default = Drop(site, 0.2).shared
    for axis in AXES:
        assert accepted(shared=(*default, axis)) == (axis in site.axes and axis not in site.never_shares)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_widths_and_matrices_are_those_of_the_layer(name):
    layer = LAYERS[name](3, 4)
    for site in layer.sites:
        layer.drops = (Drop(site, 0.2),)
        (mask,) = layer.sample_masks(5, 7).values()
        wanted = getattr(layer, site.matrix).shape if site.matrix else (1, 5, getattr(layer, site.width))
        assert tuple(mask.shape) == tuple(wanted)


@pytest.mark.parametrize("room", ["algebra", "plots", "explorers", "twins"])
def test_the_algebra_and_the_pictures_are_read_without_torch(room):
    names = sorted(path.stem for path in (LIBRARY / room).glob("[!_]*.py"))
    modules = [f"recdrop_lessons.{room}.{name}" for name in names]
    code = f"import sys\nfor name in {modules}:\n    __import__(name)\nassert 'torch' not in sys.modules"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


# ---- no other code asks for a site by its name ----

#: Where a site has its line: there masks and zoneout are looked up, as in `"cell" in masks`.
HOMES = ("layers", "twins/equations.py")
LOOKED_UP = ("masks", "m", "zoneout", "previous", "filled_with_previous")
#: Words that are sites as well as something else: kernels of `gate_penalty`, gates in explorers.
OTHER_MEANINGS = ("kernel",)


def asked_by_name(path: Path) -> list[str]:
    """The comparisons with a site's name in a file, and its `match` cases."""
    found = []
    home = any(str(path.relative_to(LIBRARY)).startswith(room) for room in HOMES)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.MatchValue) and named(node.value):
            found.append(ast.unparse(node))
        if not isinstance(node, ast.Compare) or not any(map(named, [node.left, *node.comparators])):
            continue
        text = ast.unparse(node)
        where = ast.unparse(node.comparators[0]).split(".")[-1]
        looked_up = home and isinstance(node.ops[0], (ast.In, ast.NotIn)) and where in LOOKED_UP
        if not looked_up and not any(word in text for word in OTHER_MEANINGS):
            found.append(text)
    return found


def named(node: ast.AST) -> bool:
    """Whether an expression is a site's name, or holds some."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return any(map(named, node.elts))
    if isinstance(node, ast.Dict):
        return any(key is not None and named(key) for key in node.keys)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in SITES


FILES = sorted(
    path
    for path in LIBRARY.rglob("*.py")
    # checks judge other people's functions, by the names of their arguments
    if not {"checks", "grading", "data"} & set(path.relative_to(LIBRARY).parts)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_site_is_asked_for_by_its_name(path):
    assert asked_by_name(path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        'if site == "cell": pass',
        'a = drop.site in ("input", "recurrent")',
        'a = "hidden" if site != "hidden" else 0',
        'a = "cell" in rows and rows["cell"].fill == "previous"',
        'match site:\n    case "input": pass',
        'a = "candidate" in masks',
    ],
)
def test_each_way_of_asking_is_seen(wrong, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "LIBRARY", tmp_path)
    (tmp_path / "plots.py").write_text(wrong)
    assert asked_by_name(tmp_path / "plots.py")


def test_sites_are_values_of_this_module():
    assert all(isinstance(site, Site) for site in SITES) and tuple(SITES) == sites.ALL
