"""Steps that are asked one by one, what they say when something is wrong, and bounds that judge samples."""

import math

import numpy as np
import pytest
import torch

from recdrop_lessons.checks import LocalAnswer
from recdrop_lessons.checks.answer import Question, generators
from recdrop_lessons.checks.chance import pairs, pairs_fit, standard_normal_fits, variance_fits
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.masks import counts_vary, judge
from recdrop_lessons.checks.steps import Drawing, Failed, Step, Steps
from recdrop_lessons.grading.inside import codec

# ---------------------------------------------------------------- steps


class Piped(LocalAnswer):
    """An answer as a grader's: its question crosses as bytes, its generators come back by their states."""

    def ask(self, question):
        frame = codec.encode([question.arguments, list(question.wrt), question.cotangent])
        header, payload = codec.sizes(frame[: codec.SIZES.size])
        body = frame[codec.SIZES.size :]
        given, wrt, cotangent = codec.decode(body[:header], body[header : header + payload])
        try:
            return super().ask(Question(given, tuple(wrt), cotangent))
        finally:
            for generator, moved in zip(generators(question.arguments), generators(given), strict=True):
                generator.set_state(moved.get_state())


def draws(x, generator):
    return x * torch.rand(x.shape, generator=generator, dtype=x.dtype)


def two_steps(judge):
    draw = Draw(3, "steps")
    x = draw.normal(2, 3)
    return Steps(
        Step(label, {"x": x, "generator": draw.generator()}, judge, "x", torch.ones(2, 3).double())
        for label in ("first", "second")
    )


@pytest.mark.parametrize("kind", [LocalAnswer, Piped])
def test_one_answer_after_another_gets_the_same_questions(kind):
    steps = two_steps(lambda reply: reply.value)
    first, again, other = (steps.ask(kind(draws)) for _ in range(3))
    assert all(map(torch.equal, first, again))
    assert all(map(torch.equal, first, other))
    assert not torch.equal(*first)
    assert all(map(torch.equal, first, steps.ask(LocalAnswer(draws))))


def test_a_generator_is_where_the_call_left_it():
    moved = torch.Generator().manual_seed(1)
    steps = Steps([Step("one", {"x": torch.ones(5), "generator": moved}, lambda reply: reply.value)])
    (value,) = steps.ask(Piped(draws))
    reference = torch.Generator().manual_seed(1)
    assert torch.equal(value, torch.rand(5, generator=reference))
    assert torch.equal(moved.get_state(), reference.get_state())


def test_value_and_gradient_are_of_one_pass():
    def judge(reply):
        reply.slope_is(reply.tensor((2, 3), torch.float64) / reply.arguments["x"])

    two_steps(judge).ask(LocalAnswer(draws))


def test_the_first_judge_that_fails_ends_the_asking():
    asked = []

    def answer(x, generator):
        asked.append(x)
        return x

    def refuse(reply):
        raise reply.fail("Not this.")

    with pytest.raises(Failed) as caught:
        two_steps(refuse).ask(LocalAnswer(answer))
    assert caught.value.outcome.message == "Not this."
    assert caught.value.outcome.details["case"] == "first"
    assert len(asked) == 1


class _Unwilling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise ValueError("no way back")


def judged(answer):
    """What a step says of an answer that should give 2x."""

    def judge(reply):
        if not torch.equal(reply.tensor((2, 3), torch.float64), 2 * reply.arguments["x"]):
            raise reply.fail("Not 2x.")
        reply.slope_is(torch.tensor(2.0).double())

    with pytest.raises(Failed) as caught:
        two_steps(judge).ask(LocalAnswer(answer))
    return caught.value.outcome


def test_what_is_wrong_with_the_value_is_said_before_the_gradient():
    # both raise where x is a leaf, which it is only because of the gradient
    assert judged(lambda x, generator: x.mul_(2)).misconception == "changes-input"
    assert judged(lambda x, generator: torch.from_numpy(x.numpy() + 1)).message == "Not 2x."


def test_a_backward_pass_that_raises_or_is_cut_is_said():
    said = judged(lambda x, generator: _Unwilling.apply(2 * x))
    assert said.message.startswith("The values are right, but the backward pass is not.")
    assert "no way back" in said.message
    by_numpy = judged(lambda x, generator: torch.from_numpy(2 * x.numpy()))
    assert "numpy" in by_numpy.message and by_numpy.misconception == "gradient-cut"
    assert judged(lambda x, generator: 2 * x.detach()).misconception == "gradient-cut"
    assert judged(lambda x, generator: x + x.detach()).misconception == "gradient-cut"


def test_a_value_of_another_shape_dtype_or_not_finite_is_said():
    assert "shape (3, 2)" in judged(lambda x, generator: 2 * x.T).message
    assert judged(lambda x, generator: 2 * x.float()).misconception == "dtype-changed"
    assert "finite" in judged(lambda x, generator: x / 0).message
    assert "finite" in judged(lambda x, generator: 2 * x * torch.tensor(math.nan)).message


# ---------------------------------------------------------------- generators


def drawn(answer):
    x = torch.ones(6, 7)
    drawing = Drawing(Draw(5, "drawing"), {"x": x}, lambda reply: reply.tensor((6, 7), x.dtype), others=2)
    assert len(drawing) == 9
    for kind in (LocalAnswer, Piped):
        found = drawing.ask(kind(answer))
        assert len(found) == 6
        assert len({tuple(one.flatten().tolist()) for one in found}) == 6


def test_a_generator_that_is_used_is_seen():
    drawn(lambda x, generator=None: draws(x, generator))


