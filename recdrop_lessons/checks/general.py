"""Mistakes that an answer to any part can have. What they look like is in symptoms.py.

A part's own misconceptions come first (recognise.py); these name what is left.
"""

from __future__ import annotations

from recdrop_lessons.checks.parts import Misconception

NOTHING_RETURNED = Misconception(
    "nothing-returned",
    "Your function returns None: a `return` is missing, or one of its branches ends without one. `print` "
    "shows a value and returns nothing.",
)
VALUES_MISSING = Misconception("values-missing", "You return fewer values than the docstring asks for.")
MORE_RETURNED = Misconception(
    "more-returned", "You return more than the docstring asks for: the right value is among what you return."
)
OUTPUTS_SWAPPED = Misconception(
    "outputs-swapped", "You return the right values in the wrong order. The docstring says which comes first."
)
NUMBER_EXPECTED = Misconception(
    "tensor-for-number",
    "You return a tensor or an array where a Python number is expected: convert it with `float(...)`, "
    "`int(...)` or `.item()`.",
)
TENSOR_EXPECTED = Misconception(
    "number-for-tensor",
    "You return a Python number or a list where a tensor is expected. A number has no dtype, and no gradient "
    "flows back through it.",
)
AXIS_OF_ONE = Misconception(
    "axis-lost-or-added",
    "Your result has the right values, and an axis of size 1 too few or too many. `squeeze()` removes every "
    "axis of size 1, and `keepdim=True` keeps one: the result has the shape of the docstring for every size.",
)
AXES_EXCHANGED = Misconception(
    "result-transposed", "Your result has the right values with its axes in another order."
)
NOT_FINITE = Misconception(
    "not-finite",
    "Your result holds NaN or infinity where a finite number is expected. Look for 0/0, log 0, or exp of a "
    "large number on this input.",
)
NEEDS_CONTIGUOUS = Misconception(
    "needs-contiguous",
    "Your function works only on tensors whose elements lie in order in memory: `view` refuses any other, "
    "such as a transposed one. `reshape` and `flatten` take both.",
)
SHAPES_DO_NOT_FIT = Misconception(
    "shapes-do-not-fit",
    "Two shapes in your function do not fit on this input. Write the shape of each tensor at the end of its "
    "line, and compare them with the docstring.",
)
NOT_HANDLED = Misconception(
    "value-not-handled",
    "Your function has no case for one of the values that an argument may have. The docstring lists them.",
)
NONE_NOT_HANDLED = Misconception(
    "none-not-handled",
    "An argument may be None here, or hold None, and your function uses it as it is. The docstring says what "
    "None stands for.",
)
TENSOR_AS_CONDITION = Misconception(
    "tensor-as-condition",
    "You use a tensor as a condition (`if d:`, `not d`, `d or …`). A tensor of several values is neither "
    "true nor false; ask `d is None`.",
)
IN_PLACE = Misconception(
    "in-place",
    "You write into a tensor that something else still needs: an expanded view, or a value of the backward "
    "pass. Compute a new tensor instead.",
)
RANDOM_RESULT = Misconception(
    "random-result",
    "Your function gives two results on the same arguments. This result depends on the arguments alone: "
    "nothing is drawn or simulated, and no layer with weights of its own takes part.",
)
REMEMBERS = Misconception(
    "remembers-earlier-call",
    "Your function returns the result of an earlier call. Keep nothing between two calls.",
)
IMPRECISE = Misconception(
    "imprecise",
    "Your result is nearly right. It is rounded, computed in float32, or shifted by a small constant that "
    "the equation does not have.",
)
SIGN = Misconception("sign-reversed", "Your result is right except for its sign.")
FACTOR = Misconception("constant-factor", "Your result is the right one times a constant factor.")
PLACES = Misconception(
    "places-exchanged",
    "Your result holds the right values in the wrong places. The order is that of the arguments.",
)
SOME_OUTPUTS = Misconception(
    "some-outputs-wrong",
    "Some of the values that you return are right, the others are not. The mistake is in what the wrong ones "
    "do not share with the right ones.",
)
LATER_STEPS = Misconception(
    "later-steps-wrong",
    "Your first time step is right, and a later one is not. Look at what is carried from one step to the "
    "next.",
)
NOT_EXPANDED = Misconception(
    "not-expanded", "Your result has size 1 on an axis where the docstring asks for the full size. Expand it."
)
WORD = Misconception(
    "other-words",
    "You return a word that is not one of the answers. Use the words of the exercise, letter by letter.",
)
WRONG_SHAPE = Misconception(
    "wrong-shape",
    "Your result has another shape than the docstring asks for. Write the shape of each tensor at the end of "
    "its line and look where it departs.",
)
AXIS_NOT_REDUCED = Misconception(
    "axis-not-reduced", "Your result still has an axis that should be summed, averaged or indexed."
)
AXIS_REDUCED = Misconception(
    "axis-reduced",
    "Your result lacks an axis: you sum, average or pick over one axis too many, or over the wrong one.",
)
WRONG_KIND = Misconception("wrong-kind", "You return another kind of value than the docstring asks for.")
KIND_CONFUSED = Misconception(
    "kind-confused",
    "An operation gets a kind of value that it cannot use, such as a number for a tensor or a function that "
    "was not called. The docstring says what kind each argument is.",
)
NOT_DEFINED = Misconception(
    "name-not-defined",
    "A name in your function has no value yet where it is used: it is misspelt, or set in one branch only.",
)
DIVISION_BY_ZERO = Misconception(
    "division-by-zero", "Your function divides by zero, or takes the logarithm of zero, on this input."
)
EDGE_CASE = Misconception(
    "edge-case", "Your function is right on ordinary inputs and wrong on this one. What is special about it?"
)

ONE_NAME = Misconception(
    "one-name-wrong",
    "Your function is right for other names, and wrong for this one whatever the numbers are. Ask what this "
    "name means.",
)

# Names that say little: one that all cases show together is better.
VAGUE = tuple(one.slug for one in (WRONG_KIND, WRONG_SHAPE, AXIS_REDUCED, AXIS_NOT_REDUCED))
