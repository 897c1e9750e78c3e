"""The fast form: the readable form's values and gradients with every mask, and no surprise beside them."""

import copy
import io

import pytest
import torch
from replayed import TOLERANCE
from torch.nn.utils import parametrizations, prune

from recdrop_lessons import GRU, LSTM, SITES, Drop, RecdropError, SimpleRNN, record, variants
from recdrop_lessons.layers import blockwise, fast
from recdrop_lessons.layers.normalization import LayerNormLSTM

KINDS = {"LSTM": LSTM, "GRU": GRU}
ROWS_OF_DROPS = {
    "none": (),
    "gal": variants.gal(0.3),
    "gal untied": variants.gal(0.3, tied=False),
    "input by gate": (Drop("input", 0.3, per_gate=True), Drop("recurrent", 0.3)),
    "recurrent by gate, per step": (Drop("recurrent", 0.3, shared=(), per_gate=True),),
    "recurrent per step": (Drop("recurrent", 0.3, shared=()),),
    "candidate": (Drop("candidate", 0.3, shared=(), noise="gaussian"),),
    "cell": variants.moon(0.3),
    "hidden": (Drop("hidden", 0.3),),
    "output": (Drop("output", 0.3, shared=()),),
    "zoneout": variants.zoneout(0.4, 0.2),
    "zoneout of h": variants.zoneout_hidden(0.4),
    "weight": variants.weight_drop(0.3),
    "all": (
        Drop("input", 0.2, shared=()),
        Drop("recurrent", 0.2, shared=("time", "batch"), per_gate=True),
        Drop("candidate", 0.2),
        Drop("cell", 0.2, shared=("features",), fill="previous"),
        Drop("hidden", 0.2, shared=("time", "features")),
        Drop("output", 0.1, noise="gaussian"),
        Drop("recurrent_weight", 0.2),
    ),
}
CASES = [(kind, name) for kind in KINDS for name in ROWS_OF_DROPS]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def drops_of(kind, name):
    return tuple(drop for drop in ROWS_OF_DROPS[name] if drop.site in KINDS[kind].sites)


def layer_and_input(kind, drops=(), *, batch=3, steps=11, dtype=torch.float32, **arguments):
    torch.manual_seed(1)
    arguments = {"return_sequences": True, "return_state": True, **arguments}
    layer = KINDS[kind](4, 5, drops=drops, **arguments).to(dtype)
    x = torch.randn(batch, steps, 4, dtype=dtype)
    state = tuple(torch.randn(batch, 5, dtype=dtype) for _ in layer.state_names)
    return layer, x, state


def pass_through(layer, x, state, masks, lengths=None):
    """Everything that comes out, and the gradient of a weighted sum of it by everything that went in."""
    x, state = x.clone().requires_grad_(), tuple(s.clone().requires_grad_() for s in state)
    results = layer(x, state, masks=masks, lengths=lengths)
    generator = torch.Generator().manual_seed(2)
    loss = sum((torch.randn(r.shape, generator=generator).to(r) * r).sum() for r in results)
    gradients = torch.autograd.grad(loss, [x, *state, *layer.parameters()])
    return [r.detach() for r in results] + list(gradients)


def assert_forms_agree(layer, x, state, masks, lengths=None):
    assert fast.knows(layer, x, masks)
    quick = pass_through(layer, x, state, masks, lengths)
    layer.fast = False
    for ours, theirs in zip(quick, pass_through(layer, x, state, masks, lengths), strict=True):
        scale = max(1.0, theirs.abs().max().item())
        assert (ours - theirs).abs().max().item() <= TOLERANCE[x.dtype] * scale


@pytest.fixture
def short_blocks(monkeypatch):
    """Blocks of two steps, so that a few steps already cross from block to block."""
    monkeypatch.setattr(blockwise, "ROWS", 6)
    monkeypatch.setattr(blockwise, "NUMBERS", 0)
    assert [b.stop - b.start for b in blockwise.blocks(5, 3, 5)] == [2, 2, 1]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lengths", [None, (11, 4, 1)])