@pytest.mark.parametrize(
    ("answer", "slug", "case"),
    [
        (lambda x, generator=None: draws(x, None), "generator-ignored", "twice"),
        (
            lambda x, generator=None: draws(x, torch.Generator().manual_seed(2)),
            "same-mask-each-call",
            "different seeds",
        ),
        (
            lambda x, generator=None: draws(x, generator and generator.clone_state()),
            "generator-ignored",
            "after two calls",
        ),
        (
            lambda x, generator=None: draws(x, generator or torch.Generator().manual_seed(1)),
            "same-mask-each-call",
            "without a generator",
        ),
        (
            lambda x, generator=None: (
                draws(x, generator)
                if generator
                else torch.from_numpy(np.random.default_rng().random(x.shape))
            ).to(x.dtype),
            "generator-ignored",
            "torch's own",
        ),
        (
            lambda x, generator=None: draws(
                x, generator or torch.Generator().manual_seed(torch.seed() % 999983)
            ),
            "generator-ignored",
            "torch's own",
        ),
    ],
)
def test_a_generator_that_is_not_used_is_named(answer, slug, case):
    with pytest.raises(Failed) as caught:
        drawn(answer)
    assert caught.value.outcome.misconception == slug
    assert case in caught.value.outcome.details["case"]


# ---------------------------------------------------------------- samples


def _distance(z):
    """sup |F_n - F|, from the sorted sample."""
    n = z.numel()
    F = torch.special.ndtr(z.flatten().sort().values)
    steps = torch.arange(n + 1).double() / n
    return float(torch.maximum((F - steps[:-1]).abs(), (steps[1:] - F).abs()).max())


@pytest.mark.parametrize("n", [500, 15_000])
def test_the_distribution_is_judged_as_by_the_sorted_sample_but_for_a_1024th(n):
    bound = math.sqrt(math.log(2 / 4e-9) / (2 * n))
    draw = torch.Generator().manual_seed(n)
    half = math.sqrt(3)
    for share in (0.0, 0.3, 0.6, 1.0):  # of uniform draws: the same mean and variance, another shape
        for _ in range(20):
            z = torch.randn(n, generator=draw).double()
            uniform = (torch.rand(n, generator=draw).double() * 2 - 1) * half
            z = torch.where(torch.rand(n, generator=draw) < share, uniform, z)
            if standard_normal_fits(z):
                assert _distance(z) <= bound + 1 / 1024
            else:
                assert _distance(z) > bound


def test_pairs_are_judged_by_the_variance_of_their_sum_and_difference():
    draw = torch.Generator().manual_seed(0)
    verdicts = set()
    for correlation in (0.0, 0.1, 0.2, -0.3, 1.0):
        z = torch.randn(9, 40, 31, generator=draw).double()
        z[..., 1::2] = correlation * z[..., 0:30:2] + math.sqrt(1 - correlation**2) * z[..., 1::2]
        one, other = pairs(z, 2)
        slow = variance_fits(one - other, 2.0) and variance_fits(one + other, 2.0)
        assert pairs_fit(one, other) == slow
        verdicts.add(slow)
    assert verdicts == {True, False}


def test_pairs_are_neighbours_or_half_the_axis_apart():
    x = torch.arange(14).reshape(2, 7)
    assert [half.tolist() for half in pairs(x, 1)] == [[[0, 2, 4], [7, 9, 11]], [[1, 3, 5], [8, 10, 12]]]
    assert [half.tolist() for half in pairs(x, 1, True)] == [
        [[0, 1, 2], [7, 8, 9]],
        [[3, 4, 5], [10, 11, 12]],
    ]
    assert [half.tolist() for half in pairs(x, 0)] == [[x[0].tolist()], [x[1].tolist()]]


def test_an_expanded_mask_is_judged_as_its_copy():
    draw = torch.Generator().manual_seed(4)
    keep = torch.rand(30, 1, 25, generator=draw) >= 0.3
    for scale in (1 / 0.7, 1.0):
        mask = (keep * scale).expand(30, 20, 25)
        for p in (0.3, 0.5, 0.7):
            for shared in ((False, True, False), (False, False, False)):
                assert judge(mask, p, shared) == judge(mask.contiguous(), p, shared)
    assert judge((keep / 0.7).expand(30, 20, 25), 0.3, (False, True, False)) is None
    whole = torch.ones(1, 1, 1).expand(30, 20, 25)
    assert judge(whole, 0.3, (False, False, False)) == judge(whole.contiguous(), 0.3, (False, False, False))


@pytest.mark.parametrize("multiplier", [0.0, 1.0, 1 / 0.7])
def test_a_mask_of_one_value_is_no_draw(multiplier):
    problem = judge(torch.full((15, 20, 25), multiplier), 0.3, (False, False, False))
    assert problem.kind == "constant"


def test_at_a_rate_near_0_or_1_a_mask_of_one_value_may_be_right():
    for p in (0.0005, 0.001):  # all of 7,500 are kept in one mask of 43, and of 1,800
        assert judge(torch.full((15, 20, 25), 1 / (1 - p)), p, (False, False, False)) is None
    assert judge(torch.zeros(15, 20, 25), 0.9995, (False, False, False)) is None
    assert judge(torch.zeros(15, 20, 25), 0.99, (False, False, False)).kind == "constant"


def test_counts_that_never_vary_are_seen():
    mask = torch.eye(20)
    assert not counts_vary([mask.roll(k, 1) for k in range(7)])
    assert counts_vary([mask, mask.roll(1, 1), mask.triu(1)])
