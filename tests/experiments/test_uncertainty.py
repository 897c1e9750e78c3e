"""Many passes with dropout on: probabilities averaged, doubt measured, modes put back."""

import math

import pytest
import torch

from recdrop_lessons import LSTM, RecdropError, Stack, uncertainty
from recdrop_lessons.layers.normalization import BatchNormLSTM


def model():
    torch.manual_seed(0)
    return Stack(LSTM(3, 8, dropout=0.4, recurrent_dropout=0.4), torch.nn.Linear(8, 4))


def test_passes_differ_and_modes_are_put_back():
    net, x = model(), torch.randn(5, 6, 3)
    net.eval()
    net.layers[1].train()
    passes = uncertainty.mc_predict(net, x, passes=9, generator=torch.Generator().manual_seed(1))
    assert passes.shape == (9, 5, 4) and torch.allclose(passes.sum(-1), torch.ones(9, 5))
    assert passes.std(0).max() > 1e-3
    assert not net.training and not net.layers[0].training and net.layers[1].training
    again = uncertainty.mc_predict(net, x, passes=9, generator=torch.Generator().manual_seed(1))
    assert torch.equal(passes, again)


def test_modes_are_put_back_after_an_error():
    net = model().eval()
    with pytest.raises(RecdropError, match="three: "):
        uncertainty.mc_predict(net, torch.randn(5, 3), passes=2)
    assert not net.training


class WithOwnDropout(torch.nn.Module):
    """A learner's module: dropout as a function, beside a sub-module that keeps statistics."""

    def __init__(self):
        super().__init__()
        self.norm, self.out = torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.out(torch.nn.functional.dropout(self.norm(x), 0.5, self.training))


class LastStep(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.out = layer, torch.nn.Linear(4, 2)

    def forward(self, x):
        outputs = self.layer(x.unsqueeze(1).expand(-1, 5, -1))
        return self.out((outputs[0] if isinstance(outputs, tuple) else outputs)[:, -1])


def plain(*layers):
    return torch.nn.Sequential(torch.nn.Linear(3, 4), *layers, torch.nn.Linear(4, 2))


#: Models with dropout, each beside something that training mode changes as well.
MODELS = {
    "batch norm": lambda: plain(torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5)),
    "instance norm": lambda: torch.nn.Sequential(
        torch.nn.Unflatten(1, (3, 1)),
        torch.nn.Upsample(scale_factor=2),
        torch.nn.InstanceNorm1d(3, track_running_stats=True),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(6, 2),
    ),
    "random slopes": lambda: plain(torch.nn.RReLU(), torch.nn.Dropout(0.5)),
    "spectral norm": lambda: torch.nn.Sequential(
        torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 4)),
        torch.nn.AlphaDropout(0.5),
        torch.nn.Linear(4, 2),
    ),
    "dropout as a function": WithOwnDropout,
    "recurrent batch norm": lambda: LastStep(
        BatchNormLSTM(3, 4, max_steps=5, gain=1.0, dropout=0.5, return_sequences=True)
    ),
    "torch's LSTM": lambda: LastStep(torch.nn.LSTM(3, 4, 2, dropout=0.5, batch_first=True)),
    "spectral norm of ours": lambda: LastStep(
        torch.nn.utils.spectral_norm(LSTM(3, 4, dropout=0.5, return_sequences=True), "weight_hh")
    ),
    "attention": lambda: torch.nn.Sequential(
        torch.nn.Linear(3, 4),
        torch.nn.Unflatten(1, (1, 4)),
        torch.nn.TransformerEncoderLayer(4, 2, 8, 0.5, batch_first=True),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 2),
    ),
}


@pytest.mark.filterwarnings("ignore:.*spectral_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_many_passes_leave_the_model_as_it_was(name, training):
    torch.manual_seed(3)
    net, x = MODELS[name]().train(training), 10 + torch.randn(8, 3)
    state = {key: value.clone() for key, value in net.state_dict().items()}
    buffers = {key: value.clone() for key, value in net.named_buffers()}
    modes = {key: module.training for key, module in net.named_modules()}
    passes = uncertainty.mc_predict(net, x, passes=30)
    assert passes.std(0).max() > 1e-4, "the passes differ"
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())
    assert all(torch.equal(value, buffers[key]) for key, value in net.named_buffers())
    assert {key: module.training for key, module in net.named_modules()} == modes


