"""Temporal order, experiment 6a of Hochreiter & Schmidhuber 1997: their sequences, and their number."""

import numpy as np
import torch

from recdrop_lessons.experiments import anchor


def test_sequences_are_drawn_as_the_paper_says():
    drawn = torch.Generator().manual_seed(0)
    lengths, first, second, classes = set(), set(), set(), np.zeros(4)
    for _ in range(200):
        x, y = anchor.temporal_order(50, drawn)
        assert (x.sum(-1) == 1).all() and (y.sum(-1) == 1).all()
        codes = x.argmax(-1).numpy()  # (B, T)
        lengths.add(codes.shape[1])
        assert (codes[:, 0] == anchor.SYMBOLS.index("E")).all()
        assert (codes[:, -1] == anchor.SYMBOLS.index("B")).all()
        marked = np.argwhere(codes >= anchor.SYMBOLS.index("X"))[:, 1].reshape(-1, 2)  # two in each sequence
        first |= set(marked[:, 0].tolist())
        second |= set(marked[:, 1].tolist())
        said = codes[np.arange(50)[:, None], marked] == anchor.SYMBOLS.index("Y")
        assert (y.argmax(-1).numpy() == 2 * said[:, 0] + said[:, 1]).all()
        classes += y.sum(0).numpy()
    assert lengths == set(range(100, 111))
    assert first == set(range(10, 21))
    assert second == set(range(50, 61))
    assert np.abs(classes / 10_000 - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / 10_000)


def test_a_trial_ends_by_the_papers_criterion_with_no_more_wrong_than_theirs():
    made = anchor.trial(1)
    assert anchor.RIGHT_IN_A_ROW <= made.sequences < 100_000
    assert made.wrong <= anchor.PUBLISHED_MOST_WRONG


def test_the_twenty_shipped_trials_meet_the_published_number():
    trials = anchor.shipped()
    assert [one.seed for one in trials] == list(range(20))
    assert all(one.sequences for one in trials)
    assert np.mean([one.wrong for one in trials]) <= anchor.PUBLISHED_WRONG
    assert max(one.wrong for one in trials) <= anchor.PUBLISHED_MOST_WRONG
