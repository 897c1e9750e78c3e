"""The claims of lesson 10, computed from the shipped results."""

import pytest

from recdrop_lessons import results
from recdrop_lessons.experiments import outcome, paired_splits, studies
from recdrop_lessons.experiments import runs as runs_of_the_reference
from recdrop_lessons.experiments.comparison import arms_of
from recdrop_lessons.explorers.methods_compared import gains


@pytest.fixture(scope="module")
def arms():
    return outcome.complete("digits", runs_of_the_reference.shipped("digits"))


@pytest.fixture(scope="module")
def table(arms):
    rows = outcome.not_tuned(runs_of_the_reference.shipped("digits"))
    rows = {row.name: row for row in (*rows.values(), *outcome.without_network("digits").values())}
    return outcome.compared(rows | {row.name: row for row in arms.values()})


def test_in_the_first_comparison_one_gain_is_left_by_holm():
    together = paired_splits.holm(list(results.p_values(results.shipped()).values()))
    told = [key for key, p in zip(results.p_values(results.shipped()), together, strict=True) if p <= 0.05]
    helped = [
        (task, *pair)
        for task, *pair in told
        if "none" in pair and gains(task, "none", 0.95)[(set(pair) - {"none"}).pop()].mean > 0
    ]
    assert len(helped) == 1
    assert len(told) == 9


def test_half_of_the_units_dropped_is_worse_early_and_better_late():
    plain, half = studies.NONE, studies.HALF
    study = studies.complete(runs_of_the_reference.shipped("digits"), studies.BUDGETS)
    assert len({run.setting.split for run in study[plain]}) >= 3

    def gain(score):
        return paired_splits.difference(score(study[half]), score(study[plain]))

    early, late = gain(lambda kept: studies.at_budget(kept, 30)), gain(studies.to_patience)
    assert early.high < 0
    assert late.low > 0
    # Each run of the study was trained until a tenth of its epochs and more had brought nothing better.
    assert all(run.finished for kept in study.values() for run in kept)


def test_no_complete_arm_is_told_to_be_better_than_no_dropout_tuned_alike(arms, table):
    assert not table.differ_from(arms["none"].name, [row.name for row in arms.values()])


def test_no_arm_beats_all_others(arms, table):
    for row in arms.values():
        assert not all(table.differ(row.name, other) for other in table.order if other != row.name)


def test_validation_chooses_different_rates(arms):
    assert len({row.chosen.rate for arm, row in arms.items() if arm != "none"}) > 1


def test_every_final_run_was_trained_to_patience(arms):
    assert all(run.finished for row in arms.values() for run in row.runs)


def test_tuning_no_dropout_takes_most_of_what_untuned_masks_had_gained(arms, table):
    """The control that the first comparison lacked: Gal's masks against no dropout, not tuned and tuned."""
    untuned = outcome.not_tuned(runs_of_the_reference.shipped("digits"))
    gal, plain, tuned = untuned["gal"].name, untuned["none"].name, arms["none"].name
    assert table.gain(gal, plain).low > 0.03
    assert table.gain(tuned, plain).mean > 0.5 * table.gain(gal, plain).mean
    assert not table.differ(gal, tuned)


def test_a_mask_on_h_cannot_be_told_from_no_dropout_tuned_alike(arms, table):
    assert not table.differ(arms["recurrent, sequence"].name, arms["none"].name)


def test_with_nothing_tuned_the_mask_on_the_pixels_does_most_of_gals(table):
    untuned = outcome.not_tuned(runs_of_the_reference.shipped("digits"))
    plain = untuned["none"].name
    gains = {arm: table.gain(row.name, plain).mean if arm != "none" else 0.0 for arm, row in untuned.items()}
    assert gains["input, sequence"] > 0.8 * gains["gal"]
    assert gains["gal"] > gains["input, sequence"] > gains["recurrent, sequence"] > gains["output, step"]


@pytest.fixture(scope="module")
def on_signs():
    return outcome.complete("memory", runs_of_the_reference.shipped("memory"))


@pytest.fixture(scope="module")
def signs(on_signs):
    rows = (*on_signs.values(), *outcome.without_network("memory").values())
    return outcome.compared({row.name: row for row in rows})


def test_all_arms_are_complete_on_the_two_signs_and_were_trained_to_patience(on_signs):
    assert list(on_signs) == arms_of("memory")
    assert all(run.finished for row in on_signs.values() for run in row.runs)


def test_on_the_two_signs_no_arm_is_told_from_no_dropout_and_two_pairs_are_told_apart(on_signs, signs):
    networks = [row.name for row in on_signs.values()]
    assert not signs.differ_from(on_signs["none"].name, networks)
    told = {pair for pair in signs.told_apart if set(pair) <= set(networks)}
    worse = on_signs["locked"].name
    assert told == {(on_signs[arm].name, worse) for arm in ("candidate, step", "zoneout, hidden")}
    for arm in ("candidate, step", "zoneout", "zoneout, cell", "zoneout, hidden", "locked"):
        assert (on_signs[arm].scores.units.mean(1) > 0.9).all()
    assert signs.means[on_signs["gal"].name].mean < signs.means[on_signs["none"].name].mean


def test_a_held_mask_on_two_features_is_worse_and_copies_do_not_show_why():
    """Told with two features; with copies neither told from no dropout nor from two features."""
    study = outcome.copied(runs_of_the_reference.shipped("copies"))
    found = outcome.compared({row.name: row for row in study.values()})
    (none, held), (none_16, held_16) = (
        [study[task, arm].name for arm in studies.COPIED_ARMS] for task in studies.COPIED_TASKS
    )
    assert found.told_apart == {(none, held)}
    assert found.gain(none_16, held_16).mean > 0.1 and found.gain(none_16, held_16).low < 0
    assert found.gain(held_16, held).low < -0.1 and found.gain(held_16, held).high > 0.25


