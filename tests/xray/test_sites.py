"""What xray measures at a site, against masks that are known."""

from __future__ import annotations

import json
import linecache
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from recdrop_lessons import assert_drops, xray

BATCH, TIME, FEATURES = 6, 5, 8


class Masked(nn.Module):
    """Multiplies by a mask of a given shape, drawn with rate .3, in training."""

    def __init__(self, shape: Callable[[Tensor], tuple[int, ...]]) -> None:
        super().__init__()
        self.layer = nn.Linear(FEATURES, FEATURES)
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x)
        if self.training:
            h = h * torch.bernoulli(torch.full(self.shape(h), 0.7)) / 0.7
        return self.layer(h)


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        (lambda h: tuple(h.shape), "per element"),
        (lambda h: (h.shape[0], 1, FEATURES), "one per sequence"),
        (lambda h: (1, *h.shape[1:]), "one for the batch"),
    ],
)
@pytest.mark.parametrize("sizes", [(BATCH, TIME, FEATURES), (FEATURES, FEATURES, FEATURES)])
def test_how_far_a_draw_reaches_is_seen_also_if_sizes_coincide(shape, drawn, sizes):
    (site,) = xray(Masked(shape), torch.randn(sizes)).sites
    assert site.drawn == drawn
    assert site.shape == sizes
    assert [round(float(top), 4) for top in site.masks[0].unique()] == [0, round(1 / 0.7, 4)]


def test_time_comes_first_if_the_model_says_so():
    class TimeFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(FEATURES, FEATURES)

        def forward(self, x: Tensor) -> Tensor:
            h, _ = self.rnn(x)
            return h * torch.bernoulli(torch.full((len(h), 1, 1), 0.7)) / 0.7 if self.training else h

    (site,) = xray(TimeFirst(), torch.randn(BATCH, BATCH, FEATURES)).sites
    assert site.drawn == "one for the batch"


def test_writes_into_views_keep_the_mark():
    class Writes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(FEATURES, FEATURES)
            self.drop = nn.Dropout(0.4)

        def forward(self, x: Tensor) -> Tensor:
            out, h = x.new_zeros(*x.shape), x.new_zeros(len(x), FEATURES)
            for t in range(x.shape[1]):
                h = self.cell(self.drop(x[:, t]), h)
                out[:, t] = h
            return out

    (site,) = xray(Writes(), torch.randn(BATCH, TIME, FEATURES)).sites
    assert site.reaches and len(site.passes[0]) == TIME


def test_a_site_has_the_line_of_the_multiplication():
    (site,) = xray(Masked(lambda h: tuple(h.shape)), torch.randn(BATCH, TIME, FEATURES)).sites
    with open(site.file, encoding="utf-8") as source:
        assert "h = h * torch.bernoulli" in source.readlines()[site.line - 1]


CELL = """
from torch import nn
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 8, dropout=0.3)
    def forward(self, x):
        return nn.functional.dropout(self.rnn(x)[0], 0.5)
"""


def test_a_class_of_a_notebooks_cell_has_its_lines(monkeypatch):
    # As in a kernel: the file of __main__ is a library's, and inspect finds no source.
    name, main = "/tmp/ipykernel_1/1.py", sys.modules["__main__"]
    monkeypatch.setitem(linecache.cache, name, (len(CELL), None, CELL.splitlines(keepends=True), name))
    monkeypatch.setattr(main, "__file__", "/lib/site-packages/ipykernel_launcher.py", raising=False)
    space = {"__name__": "__main__"}
    exec(compile(CELL, name, "exec"), space)
    report = xray(space["Tagger"](), torch.randn(BATCH, TIME, FEATURES))
    assert {finding.slug: finding.line for finding in report.findings} == {
        "drops-nothing": 6,
        "on-in-evaluation": 8,
    }


def test_a_dropout_that_is_one_kernel_shows_its_mask():
    class Fused(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ops.aten.native_dropout(x, 0.5, self.training)[0]

    (site,) = xray(Fused(), torch.randn(40, FEATURES)).sites
    assert site.is_mask and 0.3 < (site.rate or 0) < 0.7


def test_inference_mode_does_not_hide_a_mask():
    class Quick(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.4)

        def forward(self, x: Tensor) -> Tensor:
            with torch.inference_mode():
                return self.drop(x)

    assert_drops(Quick(), torch.randn(BATCH, FEATURES))


def test_a_model_without_dropout_fails_assert_drops():
    with pytest.raises(AssertionError, match="drops nothing"):
        assert_drops(nn.Linear(FEATURES, 2), torch.randn(BATCH, FEATURES))


def test_the_report_is_plain_data_too():
    report = xray(Masked(lambda h: (1, *h.shape[1:])), torch.randn(BATCH, TIME, FEATURES))
    told = json.loads(report.to_json())
    assert told["findings"][0]["slug"] == report.findings[0].slug == "one-mask-for-the-batch"
    assert told["sites"][0]["shape"] == [BATCH, TIME, FEATURES]


def test_the_notebooks_page_has_the_masks_of_the_model():
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)
            self.rnn = nn.LSTM(FEATURES, FEATURES, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(self.drop(x))[0]

    from recdrop_lessons.xray.notebook_page import unrolled_picture

    report = xray(Tagger(), torch.randn(BATCH, TIME, FEATURES))
    picture = unrolled_picture(report)
    assert picture is not None and "input (a new mask at each step)" in picture.alt
    assert picture.html() in report._repr_html_()


def test_the_package_can_be_called_whichever_way_it_is_imported():
    import recdrop_lessons.xray.passes

    assert recdrop_lessons.xray is xray
    assert callable(xray) and recdrop_lessons.xray.passes.TRAINING > 1
