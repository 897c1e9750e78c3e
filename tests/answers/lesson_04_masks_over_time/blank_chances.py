"""Right and wrong answers to 4.6."""

import math

from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def in_three_branches(p, features, steps, how):
    if how == "layer":
        return p**features, p ** (features * steps)
    if how == "argument":
        return p**features, p**features
    return p, p**steps


@bank.right
def step_by_step(p, features, steps, how):
    step = p if how == "whole steps" else math.prod([p] * features)
    sequence = step
    for _ in range(steps - 1):
        sequence *= 1.0 if how == "argument" else step
    return [step, sequence]


@bank.wrong("argument-drawn-at-each-step")
def independent_steps(p, features, steps, how):
    step = p if how == "whole steps" else p**features
    return step, step**steps


@bank.wrong("layer-drawn-once")
def one_mask(p, features, steps, how):
    return (p, p**steps) if how == "whole steps" else (p**features, p**features)


@bank.wrong("dropout-drops-steps")
def a_layer_drops_steps(p, features, steps, how):
    return (p, p**steps) if how == "layer" else in_three_branches(p, features, steps, how)


@bank.wrong("dropout-drops-steps")
def no_features(p, features, steps, how):
    return (p, p) if how == "argument" else (p, p**steps)


@bank.wrong("whole-steps-by-feature")
def features_count(p, features, steps, how):
    return p**features, p**features if how == "argument" else p ** (features * steps)


@bank.wrong("any-step")
def at_least_one(p, features, steps, how):
    step, sequence = in_three_branches(p, features, steps, how)
    return step, sequence if how == "argument" else 1 - (1 - step) ** steps


@bank.wrong("chances-added")
def summed(p, features, steps, how):
    step, sequence = in_three_branches(p, features, steps, how)
    return step, sequence if how == "argument" else steps * step


@bank.wrong("keep-probability")
def kept(p, features, steps, how):
    return in_three_branches(1 - p, features, steps, how)


@bank.wrong("outputs-swapped")
def sequence_first(p, features, steps, how):
    return in_three_branches(p, features, steps, how)[::-1]


@bank.wrong()
def only_one_number(p, features, steps, how):
    return in_three_branches(p, features, steps, how)[1]


# Two mistakes at once, as a newcomer made them: each name is recognised by itself.


@bank.wrong("layer-drawn-once")
def two_ways_wrong(p, features, steps, how):
    if how == "layer":
        return p**features, p**features
    if how == "argument":
        return p**features, p ** (features * steps)
    return p, p**steps


@bank.wrong("whole-steps-drawn-once")
def whole_steps_once(p, features, steps, how):
    return (p, p) if how == "whole steps" else in_three_branches(p, features, steps, how)


@bank.wrong("one-name-wrong")
def steps_without_features(p, features, steps, how):
    return (p**features, p**steps) if how == "layer" else in_three_branches(p, features, steps, how)
