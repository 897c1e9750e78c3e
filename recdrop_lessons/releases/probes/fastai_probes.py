"""What fastai's AWD_LSTM does with its four dropouts, seen from outside: footprints of tokens and steps."""

from __future__ import annotations

from typing import Any

import fastai
import torch
from fastai.text.models.awdlstm import AWD_LSTM
from torch import Tensor

from .asking import Probes

PROBES = Probes()
WORDS, WIDTH, HIDDEN, B, T, P = 20, 24, 24, 10, 6, 0.5
NONE = {"hidden_p": 0.0, "input_p": 0.0, "embed_p": 0.0, "weight_p": 0.0}


def about() -> dict[str, str]:
    """The release that is asked, and its torch."""
    torch_release = torch.__version__.partition("+")[0]
    return {"release": fastai.__version__, "backend": "torch", "backend_release": torch_release}


def net(layers: int = 1, **rates: float) -> Any:
    torch.manual_seed(0)
    return AWD_LSTM(WORDS, WIDTH, HIDDEN, layers, **{**NONE, **rates})


@torch.no_grad()
def passed(model: Any, tokens: Tensor) -> Tensor:
    """The last layer's output, from a zero state."""
    model.reset()
    result = model(tokens)
    return result[0][-1] if isinstance(result, tuple) else result


def equal_rows() -> Tensor:
    """Tokens (B, T), the same in every example."""
    return (torch.arange(T) % WORDS).expand(B, T).clone()


@PROBES.ask(
    "fastai_weight_p_site",
    "What does `AWD_LSTM(weight_p=p)` drop?",
    "`weight_p` drops {observed}.",
)
def weight_p_site() -> str:
    # At the first step h is zero: a mask on the recurrent matrix leaves it as it is.
    torch.manual_seed(1)
    whole, dropped = passed(net().eval(), equal_rows()), passed(net(weight_p=P).train(), equal_rows())
    first, later = (torch.allclose(whole[:, t], dropped[:, t], atol=1e-6) for t in (0, slice(1, None)))
    return "elements of the recurrent matrix" if first and not later else "something else"


@PROBES.ask(
    "fastai_weight_p_sharing",
    "Do the examples share one draw of `weight_p`?",
    "With `weight_p` {observed}.",
)
def weight_p_sharing() -> str:
    y = passed(net(weight_p=P).train(), equal_rows())
    again = passed(net(weight_p=P).train(), equal_rows())
    batch = (
        "all examples share one mask"
        if torch.allclose(y, y[:1].expand_as(y), atol=1e-6)
        else "each has a mask"
    )
    model = net(weight_p=P).train()
    redrawn = not torch.allclose(passed(model, equal_rows()), passed(model, equal_rows()), atol=1e-6)
    assert torch.allclose(y, again, atol=1e-6)  # equal seeds
    return f"{batch}, {'new' if redrawn else 'the same'} at each call"


@PROBES.ask(
    "fastai_weight_p_evaluation",
    "Does `weight_p` use the whole matrix in evaluation mode?",
    "In evaluation mode `weight_p` uses {observed}.",
)
def weight_p_evaluation() -> str:
    fresh, model = net().eval(), net(weight_p=P)
    passed(model.train(), equal_rows())
    alike = torch.allclose(passed(model.eval(), equal_rows()), passed(fresh, equal_rows()), atol=1e-6)
    return "the whole matrix" if alike else "a masked or scaled matrix"


def _seen(argument: str, layers: int = 1) -> Tensor:
    """What reaches the LSTM (its first, or its second with `layers=2`), (B, T, width): read by a hook."""
    model, seen = net(layers, **{argument: P}).train(), []
    with torch.no_grad():
        model.encoder.weight.fill_(1.0)
    model.rnns[layers - 1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    tokens = (torch.arange(T) // 2).expand(B, T).clone()  # each word twice: 0 0 1 1 2 2
    passed(model, tokens)
    return seen[0]


@PROBES.ask(
    "fastai_{argument}_sharing",
    "Which elements share one draw of `AWD_LSTM({argument}=p)`?",
    "With `{argument}` {observed}.",
    argument=("input_p", "hidden_p"),
)
def locked(argument: str) -> str:
    kept = _seen(argument, layers=2 if argument == "hidden_p" else 1) != 0
    steps = (kept == kept[:, :1]).all()
    examples = (kept == kept[:1]).all()
    draw = "the steps share a mask" if steps else "each step has a mask"
    return f"{draw}, {'one for the batch' if examples else 'each example its own'}"


@PROBES.ask(
    "fastai_embed_p_sharing",
    "Which elements share one draw of `AWD_LSTM(embed_p=p)`?",
    "With `embed_p` {observed}.",
)
def embed_p() -> str:
    kept = _seen("embed_p") != 0  # (B, T, width)
    whole = (kept == kept[..., :1]).all()
    both = (kept[:, 0::2] == kept[:, 1::2]).all()  # the two places of a word
    examples = (kept == kept[:1]).all()
    return (
        "whole words are dropped, wherever they stand, in all examples"
        if whole and both and examples
        else "other"
    )
