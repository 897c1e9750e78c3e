"""Training learns, follows its seed to the last bit, stops where it should, and writes whole files."""

import os

import pytest
import torch
from torch import nn

from recdrop_lessons.experiments.datasets import Split, Splits, digits, manual_text
from recdrop_lessons.experiments.training import (
    TrainingError,
    accuracy,
    cross_entropy,
    evaluate,
    evaluating,
    fit,
    load,
    save,
    seeded,
    single_thread,
)


class Reader(nn.Module):
    """(B, T, F) → (B, K): a torch LSTM, its last step, a linear layer."""

    def __init__(self, features=8, units=64, classes=10, dropout=0.0):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(units, classes)

    def forward(self, x):
        return self.out(self.dropout(self.lstm(x)[0][:, -1]))


def built(seed=0, **arguments):
    with seeded(seed):
        return Reader(**arguments)


def weights(model):
    return torch.cat([parameter.detach().flatten().clone() for parameter in model.parameters()])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with single_thread():
        yield


@pytest.fixture(scope="module")
def data():
    return digits()


# --- it learns


def test_an_lstm_learns_the_digits(data):
    """At least 0.85 of the test digits after 60 epochs on 300 pictures (0.89 to 0.92 over eight seeds)."""
    model = built()
    history = fit(model, data, epochs=60, learning_rate=5e-3)
    assert evaluate(model, *data.test).accuracy >= 0.85
    assert history.train_accuracy[-1] >= 0.98
    assert history.train_loss[0] > history.train_loss[-1]
    assert history.epochs == 60 and not history.stopped_early


def test_there_is_nothing_to_learn_from_shuffled_labels(data):
    """The control: what the test above measures is learning, not a leak."""
    shuffled = data.train.y[torch.randperm(300, generator=torch.Generator().manual_seed(0))]
    model = built()
    fit(model, Splits(Split(data.train.x, shuffled), data.validation, data.test, 10), epochs=30)
    assert evaluate(model, *data.test).accuracy < 0.3


