"""The capstone's experiment: resumable, whole or not at all, chosen on validation, reported once on test."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from recdrop_lessons import RecdropError, results, sweep
from recdrop_lessons.cli import app
from recdrop_lessons.experiments.results import Result, SweepSetting


@pytest.fixture
def short(monkeypatch):
    """The digits with a budget of one epoch."""
    monkeypatch.setitem(sweep.TASKS, "digits", replace(sweep.TASKS["digits"], epochs=1))


def result(method="gal", rate=0.1, seed=0, validation=0.5, test=0.5, task="digits"):
    return Result(task, method, rate, seed, 1.0, validation, test, 3, "2", "d")


def test_every_method_makes_an_lstm_and_none_comes_once():
    wanted = sweep.settings()
    assert len(wanted) == len(set(wanted)) == 2 * 5 * (1 + 3 * len(sweep.METHODS))
    for method in sweep.METHODS.values():
        sweep.LSTM(3, 4, drops=method(0.2))
    with pytest.raises(RecdropError, match="expected one of 'digits', 'text'"):
        sweep.settings(tasks=["images"])


def test_a_run_depends_on_its_setting_alone(short):
    first, again = (sweep.run(SweepSetting("digits", "gal", 0.25, 1)) for _ in range(2))
    assert first == again
    assert first.test != sweep.run(SweepSetting("digits", "gal", 0.25, 2)).test


def test_goes_on_where_it_was_cut_off(short, tmp_path, monkeypatch):
    path, wanted = tmp_path / "new" / "sweep.csv", sweep.settings(["digits"], ["cell_scaled"], (0.1,), (0, 1))
    undisturbed = sweep.sweep(path, wanted, progress=False)
    whole = path.read_text()
    lines = whole.splitlines(keepends=True)
    # Killed while the third line was being written.
    path.write_text("".join(lines[:3]) + lines[3][: len(lines[3]) // 2])
    ran = []
    real = sweep.run
    monkeypatch.setattr(sweep, "run", lambda setting: ran.append(setting) or real(setting))
    assert sweep.sweep(path, wanted, progress=False) == undisturbed
    assert path.read_text() == whole
    assert len(ran) == 2


def test_a_dask_cluster_finds_the_same(short, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` brings Dask")
    wanted = sweep.settings(["digits"], ["cell_scaled"], (0.1,), (0, 1))
    here = sweep.sweep(tmp_path / "here.csv", wanted, progress=False)
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        address = cluster.scheduler_address
        assert sweep.sweep(tmp_path / "there.csv", wanted, scheduler=address, progress=False) == here


def test_each_line_is_there_as_soon_as_it_is_done(short, tmp_path, monkeypatch):
    path, wanted = tmp_path / "sweep.csv", sweep.settings(["digits"], [], (), (0, 1, 2))

    def run(setting):
        if setting.seed == 2:
            raise KeyboardInterrupt
        return result("none", 0.0, setting.seed)

    monkeypatch.setattr(sweep, "run", run)
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(path, wanted, progress=False)
    assert [r.seed for r in results.read(path)] == [0, 1]


def test_what_is_written_is_what_is_read(tmp_path):
    path = tmp_path / "sweep.csv"
    runs = [result(seed=seed, test=seed / 8) for seed in range(3)]
    results.write(path, reversed(runs))
    assert results.read(path) == runs
    assert results.read(tmp_path / "none.csv") == []


def test_the_rate_is_chosen_on_validation_and_the_test_looked_at_for_it_alone():
    runs = [
        *(result(rate=0.1, seed=s, validation=0.6, test=0.9) for s in (0, 1)),
        *(result(rate=0.5, seed=s, validation=v, test=t) for s, v, t in ((0, 0.7, 0.1), (1, 0.6, 0.2))),
    ]
    assert results.chosen_rates(runs, "digits") == {"gal": 0.5}
    assert results.final_scores(runs, "digits") == {"gal": [0.1, 0.2]}
    # In the text task the score is a loss: less is better.
    text = [replace(r, task="text") for r in runs]
    assert results.chosen_rates(text, "text") == {"gal": 0.1}


def test_the_shipped_results_are_complete():
    shipped = results.shipped()
    assert [r.setting for r in shipped] == sorted(sweep.settings())


@pytest.mark.parametrize(
    "setting",
    [SweepSetting("digits", "none", 0.0, 0), SweepSetting("digits", "gal_untied", 0.25, 3)],
    ids=str,
)
def test_the_shipped_results_can_be_made_again(setting):
    """A run depends on its seed and on how the processor rounds: after sixty epochs that is as much as
    another seed. So a run made anew must lie within the spread of the seeds: 5 of their standard deviations.
    """
    shipped = [r for r in results.shipped() if replace(r, seed=0).setting == replace(setting, seed=0)]
    values = [r.test for r in shipped]
    mean = sum(values) / len(values)
    spread = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    (cached,) = [r for r in shipped if r.setting == setting]
    assert abs(sweep.run(setting).test - cached.test) < 5 * spread


def test_the_command_runs_what_is_missing_and_names_what_it_does_not_know(short, tmp_path):
    out = tmp_path / "mine.csv"
    typed = ["sweep", "--out", str(out), "--task", "digits", "--method", "locked", "--seeds", "2"]
    runner = CliRunner()
    done = runner.invoke(app, typed)
    assert done.exit_code == 0, done.output
    assert "8 runs" in done.output
    assert {r.method for r in results.read(out)} == {"none", "locked"}
    before = out.read_text()
    assert runner.invoke(app, typed).exit_code == 0
    assert out.read_text() == before
    unknown = runner.invoke(app, ["sweep", "--out", str(out), "--method", "magic"])
    assert unknown.exit_code == 2
    assert "expected one of" in unknown.output