@pytest.mark.parametrize("kind, name", CASES)
def test_the_two_forms_agree_over_several_blocks(kind, name, lengths, dtype, short_blocks):
    layer, x, state = layer_and_input(kind, drops_of(kind, name), dtype=dtype)
    assert_forms_agree(layer, x, state, layer.sample_masks(3, 11), lengths and torch.tensor(lengths))


@pytest.mark.parametrize("kind, name", CASES)
def test_the_two_forms_agree_in_one_block_of_another_size(kind, name):
    layer, x, state = layer_and_input(kind, drops_of(kind, name), batch=40, steps=17, dtype=torch.float64)
    assert_forms_agree(layer, x, state, layer.sample_masks(40, 17))


@pytest.mark.parametrize("kind, name", CASES)
def test_gradcheck(kind, name, short_blocks):
    layer, x, state = layer_and_input(kind, drops_of(kind, name), batch=2, steps=4, dtype=torch.float64)
    masks = layer.sample_masks(2, 4)
    leaves = [v.requires_grad_() for v in (x, *state, *layer.parameters())]

    def run(x, *rest):
        return layer(x, rest[: len(state)], masks=masks)

    assert torch.autograd.gradcheck(run, leaves)


def test_only_the_outputs_or_only_the_state_may_be_used(kind):
    layer, x, state = layer_and_input(kind, variants.gal(0.3), dtype=torch.float64)
    masks = layer.sample_masks(3, 11)
    for which in range(1 + len(state)):
        gradients = []
        for form in (True, False):
            layer.fast = form
            loss = layer(x, state, masks=masks)[which].square().sum()
            gradients.append(torch.autograd.grad(loss, list(layer.parameters())))
        for ours, theirs in zip(*gradients, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


# ---- where the kernel steps aside ----


@pytest.mark.parametrize(
    "layer",
    [
        LSTM(4, 5, activation="relu"),
        LSTM(4, 5, recurrent_activation="linear"),
        GRU(4, 5, activation="sigmoid"),
        GRU(4, 5, reset_after=False),
        SimpleRNN(4, 5),
        LayerNormLSTM(4, 5),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_computes_something_else_stays_readable(layer):
    assert not fast.knows(layer, torch.zeros(1, 1, 4), {})


def test_a_mask_that_learns_stays_readable_and_learns():
    layer, x, _ = layer_and_input("LSTM", variants.moon(0.3), return_state=False)
    masks = {site: m.requires_grad_() for site, m in layer.sample_masks(3, 11).items()}
    assert not fast.knows(layer, x, masks)
    layer(x, masks=masks).sum().backward()
    assert masks["cell"].grad.abs().sum() > 0


def test_a_mask_at_a_site_that_no_kernel_computes_stays_readable(kind):
    layer, x, _ = layer_and_input(kind)
    one = torch.ones(1, 1, 5)
    for site in (*SITES, "a new one"):
        known = {*fast.AROUND, *fast.kernel_of(layer).sites}
        assert fast.knows(layer, x, {site: one}) == (site in known)
        assert fast.knows(layer, x, {"recurrent": one, site: one}) == (site in known)
    assert set(layer.sites) <= known


def test_each_site_that_the_fast_form_declares_changes_what_it_computes(kind):
    layer, x, state = layer_and_input(kind)
    plain = layer(x, state)[0]
    for site in (*fast.AROUND, *fast.kernel_of(layer).sites):
        mask = torch.zeros_like(layer.weight_hh) if site == "recurrent_weight" else torch.zeros(1, 1, 1)
        assert not torch.allclose(layer(x, state, masks={site: mask})[0], plain), site


def test_autocast_stays_readable():
    layer, x, _ = layer_and_input("LSTM", return_state=False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not fast.knows(layer, x, {})
        layer(x).sum().backward()


def test_recording_and_turning_off_take_the_readable_form(kind, monkeypatch):
    layer, x, _ = layer_and_input(kind, return_state=False)
    monkeypatch.setattr(fast, "over_time", lambda *_: pytest.fail("the kernel was taken"))
    with record(layer) as trace:
        layer(x)
    assert trace.output.shape == (3, 11, 5)
    layer.fast = False
    layer(x)


# ---- no surprise ----


def test_a_second_derivative_is_refused_with_the_cure(kind):
    layer, x, _ = layer_and_input(kind, return_state=False)
    with pytest.raises(RecdropError, match=r"layer\.fast = False"):
        torch.autograd.grad(layer(x).sum(), list(layer.parameters()), create_graph=True)
    layer.fast = False
    (slope, *_) = torch.autograd.grad(layer(x).square().sum(), list(layer.parameters()), create_graph=True)
    slope.square().sum().backward()
    assert layer.weight_hh.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ["none", "gal", "zoneout", "hidden"])
def test_what_comes_out_may_be_changed_in_place(kind, name):
    layer, x, state = layer_and_input(kind, drops_of(kind, name), dtype=torch.float64)
    masks, gradients = layer.sample_masks(3, 11), []
    for form in (True, False):
        layer.fast = form
        outputs, *last = layer(x, state, masks=masks)
        before = [s.clone() for s in last]
        outputs.mul_(3)
        assert all(torch.equal(s, b) for s, b in zip(last, before, strict=True))  # no shared memory
        loss = outputs.square().sum() + sum(s.mul_(2).sum() for s in last)
        gradients.append(torch.autograd.grad(loss, list(layer.parameters())))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-11, rtol=1e-11)


def test_backward_twice_gives_the_same_gradient_twice(kind):
    layer, x, _ = layer_and_input(kind, variants.gal(0.3), return_state=False)
    loss = layer(x).sum()
    first = torch.autograd.grad(loss, list(layer.parameters()), retain_graph=True)
    second = torch.autograd.grad(loss, list(layer.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_weight_changed_before_backward_is_refused():
    layer, x, _ = layer_and_input("LSTM", variants.gal(0.3), return_state=False)
    loss = layer(x).sum()
    with torch.no_grad():
        layer.weight_hh.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_not_a_number_in_is_not_a_number_out(kind):
    layer, x, _ = layer_and_input(kind, variants.gal(0.3), return_state=False)
    x[1, 3] = float("nan")
    outputs = layer(x)
    assert outputs[1, 3:].isnan().all()
    assert outputs[[0, 2]].isfinite().all() and outputs[1, :3].isfinite().all()


def test_an_empty_batch_and_a_single_step_pass(kind):
    layer, _, _ = layer_and_input(kind, variants.gal(0.3), return_state=False)
    assert layer(torch.zeros(0, 3, 4)).shape == (0, 3, 5)
    layer(torch.zeros(1, 1, 4)).sum().backward()


# ---- evaluation ----


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("name", ["none", "gal", "zoneout"])
def test_evaluation_agrees_with_the_readable_form(kind, name, mode):
    layer, x, state = layer_and_input(kind, drops_of(kind, name))
    layer.eval()
    with mode():
        quick = layer(x, state)
        layer.fast = False
        for ours, theirs in zip(quick, layer(x, state), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def evaluated(layer, x):
    with torch.no_grad():
        return layer(x)


def test_evaluation_follows_the_weights_however_they_change(kind):
    layer, x, _ = layer_and_input(kind, return_state=False)
    other, _, _ = layer_and_input(kind, return_state=False)
    torch.nn.init.uniform_(other.weight_ih, -1, 1)
    expected = evaluated(other, x)
    assert not torch.allclose(evaluated(layer, x), expected)
    copied = copy.deepcopy(layer)
    layer.load_state_dict(other.state_dict())  # in place
    assert torch.equal(evaluated(layer, x), expected)
    assert not torch.allclose(evaluated(copied, x), expected)  # a copy has its own
    copied.load_state_dict(other.state_dict(), assign=True)  # other Parameters
    assert torch.equal(evaluated(copied, x), expected)
    copied.double()
    torch.testing.assert_close(evaluated(copied, x.double()).float(), expected, atol=1e-6, rtol=0)
    copied.float()
    torch.testing.assert_close(evaluated(copied, x), expected, atol=1e-6, rtol=0)


def with_submodule(kind):
    class Own(KINDS[kind]):
        """A layer with something of its own beside the cell's parameters."""

        def __init__(self, *sizes, **arguments):
            super().__init__(*sizes, **arguments)
            self.head = torch.nn.Linear(5, 2)
            self.scale = torch.nn.Parameter(torch.ones(1))

    return Own(4, 5)


def pruned(kind):
    layer = KINDS[kind](4, 5)
    prune.l1_unstructured(layer, "weight_hh", 0.5)
    return layer


WEIGHTS_MADE_OTHERWISE = {
    "a sub-module": with_submodule,
    "weight norm": lambda kind: parametrizations.weight_norm(KINDS[kind](4, 5), "weight_hh"),
    "weight norm of W": lambda kind: parametrizations.weight_norm(KINDS[kind](4, 5), "weight_ih"),
    "spectral norm": lambda kind: parametrizations.spectral_norm(KINDS[kind](4, 5), "weight_hh"),
    "orthogonal": lambda kind: parametrizations.orthogonal(KINDS[kind](4, 5), "weight_hh"),
    "weight norm by hooks": lambda kind: torch.nn.utils.weight_norm(KINDS[kind](4, 5), "weight_hh"),
    "pruned": pruned,
    "frozen": lambda kind: KINDS[kind](4, 5).requires_grad_(False),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize("made", WEIGHTS_MADE_OTHERWISE)
def test_evaluation_takes_weights_however_they_are_made(kind, made):
    torch.manual_seed(2)
    layer, x = WEIGHTS_MADE_OTHERWISE[made](kind), torch.randn(3, 7, 4)
    for _ in range(2):  # before and after a training step
        layer.eval()
        quick = evaluated(layer, x)
        layer.fast = False
        torch.testing.assert_close(quick, evaluated(layer, x), atol=1e-6, rtol=0)
        layer.fast = True
        learned = [p for p in layer.parameters() if p.requires_grad]
        if learned:
            layer.train()(x).square().sum().backward()
            torch.optim.SGD(learned, 0.1).step()


def test_evaluation_takes_the_weights_of_a_functional_call(kind):
    layer, x, _ = layer_and_input(kind, return_state=False)
    other, _, _ = layer_and_input(kind, return_state=False)
    torch.nn.init.uniform_(other.weight_hh, -1, 1)
    evaluated(layer, x)
    with torch.no_grad():
        quick = torch.func.functional_call(layer, dict(other.named_parameters()), (x,))
    assert torch.equal(quick, evaluated(other, x))
    assert evaluated(layer, torch.zeros(0, 3, 4)).shape == (0, 3, 5)


def test_evaluation_leaves_no_trace_in_the_layer(kind):
    layer, x, _ = layer_and_input(kind, return_state=False)
    names, modules = list(layer.state_dict()), list(layer.modules())
    expected = evaluated(layer, x)
    assert list(layer.state_dict()) == names and list(layer.modules()) == modules
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    assert torch.equal(evaluated(torch.load(file, weights_only=False), x), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("kind, name", CASES)
def test_the_two_forms_agree_on_a_gpu(kind, name):
    layer, x, state = layer_and_input(kind, drops_of(kind, name), dtype=torch.float64)
    layer, x, state = layer.cuda(), x.cuda(), tuple(s.cuda() for s in state)
    assert_forms_agree(layer, x, state, layer.sample_masks(3, 11))
