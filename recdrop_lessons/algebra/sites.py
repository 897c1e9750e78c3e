"""The sites: where a mask can act. Each is one value that says everything about itself.

A site has its line in each cell that it lives in (`layers/cells.py`) and in that cell's twin
(`twins/equations.py`). Refusals, pictures, explorers and tests read the rest here; no other code asks for a
site by its name.
"""

from __future__ import annotations

RECURRENT = ("SimpleRNN", "GRU", "LSTM")

#: The axes along which one draw can serve all elements: those of a sequence, and those of a message.
AXES = ("time", "batch", "features", "source")


class Site(str):
    """A place where a mask can act. It is a string, its public name, by which masks are keyed.

    `description`: what is masked there.
    `cells`: the cells and layers that have it.
    `letter`: the index of its mask in equations and pictures, such as x in m_x.
    `width`: the attribute of a layer that says how many units are masked there.
    `matrix`: where a weight matrix is masked, the name of that parameter; else "".
    `per_gate`: whether the value branches into the gates (the heads of attention), so that each gate can have
        a mask of its own.
    `by_head`: whether each head of attention is masked apart anyway.
    `carried`: the letter of the state that is carried to the next step from there, else "". Zoneout keeps the
        old value of such a state.
    `writes`, `holds`: whether the mask multiplies what a step writes into the cell, and what the cell holds.
    `axes`: the axes along which its mask may share a draw.
    `never_shares`: those of them along which it does not.
    """

    description: str
    cells: tuple[str, ...]
    letter: str
    width: str
    matrix: str
    per_gate: bool
    by_head: bool
    carried: str
    writes: bool
    holds: bool
    axes: tuple[str, ...]
    never_shares: tuple[str, ...]

    def __new__(
        cls,
        name: str,
        description: str,
        *,
        cells: tuple[str, ...],
        letter: str,
        width: str = "hidden_size",
        matrix: str = "",
        per_gate: bool = False,
        by_head: bool = False,
        carried: str = "",
        writes: bool = False,
        holds: bool = False,
        axes: tuple[str, ...] = ("time", "batch", "features"),
        never_shares: tuple[str, ...] = (),
    ) -> Site:
        site = super().__new__(cls, name)
        vars(site).update(
            description=description, cells=cells, letter=letter, width=width, matrix=matrix,
            per_gate=per_gate, by_head=by_head, carried=carried, writes=writes, holds=holds,
            axes=axes, never_shares=never_shares,
        )  # fmt: skip
        return site

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"The site {self!r} is a value; its {name} cannot be changed.")

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return site_named, (str(self),)  # a copy, or a pickled one, is the very value

    @property
    def words(self) -> str:
        """The name as it stands in a sentence."""
        return self.replace("_", " ")

    @property
    def must_share(self) -> tuple[str, ...]:
        """The axes along which one draw has to serve all: a matrix serves every step."""
        return ("time",) if self.matrix else ()


#: Every site, in the order in which a step meets them.
ALL = (
    Site(
        "embedding", "the rows of the embedding matrix: a word type is dropped wherever it stands",
        cells=("Embedding",), letter="E", width="features", matrix="weight",
    ),
    Site(
        "input", "x_t, before its product with W",
        cells=(*RECURRENT, "GATConv", "GraphConv"), letter="x", width="input_size", per_gate=True,
    ),
    Site(
        "recurrent", "h_{t-1}, before its product with U: on its way into the gates",
        cells=RECURRENT, letter="h", per_gate=True,
    ),
    Site(
        "recurrent_weight", "the matrix U (weight_hh) itself",
        cells=RECURRENT, letter="U", matrix="weight_hh", never_shares=("features",),
    ),
    Site(
        "candidate", "g_t, what the step wants to write",
        cells=("GRU", "LSTM"), letter="g", writes=True,
    ),
    Site(
        "cell", "c_t, what the LSTM remembers",
        cells=("LSTM",), letter="c", carried="c", writes=True, holds=True,
    ),
    Site("hidden", "h_t, carried to the next step and sent up", cells=RECURRENT, letter="s", carried="h"),
    Site("output", "h_t, sent up only", cells=RECURRENT, letter="y"),
    Site(
        "attention", "the coefficients of graph attention, after their softmax",
        cells=("GATConv",), letter="α", width="heads", by_head=True,
    ),
    Site(
        "projected", "the projected node features of graph attention, as they are summed",
        cells=("GATConv",), letter="z", width="out_features", by_head=True,
    ),
    Site(
        "message", "what an edge carries: its weight times the source node's projected features",
        cells=("GraphConv",), letter="e", width="out_features", axes=("features", "source"),
    ),
)  # fmt: skip

#: What each site is, by its name.
SITES: dict[Site, str] = {site: site.description for site in ALL}

_BY_NAME = {str(site): site for site in ALL}


def site_named(name: str) -> Site:
    """Return the site of this name. Raises `KeyError` where there is none."""
    return _BY_NAME[name]


def sites_of(cell: str) -> tuple[Site, ...]:
    """Return the sites of a cell or a layer, by its class's name."""
    return tuple(site for site in ALL if cell in site.cells)
