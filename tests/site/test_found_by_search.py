"""What is asked most is found by the site's own search, and has a title and a description for others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

Visit = Callable[..., Any]
#: What somebody types, as in the threads and messages, and the page that answers.
ASKED = {
    "recurrent dropout is wrong": "recurrent-dropout-is-wrong",
    "inconsistent dropout masks": "inconsistent-masks",
    "semeniuta recurrent dropout keras": "semeniuta-in-keras",
    "recurrent dropout nn.LSTM": "recurrent-dropout-in-nn-lstm",
    "zoneout pytorch": "zoneout-in-pytorch",
    "non-zero dropout expects num_layers greater than 1": "dropout-with-one-layer",
    "attention dropout before or after softmax": "attention-dropout-before-or-after-softmax",
    "GATConv dropout F.dropout": "gatconv-dropout-or-f-dropout",
    "expected ndim=3, found ndim=2": "expected-ndim-3-found-ndim-2",
    "stacked return_sequences": "why-return-sequences",
    "GaussianDropout expectation": "gaussian-dropout-expectation",
    "does my model drop": "does-my-model-drop",
    "dropout or recurrent_dropout": "keras-dropout-or-recurrent-dropout",
}
FIRST = 5


@pytest.mark.browser
def test_the_sites_own_search_finds_what_is_asked_most(visit: Visit) -> None:
    page, missed = visit("search.html"), []
    for words, answer in ASKED.items():
        page.goto(page.url.partition("?")[0] + "?" + "q=" + words.replace(" ", "+").replace("=", "%3D"))
        page.get_by_text(re.compile("finished|Search finished|found", re.I)).first.wait_for()
        page.locator("#search-results li a").first.wait_for()
        page.wait_for_function(
            "document.querySelector('#search-results .search-summary')?.textContent.includes('ound')"
        )
        links = page.locator("#search-results li > a").evaluate_all("links => links.map((one) => one.href)")
        first = [link.partition("#")[0].partition("?")[0] for link in links[:FIRST]]
        if not any(link.endswith(f"docs/answers/{answer}.html") for link in first):
            missed.append((words, [link.rsplit("/", 1)[-1] for link in first]))
    assert not missed
