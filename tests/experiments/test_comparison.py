"""The reference comparison: tuned alike, to patience, resumable, the test part read in final runs alone."""

import math
import re
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from recdrop_lessons import Drop, RecdropError
from recdrop_lessons.cli import app
from recdrop_lessons.experiments import comparison, patience, runs, search, studies
from recdrop_lessons.experiments import outcome as outcome_of
from recdrop_lessons.experiments.arms import ARMS, NAMES
from recdrop_lessons.experiments.runs import Run, Setting
from recdrop_lessons.experiments.tasks import COPIES, TASKS

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


def test_each_recurrent_site_stands_alone_per_step_and_per_sequence():
    alone = {(drop.site, drop.shared) for make in ARMS.values() if len(make(0.2)) == 1 for drop in make(0.2)}
    for site in ("input", "recurrent", "candidate", "cell", "hidden", "output"):
        assert {(site, ()), (site, ("time",))} <= alone
    assert ("recurrent_weight", ("time",)) in alone
    assert list(ARMS) == list(NAMES)


def test_search_and_final_runs_share_no_split_and_no_seed():
    for task in TASKS.values():
        for place in (0, 1):
            assert not {pair[place] for pair in task.search} & {pair[place] for pair in task.final}
        assert len({seed for _, seed in task.final}) >= 10
        assert len({split for split, _ in task.final}) >= 3


@pytest.mark.parametrize("name", list(TASKS))
def test_splits_differ_and_have_one_test_part(name):
    first, second = (TASKS[name].data(split) for split in (1, 2))
    assert first.test.x.equal(second.test.x)
    assert not first.train.x.equal(second.train.x)
    assert first.digest != second.digest


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


def test_learning_rate_and_decay_go_on_for_as_long_as_it_is_better():
    for name, peak, tried in (
        ("learning_rate", 0.08, {0.005, 0.01, 0.02, 0.04, 0.08, 0.16}),
        ("learning_rate", 0.01, {0.005, 0.01, 0.02}),
        ("weight_decay", 1.0, {0.0, 0.03, 0.3, 1.0, 3.0}),
    ):
        done, _ = searched("digits", "gal", lambda s, n=name, peak=peak: -abs(getattr(s, n) - peak))
        best = search.chosen("digits", "gal", done)
        assert getattr(best, name) == peak
        assert {getattr(setting, name) for setting in done} == tried
        assert name.replace("_", " ") not in search.on_an_edge("digits", "gal", best, done)
    done, _ = searched("digits", "gal", lambda s: s.weight_decay)
    best = search.chosen("digits", "gal", done)
    assert "weight decay" in search.on_an_edge("digits", "gal", best, done)


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


def test_improvements_are_tried_together():
    def score(s):
        return (s.rate == 0.2) + 0.1 * (s.width == 128) + 0.2 * (s.learning_rate == 0.02)

    done, _ = searched("digits", "gal", score)
    assert search.chosen("digits", "gal", done) == (0.2, 0.02, 128, 0.0)


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


def test_what_is_written_is_what_is_read(tmp_path):
    ledger = runs.Ledger(tmp_path / "mine.csv")
    kept = [
        replace(outcome(SETTING), test=0.66667, units=(1.0, 0.0, 1.0), curve_validation=(0.1, 0.25)),
        replace(outcome(replace(SETTING, task="text")), test=2.0, units=(2.25, 1.5)),
    ]
    for made in kept:
        ledger.add(made)
    ledger.close()
    assert runs.read(tmp_path / "mine.csv") == kept


def test_the_command_makes_the_file_and_names_what_it_does_not_know(short, tmp_path):
    out = tmp_path / "mine.csv"
    typed = ["sweep", "--reference", "--out", str(out), "--task", "digits", "--arm", "none"]
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == 0, done.output
    assert f"{len(runs.read(out))} runs made" in done.output
    unknown = CliRunner().invoke(app, [*typed, "--arm", "magic"])
    assert unknown.exit_code == 2
    assert "expected one of" in unknown.output
    for mixed in (["--arm", "none"], ["--reference", "--method", "gal"]):
        refused = CliRunner().invoke(app, ["sweep", "--out", str(out), *mixed])
        assert refused.exit_code == 2
        assert "use --" in refused.output


