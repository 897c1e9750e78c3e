"""A `Site` is its name and says the rest of itself."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from recdrop_lessons import GRU, LSTM, SITES, Drop, DropError, Embedding, GATConv, GraphConv, SimpleRNN
from recdrop_lessons.algebra.sites import ALL, AXES, site_named, sites_of

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


def test_the_algebra_and_the_pictures_are_read_without_torch():
    rooms = ("algebra", "plots", "explorers", "twins")
    modules = [
        f"recdrop_lessons.{room}.{path.stem}" for room in rooms for path in (LIBRARY / room).glob("[!_]*.py")
    ]
    code = f"import sys\nfor name in {modules}:\n    __import__(name)\nassert 'torch' not in sys.modules"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
