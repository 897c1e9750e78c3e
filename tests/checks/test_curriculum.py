"""Every misconception that the curriculum promises to catch is shown by a wrong answer and caught by name."""

import sys
from pathlib import Path

import pytest

from recdrop_lessons.checks import LocalAnswer, part, run

ANSWERS = Path(__file__).parent.parent / "answers"
sys.path.insert(0, str(ANSWERS))
from bank import banks  # noqa: E402

# The curriculum's words, and a part and slug under which each is caught.
PROMISED = {
    "keep-probability for drop-probability": ("2.1", "keep-probability"),
    "no rescale": ("2.1", "no-rescale"),
    "rescale at test time too": ("2.1", "rescale-at-test"),
    "dropout at evaluation": ("2.1", "dropout-at-evaluation"),
    "one mask for the whole batch": ("2.1", "one-mask-for-batch"),
    "new mask per step where it must be one per sequence": ("4.1", "mask-per-step"),
    "one per sequence where it must be a new mask per step": ("4.1", "one-mask-for-all-steps"),
    "mask after the matrix product instead of before": ("3.1", "mask-after-product"),
    "mask on c for mask on g": ("5.3", "mask-on-cell"),
    "mask on h for mask on x": ("3.1", "masks-swapped"),
    "masked h carried on as the state": ("3.1", "masked-state-carried"),
    "Gaussian standard deviation p": ("2.2", "std-is-p"),
    "Gaussian standard deviation p/(1-p)": ("2.2", "std-without-root"),
    "Gaussian standard deviation with its root inverted": ("2.2", "std-inverted"),
    "additive for multiplicative noise": ("2.2", "additive-noise"),
    "gate order": ("1.2", "gate-order"),
    "wrong gate activation": ("1.2", "wrong-gate-activation"),
    "tanh(c) forgotten": ("1.2", "tanh-c-forgotten"),
    "forget bias": ("1.2", "forget-bias"),
    "activation swapped in one of its two places": ("1.4", "activation-swapped"),
    "time and batch axes swapped": ("3.1", "time-batch-swapped"),
    "last step taken from padding": ("6.2", "last-from-padding"),
    "return_sequences on the wrong layer": ("6.1", "return-sequences-wrong-layer"),
    "penalty on the wrong gate's slice": ("7.1", "gate-order"),
    "penalty on the bias": ("7.4", "penalty-on-bias"),
    "zoneout's d and 1-d swapped": ("5.4", "zoneout-swapped"),
    "zoneout rescaled": ("5.4", "zoneout-rescaled"),
    "weight drop on the input weights instead of W_hh": ("5.5", "mask-on-input-weights"),
}


@pytest.mark.parametrize("promise", PROMISED)
def test_a_promised_misconception_is_caught_by_name(promise):
    number, slug = PROMISED[promise]
    shown = [answer for its, answer in banks()[number].WRONG if its == slug]
    assert shown, "no wrong answer shows it"
    assert slug in {m.slug for m in part(number).misconceptions}
    for answer in shown:
        assert run(part(number), LocalAnswer(answer), 21).misconception == slug