def test_batch_norm_uses_its_running_statistics_during_the_passes():
    net, x = MODELS["batch norm"](), 10 + torch.randn(8, 3)
    net[2].p = 0.0  # so that nothing but the norm could make a difference
    with torch.no_grad():
        expected = net.eval()(x).softmax(-1)
    with pytest.warns(UserWarning, match="All 3 passes were equal"):
        passes = uncertainty.mc_predict(net.train(), x, passes=3)
    assert torch.equal(passes, expected.expand(3, -1, -1))


class Positions(torch.nn.Module):
    """A learner's module: dropout as a function, beside a buffer that is no statistic."""

    def __init__(self, dropout=None):
        super().__init__()
        self.register_buffer("positions", torch.linspace(0, 1, 3))
        self.dropout = dropout

    def forward(self, x):
        x = x + self.positions
        return self.dropout(x) if self.dropout else torch.nn.functional.dropout(x, 0.5, self.training)


#: Models of which no pass differs from another, and what the warning says of them.
EQUAL = {
    "a function beside a buffer": (
        lambda: torch.nn.Sequential(Positions(), torch.nn.Linear(3, 2)),
        r"since they keep buffers: 0\. .*make that an nn\.Dropout",
    ),
    "the model keeps the buffer": (Positions, "since they keep buffers: the model itself"),
    "no dropout": (lambda: torch.nn.Linear(3, 2), "no mask changed a prediction. With a rate of 0"),
    "a rate of 0": (lambda: plain(torch.nn.Dropout(0.0)), "With a rate of 0 this is as it should be"),
    "a function": (lambda: plain(torch.nn.Dropout(0.5)).eval().forward, "give the nn.Module itself"),
    "a recurrent layer without dropout": (
        lambda: LastStep(LSTM(3, 4, return_sequences=True)),
        "All 4 passes were equal",
    ),
}


@pytest.mark.parametrize("name", EQUAL)
def test_no_uncertainty_is_not_shown_in_silence(name):
    torch.manual_seed(4)
    net, why = EQUAL[name][0](), EQUAL[name][1]
    with pytest.warns(UserWarning, match=why):
        passes = uncertainty.mc_predict(net, torch.randn(5, 3), passes=4)
    assert torch.equal(passes, passes[:1].expand_as(passes))


class Noise(torch.nn.Module):
    """Noise in training mode, without a dropout module or a buffer."""

    def forward(self, x):
        return x + torch.randn_like(x) if self.training else x


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "make",
    [
        lambda: Positions(torch.nn.Dropout(0.5)),  # as the warning advises
        lambda: torch.nn.Sequential(Positions(), torch.nn.Linear(3, 4), torch.nn.Dropout(0.5)),
        lambda: plain(Noise()),
        WithOwnDropout,
    ],
)
def test_passes_that_differ_give_no_warning(make):
    torch.manual_seed(5)
    passes = uncertainty.mc_predict(make(), torch.randn(5, 3), passes=4)
    assert passes.std(0).max() > 1e-3


@pytest.mark.filterwarnings("error")
def test_one_pass_gives_no_warning():
    uncertainty.mc_predict(torch.nn.Linear(3, 2), torch.randn(5, 3), passes=1)


def test_entropy_and_information_at_their_ends():
    certain, even = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]])
    assert uncertainty.entropy(certain).tolist() == [0.0]
    assert uncertainty.entropy(even).item() == pytest.approx(math.log(2))
    # Passes that agree hold no information about the model, however doubtful each is.
    assert uncertainty.mutual_information(torch.stack([even, even])).item() == pytest.approx(0, abs=1e-7)
    # Passes that are sure and contradict each other hold all of it.
    contradict = torch.stack([certain, certain.flip(-1)])
    assert uncertainty.mutual_information(contradict).item() == pytest.approx(math.log(2))


