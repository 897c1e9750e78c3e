"""The claims of lesson 06, run against Keras and PyTorch."""

import os

import pytest
import torch
from torch import nn

from recdrop_lessons import LSTM, RepeatVector, frameworks, trace_shapes

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")
K = keras.layers

B, T, F, H = 3, 5, 4, 6


def built(*layers):
    return keras.Sequential([keras.Input((T, F)), *layers])


def test_three_axes_are_mandatory_and_there_are_two_ways_to_them():
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        built(K.LSTM(H), K.LSTM(2))
    ways = {
        "all steps": ([LSTM(F, H, return_sequences=True), LSTM(H, 2)], [K.LSTM(H, return_sequences=True)]),
        "one repeated": ([LSTM(F, H), RepeatVector(T), LSTM(H, 2)], [K.LSTM(H), K.RepeatVector(T)]),
    }
    for ours, theirs in ways.values():
        assert trace_shapes(ours, (None, T, F)).output == (None, 2)
        assert built(*theirs, K.LSTM(2)).output_shape == (None, 2)
    assert not trace_shapes([LSTM(F, H), LSTM(H, 2)], (None, T, F)).ok


def test_return_sequences_shows_and_does_not_compute():
    every, last = K.LSTM(H, return_sequences=True), K.LSTM(H)
    x = torch.randn(B, T, F)
    every.build((None, None, F))
    last.build((None, None, F))
    last.set_weights(every.get_weights())
    assert torch.allclose(every(x)[:, -1], last(x), atol=1e-7)


def test_kerass_message_names_no_cure():
    with pytest.raises(ValueError, match="incompatible") as caught:
        built(K.LSTM(H), K.LSTM(2))
    assert "return_sequences" not in str(caught.value)


def test_the_last_column_is_the_last_step_of_full_rows_alone():
    lengths = torch.tensor([2, 5, 3])
    x = torch.randn(B, T, F) * (torch.arange(T) < lengths.unsqueeze(1)).unsqueeze(2)
    lstm = nn.LSTM(F, H, batch_first=True)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (h, _) = lstm(packed)
    same = torch.isclose(lstm(x)[0][:, -1], h[0], atol=1e-6).all(-1)
    assert same.tolist() == [False, True, False]


def test_after_the_last_valid_step_keras_repeats_and_pytorch_gives_zeros():
    x, valid = torch.randn(1, T, F), 2
    kept = torch.arange(T)[None] < valid  # (1, T)
    lstm = K.LSTM(H, return_sequences=True)
    in_keras = lstm(x, mask=kept).detach()
    theirs = frameworks.to_torch(frameworks.from_keras(lstm))
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([valid]), batch_first=True)
    in_torch, _ = nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True, total_length=T)
    assert torch.allclose(in_keras[:, :valid], in_torch[:, :valid], atol=1e-6)
    assert torch.equal(in_keras[:, valid:], in_keras[:, valid - 1 : valid].expand(-1, T - valid, -1))
    assert (in_torch[:, valid:] == 0).all()


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_pytorch_takes_a_batch_of_last_steps_for_one_sequence(kind):
    upper = kind(H, 2, batch_first=True)
    last = torch.randn(B, H)
    y, _ = upper(last)
    assert y.shape == (B, 2)  # as if all were well
    other = last.clone()
    other[0] += 1
    changed = (upper(other)[0] - y).abs().amax(-1) > 1e-7
    assert changed.all()  # examples 1 and 2 depend on example 0


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU])
def test_the_last_entry_of_h_n_is_the_backward_half_alone(kind):
    y, h_n = kind(F, H, batch_first=True, bidirectional=True)(torch.randn(B, T, F))
    assert torch.equal(h_n[-1], y[:, 0, H:])
    assert torch.equal(h_n[-2], y[:, -1, :H])


def test_without_batch_first_the_last_column_is_the_last_example():
    x = torch.randn(B, T, F)
    lstm = nn.LSTM(F, H)  # reads (time, batch, features)
    y, (h_n, _) = lstm(x)
    assert y[:, -1].shape == (B, H) and h_n[-1].shape == (T, H)
    earlier, first = x.clone(), x.clone()
    earlier[:, :-1] += 1
    assert torch.equal(lstm(earlier)[0][:, -1], y[:, -1])  # it has read the last column of x alone
    first[0, -1] += 1
    assert (lstm(first)[0][1:, -1] != y[1:, -1]).any(-1).all()  # and example 0 is in the others


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_padded_in_front_the_last_step_has_read_the_padding_unless_a_mask_says_so(kind):
    x = torch.randn(1, 2, F)
    padded = torch.as_tensor(keras.utils.pad_sequences(x.numpy(), maxlen=T, dtype="float32"))
    assert torch.equal(padded[:, -2:], x) and (padded[:, :-2] == 0).all()
    layer = getattr(K, kind)(H, bias_initializer=keras.initializers.RandomNormal(seed=1))
    assert not torch.allclose(layer(padded), layer(x), atol=1e-4)
    valid = torch.arange(T)[None] >= T - 2
    assert torch.allclose(layer(padded, mask=valid), layer(x), atol=1e-6)


def test_sequential_hands_on_the_whole_tuple():
    with pytest.raises((AttributeError, TypeError)):
        nn.Sequential(nn.LSTM(F, H), nn.LSTM(H, 2))(torch.randn(T, B, F))
