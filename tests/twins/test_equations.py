"""The NumPy twins themselves: against plain scalars, against torch.nn, and no import of ours."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recdrop_lessons import equations
from recdrop_lessons.twins.equations import complex_step, gru_step, lstm_step, rnn_step, run, sigmoid

RNG = np.random.default_rng(0)


def test_the_twins_import_nothing_of_ours_and_no_torch():
    tree = ast.parse(Path(equations.__file__).read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            roots.add(node.module.split(".")[0])
    assert roots <= {"__future__", "collections", "typing", "numpy", "math"}


# ---- one unit, one feature, in plain scalars: the equations once more, by hand ----


def s(a):
    return 1 / (1 + math.exp(-a))


def scalars(*names):
    return {name: float(value) for name, value in zip(names, RNG.normal(size=len(names)), strict=True)}


def a2(value):
    return np.array([[value]])


def test_one_unit_of_the_lstm_by_hand():
    w, u, b = scalars(*"ifgo"), scalars(*"ifgo"), scalars(*"ifgo")
    x, h, c = 0.7, -0.4, 1.3
    mx, mh, mg, mc, mo, mU = 1.25, 2.0, 1.5, 0.5, 3.0, 1.1
    a = {k: w[k] * (mx * x) + (mU * u[k]) * (mh * h) + b[k] for k in "ifgo"}
    c_new = mc * (s(a["f"]) * c + s(a["i"]) * (mg * math.tanh(a["g"])))
    h_new = s(a["o"]) * math.tanh(c_new)
    column = [np.array([[v[k]] for k in "ifgo"]) for v in (w, u)]
    masks = {
        "input": a2(mx), "recurrent": a2(mh), "candidate": a2(mg), "cell": a2(mc), "output": a2(mo),
        "recurrent_weight": np.full((4, 1), mU),
    }  # fmt: skip
    step = lstm_step(a2(x), a2(h), a2(c), *column, np.array([b[k] for k in "ifgo"]), masks=masks)
    assert step.c.item() == pytest.approx(c_new, rel=1e-14)
    assert step.h.item() == pytest.approx(h_new, rel=1e-14)
    assert step.output.item() == pytest.approx(mo * h_new, rel=1e-14)
    assert step.gates["f"].item() == pytest.approx(s(a["f"]), rel=1e-14)
    masks = {"hidden": a2(2.0)}
    carried = lstm_step(a2(x), a2(h), a2(c), *column, np.array([b[k] for k in "ifgo"]), masks=masks)
    plain = lstm_step(a2(x), a2(h), a2(c), *column, np.array([b[k] for k in "ifgo"]))
    assert carried.h == carried.output == 2 * plain.h


def test_zoneout_of_the_lstm_by_hand():
    W, U, b = RNG.normal(size=(4, 1)), RNG.normal(size=(4, 1)), RNG.normal(size=4)
    x, h, c = a2(0.7), a2(-0.4), a2(1.3)
    new = lstm_step(x, h, c, W, U, b)
    for kept_c in (0.0, 1.0, 0.3):
        for kept_h in (0.0, 1.0, 0.6):
            masks = {"cell": a2(kept_c), "hidden": a2(kept_h)}
            z = lstm_step(x, h, c, W, U, b, masks=masks, previous=("cell", "hidden"))
            assert z.c.item() == pytest.approx(kept_c * 1.3 + (1 - kept_c) * new.c.item(), rel=1e-14)
            # h' reads the new cell before its zoneout, so the cell's choice does not reach it
            assert z.h.item() == pytest.approx(kept_h * -0.4 + (1 - kept_h) * new.h.item(), rel=1e-14)


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_unit_of_the_gru_by_hand(reset_after):
    w, u, b, d = (scalars(*"rzn") for _ in range(4))
    x, h = 0.7, -0.4
    m = {"r": (1.25, 2.0), "z": (0.5, 1.5), "n": (3.0, 0.75)}  # one mask per gate, on x and on h
    mg = 1.6
    r = s(w["r"] * (m["r"][0] * x) + b["r"] + u["r"] * (m["r"][1] * h) + d["r"])
    z = s(w["z"] * (m["z"][0] * x) + b["z"] + u["z"] * (m["z"][1] * h) + d["z"])
    into = w["n"] * (m["n"][0] * x) + b["n"]
    if reset_after:
        n = math.tanh(into + r * (u["n"] * (m["n"][1] * h) + d["n"]))
    else:
        n = math.tanh(into + u["n"] * (r * m["n"][1] * h) + d["n"])
    h_new = (1 - z) * (mg * n) + z * h
    column = [np.array([[v[k]] for k in "rzn"]) for v in (w, u)]
    biases = [np.array([v[k] for k in "rzn"]) for v in (b, d)]
    masks = {
        "input": np.array([[[m[k][0]] for k in "rzn"]]),
        "recurrent": np.array([[[m[k][1]] for k in "rzn"]]),
        "candidate": a2(mg),
    }
    step = gru_step(a2(x), a2(h), *column, *biases, masks=masks, reset_after=reset_after)
    assert step.h.item() == pytest.approx(h_new, rel=1e-14)
    assert step.c is None


def test_one_unit_of_the_simple_net_by_hand():
    step = rnn_step(
        a2(0.7), a2(-0.4), a2(1.1), a2(-0.6), np.array([0.2]), masks={"input": a2(2.0), "recurrent": a2(1.5)}
    )
    assert step.h.item() == pytest.approx(math.tanh(1.1 * 2.0 * 0.7 - 0.6 * 1.5 * -0.4 + 0.2), rel=1e-14)
    relu = rnn_step(a2(0.7), a2(0.0), a2(-1.1), a2(0.0), np.zeros(1), activation="relu")
    linear = rnn_step(a2(0.7), a2(0.0), a2(-1.1), a2(0.0), np.zeros(1), activation="linear")
    assert relu.h == 0 and linear.h.item() == pytest.approx(-0.77)


def test_activation_acts_in_its_places_and_no_other():
    W, U, b = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2)), RNG.normal(size=8)
    x, h, c = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 2)), RNG.normal(size=(4, 2))
    plain = lstm_step(x, h, c, W, U, b)
    other = lstm_step(x, h, c, W, U, b, activation="linear")
    for gate in "ifo":
        assert (plain.gates[gate] == other.gates[gate]).all()
    a_g = x @ W[4:6].T + h @ U[4:6].T + b[4:6]
    assert np.allclose(other.gates["g"], a_g)  # first place: the candidate
    assert np.allclose(other.h, other.gates["o"] * other.c)  # second place: the cell on its way out
    other = lstm_step(x, h, c, W, U, b, recurrent_activation="linear")
    assert (plain.gates["g"] == other.gates["g"]).all()
    for k, gate in enumerate("if"):
        rows = slice(2 * k, 2 * k + 2)
        assert np.allclose(other.gates[gate], x @ W[rows].T + h @ U[rows].T + b[rows])


# ---- against torch.nn, no masks ----


@pytest.mark.parametrize("kind, module", [("SimpleRNN", nn.RNN), ("LSTM", nn.LSTM), ("GRU", nn.GRU)])
def test_the_twins_equal_torch_nn(kind, module):
    torch.manual_seed(0)
    theirs = module(3, 4, batch_first=True, dtype=torch.float64)
    W, U, b, d = (p.detach().numpy() for p in theirs.parameters())
    biases = (b, d) if kind == "GRU" else (b + d,)
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    ours = run(kind, x.numpy(), W, U, *biases)
    outputs, state = theirs(x)
    assert np.abs(ours.outputs - outputs.detach().numpy()).max() < 1e-14
    if kind == "LSTM":
        assert np.abs(ours.c[:, -1] - state[1][0].detach().numpy()).max() < 1e-14
    assert set(ours.gates) == {"SimpleRNN": {"h"}, "LSTM": set("ifgo"), "GRU": set("rzn")}[kind]
    assert all(gate.shape == (2, 5, 4) for gate in ours.gates.values())


def test_run_starts_from_the_state_it_is_given_and_takes_masks_by_the_step():
    W, U, b = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2)), RNG.normal(size=8)
    x, h, c = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 2)), RNG.normal(size=(2, 2))
    masks = {"input": RNG.normal(size=(4, 2, 3)), "cell": RNG.normal(size=(1, 1, 2))}
    whole = run("LSTM", x, W, U, b, h=h, c=c, masks=masks)
    for t in range(4):
        own = {"input": masks["input"][t], "cell": masks["cell"][0]}
        step = lstm_step(x[:, t], h, c, W, U, b, masks=own)
        h, c = step.h, step.c
        assert (whole.h[:, t] == h).all() and (whole.c[:, t] == c).all()
    with pytest.raises(KeyError):
        run("RNN", x, W, U, b)


# ---- the tools ----


def test_sigmoid_is_exact_and_does_not_overflow():
    a = np.linspace(-30, 30, 121)
    assert np.allclose(sigmoid(a), 1 / (1 + np.exp(-a)), rtol=0, atol=1e-15)
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


def test_the_complex_step_gives_exact_gradients():
    v = RNG.normal(size=(2, 3))
    assert (
        np.abs(complex_step(lambda v: (np.tanh(v) ** 2).sum(), v) - 2 * np.tanh(v) / np.cosh(v) ** 2).max()
        < 1e-15
    )
    relu = complex_step(lambda v: equations.ACTIVATIONS["relu"](v).sum(), v)
    assert (relu == (v > 0)).all()
    assert complex_step(lambda v: v**3, np.array(2.0)) == pytest.approx(12)
