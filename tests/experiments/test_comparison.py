"""The reference comparison: tuned alike, to patience, resumable, the test part read in final runs alone."""

import math
from dataclasses import replace

import pytest
import torch

from recdrop_lessons import Drop, RecdropError
from recdrop_lessons.experiments import comparison, patience, runs, search, studies
from recdrop_lessons.experiments import outcome as outcome_of
from recdrop_lessons.experiments.arms import ARMS
from recdrop_lessons.experiments.runs import Run, Setting
from recdrop_lessons.experiments.tasks import TASKS

SETTING = Setting("digits", "gal", 0.1, 0.01, 16, 0.0, 2, 10)


@pytest.fixture
def short(monkeypatch):
    """The digits with patience for two epochs, and four runs at the end."""
    task = replace(TASKS["digits"], patience=2, budgets=(1, 2), final=TASKS["digits"].final[:4], width=8)
    monkeypatch.setitem(TASKS, "digits", task)
    monkeypatch.setattr(patience, "MOST_EPOCHS", 3)
    monkeypatch.setattr(studies, "BUDGETS", studies.BUDGETS[:2])
    monkeypatch.setattr(studies, "EACH_SITE", studies.EACH_SITE[:2])


def outcome(setting, validation=0.5):
    return Run(
        setting=setting, epochs=100, best_epoch=50, train=1.0, validation=validation, test=math.nan,
        curve_validation=(), curve_test=(), units=(), fingerprint=(1.0,), seconds=1.0, releases="r", data="d",
    )  # fmt: skip


def searched(task, arm, score):
    """Every run that the search asks for, with validation scores by `score`."""
    done, asked = {}, []
    while wanted := search.next_runs(task, arm, done):
        asked.append(wanted)
        done |= {setting: outcome(setting, score(setting)) for setting in wanted}
    return done, asked


def test_search_and_final_runs_share_no_split_and_no_seed():
    for task in TASKS.values():
        for place in (0, 1):
            assert not {pair[place] for pair in task.search} & {pair[place] for pair in task.final}
        assert len({seed for _, seed in task.final}) >= 10
        assert len({split for split, _ in task.final}) >= 3


def test_no_digit_of_the_test_part_is_learned_from():
    data = TASKS["digits"].data(3)
    tested = {tuple(x.flatten().tolist()) for x in data.test.x}
    assert not any(tuple(x.flatten().tolist()) in tested for x in (*data.train.x, *data.validation.x))


def test_a_run_depends_on_its_setting_alone(short):
    first, again = (runs.run(SETTING) for _ in range(2))
    assert replace(first, seconds=0) == replace(again, seconds=0)
    assert first.fingerprint != runs.run(replace(SETTING, seed=11)).fingerprint
    assert len(first.units) == 897
    assert sum(first.units) / 897 == pytest.approx(first.test)


def test_a_run_of_the_search_does_not_read_the_test_part(short, monkeypatch):
    data = TASKS["digits"].data(0)
    monkeypatch.setitem(
        TASKS, "digits", replace(TASKS["digits"], data=lambda split: replace(data, test=None))
    )
    monkeypatch.setattr(type(data), "digest", "d")
    made = runs.run(replace(SETTING, split=0, seed=0))
    assert math.isnan(made.test)
    assert made.units == made.curve_test == ()


def test_training_ends_by_patience_with_the_weights_of_the_best_epoch():
    task = replace(TASKS["digits"], patience=5)
    data = task.data(0)
    model = task.model(8, ())
    course = patience.train(model, data, task, learning_rate=0.02, weight_decay=0.0, seed=0)
    assert course.finished
    assert course.epochs - course.best_epoch >= 5
    again = patience.measure(model, data, data.validation, task)[0]
    shorter = patience.train(
        task.model(8, ()), data, replace(task, budgets=(1,)), learning_rate=0.02, weight_decay=0.0, seed=0
    )
    assert len(shorter.curve_validation) == 1
    assert again >= shorter.curve_validation[0]


def test_the_state_of_a_stream_is_carried_on():
    """A stream read in windows with the state handed on scores what it scores read at once."""
    task = TASKS["text"]
    data = task.data(1)
    model = task.model(8, ()).eval()
    part = runs.TASKS["text"].data(1).validation
    windows = patience.measure(model, data, part, task)[1]
    logits, _ = model(part.x, None)
    whole = patience.F.cross_entropy(logits.flatten(0, 1), part.y.flatten()).item()
    assert windows == pytest.approx(whole, abs=1e-5)


def test_every_arm_is_tuned_by_the_same_rounds_and_no_dropout_too():
    for arm in ("none", "gal"):
        done, asked = searched("digits", arm, lambda s: 0.9 - abs(s.rate - 0.1) - s.weight_decay)
        assert len(asked[0]) == 12
        tried = {search.candidate_of(s) for s in done}
        assert len({c.learning_rate for c in tried}) == len({c.width for c in tried}) == 3
        assert [(s.split, s.seed) for s in asked[-1]] == list(TASKS["digits"].final)
    assert search.chosen("digits", "gal", done).rate == 0.1


