"""Many passes with dropout on: probabilities averaged, doubt measured, modes put back."""

import math

import pytest
import torch

from recdrop_lessons import LSTM, RecdropError, Stack, uncertainty


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