def test_averaging_logarithms_is_another_thing():
    passes = torch.tensor([[[0.9, 0.1]], [[0.1, 0.9]], [[0.9, 0.1]]])
    right = uncertainty.predictive(passes)
    wrong = passes.log().mean(0).softmax(-1)
    assert right[0, 0].item() == pytest.approx(1.9 / 3)
    assert (right - wrong).abs().max() > 0.03


def test_reliability_by_hand():
    # Bins (0, .5], (.5, 1]: two rows at .5 (one right), two above (one right).
    probabilities = torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.3, 0.7]])
    labels = torch.tensor([0, 1, 0, 0])
    diagram = uncertainty.reliability(probabilities, labels, bins=2)
    assert diagram.count.tolist() == [2, 2]
    assert diagram.accuracy.tolist() == [0.5, 0.5]
    assert diagram.confidence.tolist() == pytest.approx([0.5, 0.8])
    assert diagram.error == pytest.approx(0.5 * 0.0 + 0.5 * 0.3)


def test_empty_bins_count_for_nothing():
    diagram = uncertainty.reliability(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), bins=10)
    assert diagram.count.tolist() == [0] * 9 + [1] and diagram.error == 0
    assert diagram.accuracy[:9].isnan().all()


@pytest.mark.parametrize(
    "act",
    [
        lambda: uncertainty.mc_predict(model(), torch.zeros(1, 2, 3), passes=0),
        lambda: uncertainty.reliability(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)),
        lambda: uncertainty.reliability(torch.ones(1, 2), torch.zeros(1, dtype=torch.long), bins=0),
    ],
)
def test_refusals(act):
    with pytest.raises(RecdropError, match="expected"):
        act()


def test_a_temperature_of_one_changes_nothing_and_no_temperature_changes_the_order():
    p = torch.randn(50, 6, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert torch.allclose(uncertainty.tempered(p, 1.0), p, atol=1e-6)
    for temperature in (0.3, 4.0):
        q = uncertainty.tempered(p, temperature)
        assert torch.allclose(q.sum(-1), torch.ones(50), atol=1e-6)
        assert torch.equal(q.argsort(-1), p.argsort(-1))
        assert (uncertainty.entropy(q) < uncertainty.entropy(p)).all() == (temperature < 1)
    zero = uncertainty.tempered(torch.tensor([[1.0, 0.0]]), 2.0)
    assert torch.isfinite(zero).all()


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_fit_temperature_finds_the_one_that_the_labels_were_drawn_with(true):
    generator = torch.Generator().manual_seed(1)
    p = (3 * torch.randn(20_000, 5, generator=generator)).softmax(-1)
    labels = torch.multinomial(uncertainty.tempered(p, true), 1, generator=generator)[:, 0]
    # The standard error is about 1 % at 20,000 labels.
    assert uncertainty.fit_temperature(p, labels) == pytest.approx(true, rel=0.04)


def test_temperatures_refuse_what_has_none():
    with pytest.raises(RecdropError, match="above 0"):
        uncertainty.tempered(torch.ones(1, 2) / 2, 0.0)
    with pytest.raises(RecdropError, match="at least one"):
        uncertainty.fit_temperature(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64))


def test_losses_and_confidence_of_two_examples():
    p = torch.tensor([[0.5, 0.5], [0.1, 0.9]])
    assert torch.allclose(
        uncertainty.log_losses(p, torch.tensor([0, 1])), -torch.tensor([0.5, 0.9]).log(), atol=1e-6
    )
    assert uncertainty.confidence(p) == pytest.approx(0.7)


def test_as_flat_as_finds_the_temperature_between_two_predictions():
    p = (3 * torch.randn(2000, 5, generator=torch.Generator().manual_seed(2))).softmax(-1)
    assert uncertainty.as_flat_as(p, uncertainty.tempered(p, 1.7)) == pytest.approx(1.7, abs=0.011)


def test_auroc_counts_the_pairs_that_are_in_order():
    high, low = torch.tensor([3.0, 1.0]), torch.tensor([0.0, 1.0, 2.0])
    assert uncertainty.auroc(high, low) == pytest.approx((3 + 1.5) / 6)
