"""The matrix in sentences: what holds for a release, what changes with an upgrade, from which release on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from recdrop_lessons.releases.matrix import Fact, Matrix, numbers

#: What a row of the picture and the short list of `recdrop facts` are made of: fact → a label of a few words.
HEADLINES = {
    "LSTM_dropout_site": "LSTM: dropout masks",
    "LSTM_recurrent_dropout_site": "LSTM: recurrent_dropout masks",
    "GRU_recurrent_dropout_site": "GRU: recurrent_dropout masks",
    "LSTM_recurrent_dropout_rate": "LSTM: the mask on h has",
    "LSTM_x_time(dropout=p)": "LSTM(dropout): on x, over time",
    "LSTM_x_time(dropout=p, recurrent_dropout=p)": "LSTM(both): on x, over time",
    "LSTM_h_time": "LSTM: on h, over time",
    "LSTM_x_gates(dropout=p)": "LSTM(dropout): on x, over gates",
    "LSTM_x_gates(dropout=p, recurrent_dropout=p)": "LSTM(both): on x, over gates",
    "LSTM_x_gates(dropout=p, implementation=1)": "LSTM(dropout, implementation=1)",
    "LSTM_h_gates(recurrent_dropout=p)": "LSTM: on h, over gates",
    "GRU_h_gates(recurrent_dropout=p)": "GRU: on h, over gates",
    "GRU_update_path": "GRU: the state on the update path",
    "LSTM_carried_memory": "LSTM: the memory c",
    "LSTM_evaluation_seed": "LSTM: evaluation mode",
    "LSTM_dropout_of_one(alone)": "LSTM(dropout=1)",
    "LSTM_dropout_of_one(behind Masking)": "LSTM(dropout=1) behind Masking",
    "LSTM_recurrent_dropout_of_one(alone)": "LSTM(recurrent_dropout=1)",
    "SimpleRNN_recurrent_dropout_of_one(alone)": "SimpleRNN(recurrent_dropout=1)",
    "LSTM_fused_path(dropout=.5)": "LSTM(dropout): the fused kernel",
    "predict_drops(Dropout(p))": "predict, training=True in the model",
    "plain_function_as_regularizer": "a function as a regulariser",
    "activity_regularizer_calls": "activity_regularizer, return_state",
    "torch_rnn_dropout_site": "nn.LSTM(dropout) drops",
    "torch_rnn_time": "nn.LSTM(dropout): over time",
    "torch_LSTM_one_layer": "nn.LSTM(dropout), one layer",
    "torch_rnn_h_n": "nn.LSTM(dropout): h_n",
    "torch_LSTM_recurrent_dropout": "nn.LSTM(recurrent_dropout)",
    "torch_two_axes": "nn.LSTM on (B, F)",
    "torch_functional_attention": "F.scaled_dot_product_attention",
    "GATConv_site": "GATConv(dropout) drops",
    "GATConv_row_sums": "GATConv(dropout): row sums",
    "GATConv_heads": "GATConv(dropout): heads",
    "GATConv_self_loops": "GATConv: self-loops",
    "DGL_attn_drop_site": "GATConv(attn_drop) drops",
    "DGL_feat_drop_site": "GATConv(feat_drop) drops",
    "fastai_weight_p_site": "AWD_LSTM(weight_p) drops",
    "fastai_weight_p_sharing": "AWD_LSTM(weight_p): sharing",
    "fastai_embed_p_sharing": "AWD_LSTM(embed_p): sharing",
}


@dataclass(frozen=True)
class Changed:
    """A fact whose observation differs between two releases."""

    fact: Fact
    now: str
    then: str


def holds(matrix: Matrix, framework: str, release: str, backend: str) -> list[tuple[Fact, str]]:
    """Each fact of a release on a backend, and what was observed."""
    facts = (
        (fact, matrix.observed(fact.fact, framework, release, backend)) for fact in matrix.asked(framework)
    )
    return [(fact, observed) for fact, observed in facts if observed is not None]


def changes(matrix: Matrix, framework: str, now: str, then: str, backend: str) -> list[Changed]:
    """What is observed otherwise in the release `then`."""
    after = {fact.fact: observed for fact, observed in holds(matrix, framework, then, backend)}
    return [
        Changed(fact, observed, after[fact.fact])
        for fact, observed in holds(matrix, framework, now, backend)
        if after.get(fact.fact, observed) != observed
    ]


def by_release(matrix: Matrix, fact: str, framework: str) -> str:
    """What was observed, by release: "3.2 to 3.7: one mask for all gates; 3.8 and later: …"."""
    cells = {
        (release, backend): observed
        for release in matrix.releases(framework)
        for backend in matrix.backends(framework, release)
        if (observed := matrix.observed(fact, framework, release, backend)) is not None
    }
    return spans(cells, matrix.releases(framework))


def spans(cells: Mapping[tuple[str, str], str], releases: Sequence[str]) -> str:
    """A value for each (release, backend), in words: the releases with one value together, oldest first.

    A backend on which a release differs from what most of them do is named after them; each is, where no
    value has most of them. A release without a value parts what stands before and after it.
    """
    usual, others = {}, []
    for release in releases:
        values = {backend: value for (one, backend), value in cells.items() if one == release}
        value, times = max(Counter(values.values()).items(), key=itemgetter(1), default=("", 0))
        if 2 * times > len(values):
            usual[release] = value
        others += [(release, backend, v) for backend, v in values.items() if v != usual.get(release)]
    asked = [release for release in releases if any(one == release for one, _ in cells)]
    parts = [f"{_range(run, asked)}: {usual[run[0]]}" for run in _runs(usual, releases)]
    for backend in dict.fromkeys(one[1] for one in others):
        differs = {release: value for release, b, value in others if b == backend}
        runs = _runs(differs, releases)
        parts += [f"on {backend}, {_range(run, asked)}: {differs[run[0]]}" for run in runs]
    return "; ".join(parts)


def _runs(values: Mapping[str, str], releases: Iterable[str]) -> list[list[str]]:
    """Releases that follow each other with one value."""
    runs: list[list[str]] = []
    before = None
    for release in releases:
        value = values.get(release)
        if value is not None:
            if value == before:
                runs[-1].append(release)
            else:
                runs.append([release])
        before = value
    return runs


def _range(run: Sequence[str], asked: Sequence[str]) -> str:
    """ "3.5", "3.2 to 3.7", "3.8 and later"; "3.0 to 3.15" where it is all that was asked."""
    first, last = line(run[0]), line(run[-1])
    if run[-1] == asked[-1] and run[0] != asked[0]:
        return f"{first} and later"
    return first if first == last else f"{first} to {last}"


def line(release: str) -> str:
    """A release's line: "3.12.4" → "3.12"."""
    return ".".join(map(str, numbers(release)[:2]))
