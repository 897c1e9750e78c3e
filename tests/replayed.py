"""One pass twice: the torch layer, and the NumPy twin that replays it with the same weights and masks.

The twin's gradients come from the complex step, so nothing here shares a derivative with autograd.
"""

import copy
import itertools

import numpy as np
import torch

from recdrop_lessons import GRU, LSTM, SimpleRNN, equations

LAYERS = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
BATCH, STEPS, FEATURES, HIDDEN = 2, 3, 2, 3


def assert_close(ours, reference, tolerance, name=""):
    """max |ours - reference| ≤ tolerance · max(1, max |reference|)."""
    ours, reference = np.asarray(ours), np.asarray(reference)
    assert ours.shape == reference.shape, (name, ours.shape, reference.shape)
    error = np.abs(ours - reference).max() if ours.size else 0.0
    scale = max(1.0, np.abs(reference).max()) if ours.size else 1.0
    assert error <= tolerance * scale, f"{name} differs by {error:.1e}, at a scale of {scale:.1e}"


def made(kind, seed=0, **arguments):
    """A small layer that returns everything it has, with weights large enough to matter."""
    torch.manual_seed(seed)
    arguments = {"return_sequences": True, "return_state": True, **arguments}
    layer = LAYERS[kind](FEATURES, HIDDEN, **arguments)
    for parameter in layer.parameters():
        torch.nn.init.uniform_(parameter, -1, 1)
    return layer


def inputs(layer, seed=0, batch=BATCH, steps=STEPS):
    """x (B, T, F) and a state that is not zero, in float32 (exact in float64 too)."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, steps, layer.input_size, generator=generator)
    state = tuple(0.5 * torch.randn(batch, layer.hidden_size, generator=generator) for _ in layer.state_names)
    return x, state


def numpy(tensors):
    """A tensor, or a dict, list or tuple of them, as float64 arrays."""
    if isinstance(tensors, dict):
        return {name: numpy(tensor) for name, tensor in tensors.items()}
    if isinstance(tensors, (tuple, list)):
        return [numpy(tensor) for tensor in tensors]
    return tensors.detach().numpy().astype(np.float64)


def options(layer):
    """The twin's options for this layer."""
    names = ("activation", "recurrent_activation", "reset_after")
    return {name: getattr(layer, name) for name in names if hasattr(layer, name)} | {
        "previous": layer.filled_with_previous
    }


def kind_of(layer):
    return next(kind for kind in LAYERS if isinstance(layer, LAYERS[kind]))


def replay(layer, x, weights, state, masks, lengths=None):
    """Replay a pass in NumPy: outputs (B, T, H) and the last states, row by row where lengths differ."""
    start = dict(zip(("h", "c"), state, strict=False))
    if lengths is None:
        read = x[:, ::-1] if layer.go_backwards else x
        run = equations.run(kind_of(layer), read, *weights, **start, masks=masks, **options(layer))
        return run.outputs, [s[:, -1] for s in (run.h, run.c) if s is not None]
    outputs = np.zeros((*x.shape[:2], layer.hidden_size), np.result_type(x, *weights, *state))
    rows = []
    for b, length in enumerate(lengths):
        own = {site: m if m.ndim == 2 or m.shape[1] == 1 else m[:, b : b + 1] for site, m in masks.items()}
        row, last = replay(
            layer, x[b : b + 1, :length], weights, [s[b : b + 1] for s in state], own
        )  # (1, length, H)
        outputs[b, :length] = row[0]
        rows.append(last)
    return outputs, [np.concatenate([row[k] for row in rows]) for k in range(len(state))]


def assert_same_pass(layer, masks, *, lengths=None, seed=0, gradients=True, batch=BATCH, steps=STEPS):
    """Hold the layer's values and gradients against the twin's, in float32 and in float64.

    The loss weighs every output and every last state by a number of its own.
    """
    x, state = inputs(layer, seed, batch, steps)
    rng = np.random.default_rng(seed)
    weigh = [rng.normal(size=(batch, steps, layer.hidden_size))]
    weigh += [rng.normal(size=(batch, layer.hidden_size)) for _ in state]
    names = [name for name, _ in layer.named_parameters()]
    values = [*numpy(list(layer.parameters())), numpy(x), *numpy(state)]
    count = len(names)
    plain_masks = numpy(masks)

    def twin(*v):
        return replay(layer, v[count], v[:count], v[count + 1 :], plain_masks, lengths)

    def loss_of_twin(*v):
        outputs, states = twin(*v)
        return sum((a * b).sum() for a, b in zip(weigh, [outputs, *states], strict=True))

    outputs, states = twin(*values)
    slopes = []
    if gradients:
        for k in range(len(values)):
            slopes.append(
                equations.complex_step(
                    lambda v, k=k: loss_of_twin(*values[:k], v, *values[k + 1 :]), values[k]
                )
            )

    for (dtype, tolerance), fast in itertools.product(TOLERANCE.items(), (False, True)):
        one = copy.deepcopy(layer).to(dtype)
        one.fast = fast  # the readable form, and the kernel where there is one
        form = f"{'fast' if fast else 'readable'}, {dtype}"
        x_, state_ = x.to(dtype).requires_grad_(), tuple(s.to(dtype).requires_grad_() for s in state)
        result = one(x_, state_, masks=masks, lengths=None if lengths is None else torch.tensor(lengths))
        for name, ours, theirs in zip(("outputs", "h", "c"), result, [outputs, *states], strict=False):
            assert_close(ours.detach(), theirs, tolerance, f"{name} ({form})")
        if not gradients:
            continue
        loss = sum((torch.tensor(a, dtype=dtype) * b).sum() for a, b in zip(weigh, result, strict=True))
        ours = torch.autograd.grad(loss, [*one.parameters(), x_, *state_], materialize_grads=True)
        for name, own, slope in zip([*names, "x", "h", "c"], ours, slopes, strict=False):
            assert_close(own, slope, tolerance, f"the gradient of {name} ({form})")