def test_a_character_model_beats_the_commonest_character():
    class Characters(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(96, 16)
            self.gru = nn.GRU(16, 64, batch_first=True)
            self.out = nn.Linear(64, 96)

        def forward(self, x):
            return self.out(self.gru(self.embedding(x))[0])  # (B, T, 96)

    windows = manual_text(30_000).windows(40)
    with seeded(0):
        model = Characters()
    history = fit(model, windows, epochs=4, learning_rate=1e-2)
    commonest = windows.validation.y.flatten().bincount().max() / windows.validation.y.numel()
    assert history.validation_accuracy[-1] > commonest.item() + 0.1


# --- it follows its seed


def test_the_same_seed_gives_the_same_weights_to_the_last_bit(data):
    runs = []
    for _ in range(2):
        torch.rand(3)  # the global state differs from run to run, and must not matter
        model = built(dropout=0.3)
        history = fit(model, data, epochs=3, seed=5)
        runs.append((weights(model), history.validation_loss))
    assert torch.equal(runs[0][0], runs[1][0]) and runs[0][1] == runs[1][1]
    other = built(dropout=0.3)
    fit(other, data, epochs=3, seed=6)
    assert not torch.equal(weights(other), runs[0][0])


def test_the_global_state_is_left_as_it_was(data):
    before = torch.get_rng_state()
    fit(built(dropout=0.5), data, epochs=1)
    assert torch.equal(before, torch.get_rng_state())


class Rows(nn.Module):
    """Notes which rows it was shown in training; draws as many random numbers as it is told."""

    def __init__(self, draws):
        super().__init__()
        self.out, self.draws, self.seen = nn.Linear(1, 2), draws, []

    def forward(self, x):
        if self.training:
            torch.rand(self.draws)
            self.seen += x.flatten().tolist()
        return self.out(x)


def test_row_order_does_not_depend_on_the_dropout():
    part = Split(torch.arange(20.0)[:, None], torch.arange(20) % 2)
    plain, noisy = Rows(0).eval(), Rows(7).eval()  # `fit` turns training mode on itself
    for model in (plain, noisy):
        fit(model, Splits(part, part, part, 2), epochs=2, batch_size=6)
    assert plain.seen == noisy.seen
    assert sorted(plain.seen[:20]) == list(range(20)) == sorted(plain.seen[20:])  # each row once an epoch
    assert plain.seen[:20] != plain.seen[20:]


def test_a_model_that_takes_a_generator_is_handed_one():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.out, self.drawn, self.given = nn.Linear(1, 2), [], set()

        def forward(self, x, generator=None):
            self.given.add((self.training, generator is not None))
            if generator is not None:
                self.drawn.append(torch.rand((), generator=generator).item())
            return self.out(x)

    part = Split(torch.ones(8, 1), torch.zeros(8, dtype=torch.int64))
    first, again, other = Noisy(), Noisy(), Noisy()
    for model, seed in ((first, 0), (again, 0), (other, 1)):
        fit(model, Splits(part, part, part, 2), epochs=2, batch_size=4, seed=seed)
    assert first.given == {(True, True), (False, False)}
    assert first.drawn == again.drawn != other.drawn
    assert len(set(first.drawn)) == 4  # advanced by each call


# --- what it measures


def test_measures_by_hand():
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    y = torch.tensor([0, 1, 1])
    assert accuracy(logits, y) == pytest.approx(2 / 3)
    by_hand = [
        torch.log(torch.exp(row - row[label]).sum()).item() for row, label in zip(logits, y, strict=True)
    ]
    assert cross_entropy(logits, y).item() == pytest.approx(sum(by_hand) / 3)
    over_time = cross_entropy(logits.expand(2, 3, 2), y.expand(2, 3))  # (B, T, K) with (B, T)
    assert over_time.item() == pytest.approx(sum(by_hand) / 3)


def test_evaluate_weighs_batches_by_their_size(data):
    model = built()
    whole = evaluate(model, *data.test, batch_size=2000)
    pieces = evaluate(model, *data.test, batch_size=500)  # 500, 500, 197
    assert pieces.loss == pytest.approx(whole.loss, rel=1e-6)
    assert pieces.accuracy == pytest.approx(whole.accuracy, rel=1e-12)


def test_evaluate_turns_dropout_off_and_each_mode_back(data):
    model = built(dropout=0.5).train()
    model.lstm.eval()
    assert evaluate(model, *data.test) == evaluate(model, *data.test)
    assert (model.training, model.lstm.training, model.dropout.training) == (True, False, True)


def test_history_is_measured_at_evaluation(data):
    model = built(dropout=0.5)
    history = fit(model, data, epochs=2)
    assert not model.training and not model.dropout.training
    assert (history.train_loss[-1], history.train_accuracy[-1]) == evaluate(model, *data.train)
    assert (history.validation_loss[-1], history.validation_accuracy[-1]) == evaluate(model, *data.validation)


def test_targets_that_are_no_classes_have_no_accuracy():
    x = torch.linspace(-1, 1, 40)[:, None]
    part = Split(x, 3 * x + 1)
    with seeded(0):
        model = nn.Linear(1, 1)
    history = fit(
        model, Splits(part, part, part, 1), epochs=200, learning_rate=0.05, loss=nn.functional.mse_loss
    )
    assert model.weight.item() == pytest.approx(3, abs=0.01) and model.bias.item() == pytest.approx(
        1, abs=0.01
    )
    assert history.train_accuracy[-1] != history.train_accuracy[-1]  # NaN


# --- early stop, penalty, clipping


def test_early_stop_gives_the_best_weights_back(data):
    few = Splits(Split(data.train.x[:40], data.train.y[:40]), data.validation, data.test, 10)
    model = built()
    history = fit(model, few, epochs=200, learning_rate=1e-2, patience=5)
    assert history.stopped_early and history.epochs < 200
    assert history.best_epoch == history.epochs - 1 - 5
    assert history.validation_loss[-1] > min(history.validation_loss)
    assert evaluate(model, *data.validation).loss == min(history.validation_loss)

    last = built()
    fit(last, few, epochs=history.epochs, learning_rate=1e-2)
    assert evaluate(last, *data.validation).loss == history.validation_loss[-1]


def test_best_weights_come_back_when_the_epochs_run_out_first(data):
    few = Splits(Split(data.train.x[:40], data.train.y[:40]), data.validation, data.test, 10)
    model = built()
    history = fit(model, few, epochs=60, learning_rate=1e-2, patience=60)
    assert not history.stopped_early and history.best_epoch < 59
    assert evaluate(model, *data.validation).loss == min(history.validation_loss)


def test_penalty_acts_on_the_weights_it_is_given(data):
    plain, penalised = built(), built()
    fit(plain, data, epochs=5)
    history = fit(penalised, data, epochs=5, penalty=lambda model: 10 * model.out.weight.square().sum())
    assert penalised.out.weight.norm() < 0.6 * plain.out.weight.norm()
    assert history.train_loss[-1] == evaluate(penalised, *data.train).loss  # reported without the penalty


def test_clip_holds_the_whole_gradient(data, monkeypatch):
    norms = []
    step = torch.optim.Adam.step

    def spy(self, *arguments, **keywords):
        gradients = [p.grad.flatten() for group in self.param_groups for p in group["params"]]
        norms.append(torch.cat(gradients).norm().item())
        return step(self, *arguments, **keywords)

    monkeypatch.setattr(torch.optim.Adam, "step", spy)
    fit(built(), data, epochs=1)
    assert max(norms) > 0.1
    norms.clear()
    fit(built(), data, epochs=1, clip=0.1)
    assert max(norms) <= 0.1 * (1 + 1e-4)


# --- what it refuses


def test_a_loss_that_runs_away_is_told_with_its_cure(data):
    with pytest.raises(
        TrainingError, match=r"loss is (nan|inf) in epoch \d+.*lower learning_rate \(it is 1e\+20\)"
    ):
        fit(
            nn.Sequential(nn.Flatten(), nn.Linear(64, 9), nn.Linear(9, 10)),
            data,
            epochs=5,
            learning_rate=1e20,
        )


@pytest.mark.parametrize("part", ["train", "validation"])
def test_nan_in_the_data_is_told_from_a_loss_that_runs_away(data, part):
    x, y = getattr(data, part)
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    parts[part] = Split(x.clone().index_fill_(0, torch.tensor([7]), torch.nan), y)
    with pytest.raises(TrainingError, match="data hold NaN"):
        fit(built(), Splits(**parts, classes=10), epochs=1)


def test_a_model_that_returns_its_states_is_refused(data):
    with pytest.raises(TrainingError, match="returned tuple"):
        fit(nn.LSTM(8, 10, batch_first=True), data, epochs=1)


@pytest.mark.parametrize("arguments", [{"epochs": 0}, {"batch_size": 0}, {"patience": 0}])
def test_numbers_below_one_are_refused(data, arguments):
    with pytest.raises(TrainingError, match="whole numbers from 1"):
        fit(built(), data, **arguments)


# --- state


def test_an_error_inside_puts_modes_and_threads_back():
    model = built().train()
    torch.set_num_threads(3)
    try:
        with pytest.raises(KeyError), evaluating(model), single_thread():  # noqa: PT012  (what it sees inside)
            assert not model.training and not torch.is_grad_enabled() and torch.get_num_threads() == 1
            raise KeyError
        assert model.training and torch.is_grad_enabled() and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(1)


def test_weights_go_out_and_come_back(tmp_path):
    model, other = built(0), built(1)
    x = torch.rand(2, 8, 8)
    assert not torch.equal(model(x), other(x))
    save(model, tmp_path / "weights.pt")
    load(other, tmp_path / "weights.pt")
    assert torch.equal(model(x), other(x))
    assert os.listdir(tmp_path) == ["weights.pt"]


def test_a_save_that_dies_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "weights.pt"
    save(built(0), path)
    before = path.read_bytes()

    def half(state, file):
        file.write(before[: len(before) // 2])
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        save(built(1), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["weights.pt"]


def test_weights_of_another_model_change_nothing(tmp_path):
    save(built(units=32), tmp_path / "weights.pt")
    model = built()
    before = weights(model)
    with pytest.raises(
        TrainingError, match=r"'lstm.weight_ih_l0' is \(128, 8\) in the file, \(256, 8\) in the model"
    ):
        load(model, tmp_path / "weights.pt")
    save(nn.Sequential(built()), tmp_path / "weights.pt")
    with pytest.raises(TrainingError, match=r"'lstm\.weight_ih_l0' is missing in the file"):
        load(model, tmp_path / "weights.pt")
    assert torch.equal(weights(model), before)


def test_a_file_that_would_run_code_is_not_read(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save({"weight": Trap()}, tmp_path / "weights.pt")
    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        load(built(), tmp_path / "weights.pt")
    assert not (tmp_path / "sprung").exists()


# --- progress


def test_a_notebook_that_a_machine_runs_stores_no_bar():
    import nbformat
    from nbclient import NotebookClient

    source = (
        "from torch import nn\nfrom recdrop_lessons import datasets, training\n"
        "model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
        "history = training.fit(model, datasets.digits(), epochs=2)\nhistory.epochs"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["execute_result"]
    assert outputs[0].data["text/plain"] == "2"