def test_on_the_two_signs_sharing_over_time_is_told_apart_at_no_site_by_holm(on_signs, signs):
    for site in ("input", "recurrent", "candidate", "cell", "hidden"):
        step, held = (on_signs[f"{site}, {shared}"].name for shared in ("step", "sequence"))
        assert not signs.differ(step, held)
        assert signs.gain(step, held).low < 0 < signs.gain(step, held).high


@pytest.fixture(scope="module")
def on_text():
    return outcome.complete("text", runs_of_the_reference.shipped("text"))


@pytest.fixture(scope="module")
def added():
    """Gal's masks at .1 and .2, added to what was chosen for no dropout: no search, for the baseline."""
    rows = outcome.added_to_tuned(runs_of_the_reference.shipped("text"))
    return [rows[fixed] for fixed in studies.ADDED]


@pytest.fixture(scope="module")
def nats(on_text, added):
    """The whole table of the lesson, with Holm's correction for all of its pairs."""
    rows = (*on_text.values(), *added, *outcome.without_network("text").values())
    return outcome.compared({row.name: row for row in rows}, sign=-1)


def test_every_final_run_on_the_text_was_trained_to_patience(on_text, added):
    assert all(run.finished for row in (*on_text.values(), *added) for run in row.runs)


def test_on_the_text_gals_masks_gain_over_no_dropout_that_was_tuned_alike(on_text, added, nats):
    plain, gal, (tenth, fifth) = on_text["none"].name, on_text["gal"].name, (row.name for row in added)
    assert gal in nats.differ_from(plain, [row.name for row in on_text.values()])
    for mask in (gal, tenth):
        assert 0.005 < nats.gain(plain, mask).low < nats.gain(plain, mask).high < 0.07
    assert nats.gain(plain, fifth).low < 0 < nats.gain(plain, fifth).high
    for counting in outcome.without_network("text"):
        assert nats.gain(counting, plain).low > 0.1


def test_on_the_text_six_arms_save_over_no_dropout(on_text, nats):
    plain, rows = on_text["none"].name, {arm: row.name for arm, row in on_text.items()}
    told = nats.differ_from(plain, rows.values())
    six = {"hidden, sequence", "weight", "recurrent, sequence", "cell, step", "candidate, sequence", "gal"}
    assert {arm for arm, row in rows.items() if row in told} == six
    assert all(nats.gain(plain, rows[arm]).low > 0 for arm in six)
    for arm in ("hidden, step", "output, sequence", "recurrent, step"):  # by themselves
        assert nats.gain(plain, rows[arm]).low > 0


def test_on_the_text_the_held_mask_on_the_hidden_state_is_better_than_each_other_arm(on_text, nats):
    best, plain = on_text["hidden, sequence"].name, on_text["none"].name
    rest = {row.name for arm, row in on_text.items() if arm != "hidden, sequence"}
    assert nats.differ_from(best, rest) == rest
    assert all(nats.gain(row, best).low > 0.02 for row in rest)
    whole = nats.gain(plain, best).mean
    for half in ("recurrent, sequence", "output, sequence"):
        assert 0.4 < nats.gain(plain, on_text[half].name).mean / whole < 0.6


def test_on_the_text_the_better_sharing_depends_on_the_site(on_text, nats):
    held = {}
    for site in ("input", "recurrent", "candidate", "cell", "hidden", "output"):
        step, sequence = (on_text[f"{site}, {shared}"].name for shared in ("step", "sequence"))
        held[site] = nats.gain(step, sequence), nats.differ(step, sequence)
    assert {site for site, (_, told) in held.items() if told} == {"recurrent", "cell"}
    assert {site for site, (gain, _) in held.items() if gain.low > 0} == {"recurrent", "candidate", "hidden"}
    assert held["cell"][0].high < -0.05


def test_on_the_text_the_input_costs_and_some_masks_do_nothing(on_text, nats):
    plain = on_text["none"].name
    for arm in ("candidate, step", "output, step", "zoneout"):
        assert not nats.differ(plain, on_text[arm].name)
        assert nats.gain(plain, on_text[arm].name).low < 0 < nats.gain(plain, on_text[arm].name).high
    told = nats.differ_from(plain, [row.name for row in on_text.values()])
    for arm in ("input, step", "input, sequence", "cell, sequence"):  # by themselves, and not by Holm's count
        assert nats.gain(plain, on_text[arm].name).high < 0 and on_text[arm].name not in told


def test_all_arms_are_complete_on_the_digits(arms):
    assert list(arms) == arms_of("digits")


def test_sharing_over_time_is_not_told_apart_at_any_site(arms, table):
    for site in ("input", "recurrent", "candidate", "cell", "hidden"):
        each, held = (arms[f"{site}, {shared}"].name for shared in ("step", "sequence"))
        assert not table.differ(each, held)


def test_of_the_four_pairs_of_tuned_networks_that_are_told_apart_three_have_gal_for_each_gate(arms, table):
    tuned = {row.name for row in arms.values()}
    told = {pair for pair in table.told_apart if set(pair) <= tuned}
    pairs = [("gal, untied", worse) for worse in ("candidate, sequence", "output, step", "weight")]
    assert told == {(arms[a].name, arms[b].name) for a, b in [*pairs, ("candidate, step", "weight")]}