def test_a_run_says_what_a_smaller_budget_would_have_found():
    fixed = studies.settings(studies.BUDGETS)
    assert len(fixed) == len(set(fixed)) == 3 * 12
    made = [replace(outcome(s), test=0.9, curve_test=(0.5, 0.6, 0.7), units=(1.0, 0.0)) for s in fixed[:-1]]
    by_setting = studies.complete(made, studies.BUDGETS)
    assert {len(kept) for kept in by_setting.values()} == {11}  # the last row lacks one of the three
    kept = by_setting[studies.NONE]
    assert studies.at_budget(kept, 60).units.tolist() == [[0.7]] * 11
    assert studies.at_budget(kept, 240).units.tolist() == [[0.9]] * 11  # it ended before 240
    assert studies.to_patience(kept).units.shape == (11, 2)


@pytest.mark.parametrize("task", list(TASKS))
def test_the_shipped_runs_are_made_by_this_code(task):
    """One run of each arm begins with the losses in the file; a whole run is made again in the next test."""
    for kept in {kept.setting.arm: kept for kept in runs.shipped(task)}.values():
        assert runs.remade(kept), kept.setting


def test_a_shipped_run_can_be_made_again_whole():
    """The shortest final run. On another processor rounding makes it another run of the same setting, so it
    must lie as near as the runs of that setting lie to each other: within five of their standard deviations.
    """
    final = [kept for kept in runs.shipped("digits") if kept.units and kept.setting.arm == "none"]
    kept = min(final, key=lambda one: one.epochs)
    again = runs.run(kept.setting)
    spread = statistics.stdev(one.test for one in final)
    assert again.finished
    assert again.data == kept.data
    assert abs(again.test - kept.test) < 5 * spread


def test_a_mask_added_on_the_text_has_what_was_chosen_for_no_dropout():
    done, _ = searched("text", "none", lambda s: abs(s.learning_rate - 0.04))
    tuned = search.chosen("text", "none", done)
    assert studies.added(studies.ADDED[0], {}) == []
    for fixed in studies.ADDED:
        wanted = studies.added(fixed, done)
        assert {search.candidate_of(setting) for setting in wanted} == {tuned._replace(rate=fixed.rate)}
        assert [(setting.split, setting.seed) for setting in wanted] == list(TASKS["text"].final)
        assert {setting.arm for setting in wanted} == {fixed.arm}


def test_copies_hold_the_same_signs_in_more_features():
    """Sixteen copies over √16: the length of x at each step is the same, and so are the classes."""
    narrow, wide = (TASKS[name].data(2) for name in studies.COPIED_TASKS)
    for part in ("train", "validation", "test"):
        few, many = getattr(narrow, part), getattr(wide, part)
        assert many.x.shape == (*few.x.shape[:2], 2 * COPIES)
        assert many.x.norm(dim=-1).allclose(few.x.norm(dim=-1))
        assert many.x.unflatten(-1, (COPIES, 2)).mul(COPIES**0.5).allclose(few.x.unsqueeze(2))
        assert many.y.equal(few.y)


def test_the_runs_with_copies_have_what_the_task_of_memory_chose_and_seeds_of_their_own():
    on_memory = {kept.setting: kept for kept in runs.shipped("memory")}
    wanted = studies.copied(on_memory)
    assert len(wanted) == len(set(wanted)) == 2 * 2 * 36
    for arm in studies.COPIED_ARMS:
        (candidate,) = {search.candidate_of(setting) for setting in wanted if setting.arm == arm}
        assert candidate == search.chosen("memory", arm, on_memory)
    task = TASKS["memory"]
    assert not {s.seed for s in wanted} & {seed for _, seed in (*task.search, *task.final)}
    assert not {s.split for s in wanted} & {split for split, _ in task.search}
    assert sorted(wanted) == sorted(kept.setting for kept in runs.shipped("copies"))


def test_the_page_of_the_comparison_counts_the_shipped_runs():
    """docs/reference-comparison.md: how many runs a file has, and how many core hours they took."""
    page = (Path(__file__).parents[2] / "docs" / "reference-comparison.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `reference_(\w+)\.csv` \| (\d+) \|.*; (\d*\.\d+) core hours \|$", page, re.MULTILINE
    )
    assert {task for task, *_ in rows} == set(TASKS)
    for task, count, hours in rows:
        shipped = runs.shipped(task)
        assert len(shipped) == int(count), task
        assert sum(run.seconds for run in shipped) / 3600 == pytest.approx(float(hours), abs=0.06), task


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