def test_a_best_rate_on_the_edge_is_followed_by_others_for_as_long_as_it_is_better():
    done, _ = searched("digits", "gal", lambda s: s.rate)
    assert search.chosen("digits", "gal", done).rate == 0.95
    assert search.on_an_edge("digits", "gal", search.chosen("digits", "gal", done), done) == ["rate"]
    done, _ = searched("digits", "gal", lambda s: -abs(s.rate - 0.8))
    assert search.chosen("digits", "gal", done).rate == 0.8
    assert search.on_an_edge("digits", "gal", search.chosen("digits", "gal", done), done) == []
    assert max(setting.rate for setting in done) == 0.9
    done, _ = searched("digits", "gal", lambda s: -s.rate)
    assert min(setting.rate for setting in done) == 0.003
    done, _ = searched("text", "gal", lambda s: abs(s.rate - 0.1))  # a loss: less is better
    assert search.chosen("text", "gal", done).rate == 0.1


def test_a_search_that_goes_on_from_its_file_chooses_alike(tmp_path):
    """Equal numbers of right answers are a tie, whatever the rounding of the file makes of their mean."""
    of_rate = {0.02: (289, 291), 0.05: (290, 290)}  # of 300, at the two splits of the search

    def score(s):
        right = of_rate.get(s.rate, (250, 250))[s.split % 2]
        return (right - 20 * (s.learning_rate != 0.01 or s.width != 64 or s.weight_decay > 0)) / 300

    done, _ = searched("digits", "gal", score)
    assert search.chosen("digits", "gal", done).rate == 0.02
    ledger = runs.Ledger(tmp_path / "mine.csv")
    for made in done.values():
        ledger.add(made)
    ledger.close()
    again = {kept.setting: kept for kept in runs.read(tmp_path / "mine.csv")}
    assert search.next_runs("digits", "gal", again) == []
    assert search.chosen("digits", "gal", again) == search.chosen("digits", "gal", done)


def test_goes_on_where_it_was_cut_off(short, tmp_path):
    path = tmp_path / "new" / "mine.csv"
    total = comparison.compare(path, "digits", ["none"], progress=False)
    whole = path.read_text().splitlines(keepends=True)
    assert total == len(whole) - 1
    path.write_text("".join(whole[:-3]) + whole[-3][:50])
    assert comparison.compare(path, "digits", ["none"], progress=False) == 3
    kept = runs.read(path)
    assert len({k.setting for k in kept}) == total

    def but_seconds(lines):
        place = runs.COLUMNS.index("seconds")
        return [(*fields[:place], *fields[place + 1 :]) for fields in (text.split(",") for text in lines)]

    assert but_seconds(path.read_text().splitlines()) == but_seconds("".join(whole).splitlines())


def test_an_arm_of_ones_own_is_tuned_and_read_as_the_others_are(short, tmp_path, monkeypatch):
    """The project at the end of lesson 10."""
    monkeypatch.setitem(ARMS, "mine", lambda p: (Drop("candidate", p, shared=("time", "batch")),))
    path = tmp_path / "mine.csv"
    comparison.compare(path, "digits", ["none", "mine"], progress=False)
    arms = outcome_of.complete("digits", runs.read(path))
    assert list(arms) == ["none", "mine"]
    found = outcome_of.compared(arms)
    assert -1 < found.gain("mine", "none").mean < 1


def test_a_file_made_by_other_code_is_refused(short, tmp_path):
    path = tmp_path / "mine.csv"
    ledger = runs.Ledger(path)
    made = runs.run(SETTING)
    ledger.add(replace(made, fingerprint=(*made.fingerprint[:-1], made.fingerprint[-1] + 0.01)))
    ledger.close()
    with pytest.raises(RecdropError, match="does not make"):
        comparison.compare(path, "digits", ["gal"], progress=False)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(RecdropError, match="other columns"):
        comparison.compare(path, "digits", ["gal"], progress=False)


@pytest.mark.parametrize("task", list(TASKS))
def test_the_shipped_runs_are_made_by_this_code(task):
    """One run of each arm begins with the losses in the file; a whole run is made again in the next test."""
    for kept in {kept.setting.arm: kept for kept in runs.shipped(task)}.values():
        assert runs.remade(kept), kept.setting


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot be told to")
def test_denormal_numbers_are_zero_inside_and_come_back():
    small = torch.full((64,), 1e-30)
    assert (small * 1e-10 > 0).all()

    def fails_inside():
        with runs.denormals_as_zero():
            assert (small * 1e-10 == 0).all() and (small * 1e-5 > 0).all()
            raise KeyError

    with pytest.raises(KeyError):
        fails_inside()
    assert (small * 1e-10 > 0).all()
