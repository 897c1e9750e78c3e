"""Mistakes that an answer to any part can have. What they look like is in symptoms.py; errors: of_errors.py.

A part's own misconceptions come first (recognise.py); these name what is left.
"""

from __future__ import annotations

from recdrop_lessons.checks.misconceptions import Misconception

CHANGES_INPUT = Misconception(
    "changes-input",
    "Your function changes what it is given. The caller still needs it: compute into new tensors "
    "(`a = a + b`, not `a += b`), and copy a list before you change it.",
    "Look for `+=`, `a[...] = …`, `.append` or a function whose name ends in `_`. What does it write into?",
)
GRADIENT_CUT = Misconception(
    "gradient-cut",
    "The values are right, but no gradient flows back through them: the path is cut by `.detach()`, `.data`, "
    "`.item()`, `torch.no_grad()`, NumPy or a tensor built anew from numbers.",
    "Search your lines for what leaves the tensors: `.item()`, `float(`, `.detach()`, `.numpy()`, "
    "`torch.tensor(`.",
)
DTYPE_CHANGED = Misconception(
    "dtype-changed",
    "The result has the wrong dtype. Make new tensors with the dtype of the inputs (`torch.zeros_like(x)`, "
    "`x.new_zeros(...)`, `dtype=x.dtype`), or with torch's default where no tensor comes in.",
    "Print the dtype after every line. Where does it change?",
)
KEYWORDS_RENAMED = Misconception(
    "arguments-renamed",
    "The checks call your function by keyword, with the names of the exercise. Keep the `def` line as it "
    "was.",
    "Compare your `def` line with the one of the exercise, name by name.",
)

NOTHING_RETURNED = Misconception(
    "nothing-returned",
    "Your function returns None: a `return` is missing, or one of its branches ends without one. `print` "
    "shows a value and returns nothing.",
    "Follow every branch of your function to its end. Does each of them reach a `return`?",
)
NONE_AMONG_VALUES = Misconception(
    "none-among-values",
    "There is a None among the values that you return, where the docstring asks for something else.",
    "Print what you return. Which line gives the None? Perhaps it calls a function that has no `return`.",
)
VALUES_MISSING = Misconception(
    "values-missing",
    "You return fewer values than the docstring asks for.",
    'Count the values in the "Returns" part of the docstring, and in your return line.',
)
MORE_RETURNED = Misconception(
    "more-returned",
    "You return more than the docstring asks for: the right value is among what you return.",
    'Compare your return line with the "Returns" part of the docstring. What is there besides?',
)
MORE_VALUES = Misconception(
    MORE_RETURNED.slug,
    "You return more values than the docstring asks for.",
    MORE_RETURNED.hint,
)
ONE_TENSOR = Misconception(
    "tensor-for-tuple",
    "You return one tensor where the docstring asks for several values. `return h, c` gives two; stacking or "
    "joining them gives one.",
    'Print type(...) and the shape of what you return, and count the values in the "Returns" part.',
)
OUTPUTS_SWAPPED = Misconception(
    "outputs-swapped",
    "You return the right values in the wrong order. The docstring says which comes first.",
    'Put your return line under the "Returns" part of the docstring, name below name.',
)
NUMBER_EXPECTED = Misconception(
    "tensor-for-number",
    "You return a tensor or an array where a Python number is expected: convert it with `float(...)`, "
    "`int(...)` or `.item()`.",
    "Print type(...) of what you return.",
)
TENSOR_EXPECTED = Misconception(
    "number-for-tensor",
    "You return a Python number or a list where a tensor is expected. A number has no dtype, and no gradient "
    "flows back through it.",
    "Print type(...) of what you return. Which operation has left the tensors?",
)
AXIS_OF_ONE = Misconception(
    "axis-lost-or-added",
    "Your result has the right values, and an axis of size 1 too few or too many. `squeeze()` removes every "
    "axis of size 1, and `keepdim=True` keeps one: the result has the shape of the docstring for every size.",
    "Print the shape of your result for sizes of 1, and for larger ones. Which line makes the difference?",
)
AXES_EXCHANGED = Misconception(
    "result-transposed",
    "Your result has the right values with its axes in another order.",
    "Write the names of the axes beside your result, and compare their order with the docstring.",
)
NOT_FINITE = Misconception(
    "not-finite",
    "Your result holds NaN or infinity where a finite number is expected. Look for 0/0, log 0, or exp of a "
    "large number on this input.",
    "Print each value on the way to the result on this input. Which is the first that is not finite?",
)
RANDOM_RESULT = Misconception(
    "random-result",
    "Your function gives two results on the same arguments. This result depends on the arguments alone: "
    "nothing is drawn or simulated, and no layer with weights of its own takes part.",
    "Call your function twice on the same arguments. Which line gives two different values?",
)
REMEMBERS = Misconception(
    "remembers-earlier-call",
    "Your function returns the result of an earlier call. Keep nothing between two calls.",
    "Look for a value that outlives the call: a global, a default argument, a cache.",
)
IMPRECISE = Misconception(
    "imprecise",
    "Your result is nearly right. It is rounded, computed in float32, or shifted by a small constant that "
    "the equation does not have.",
    "Print the difference from the right value. Is it the same everywhere? Look for a rounding, a "
    "`float()` or a small constant.",
)
SIGN = Misconception(
    "sign-reversed",
    "Your result is right except for its sign.",
    "Look for a minus, or for a difference whose two sides are exchanged.",
)
FACTOR = Misconception(
    "constant-factor",
    "Your result is the right one times a constant factor.",
    "Divide your result by the right one at one place. Where does this number come from: a size, p, a 2?",
)
PLACES = Misconception(
    "places-exchanged",
    "Your result holds the right values in the wrong places. The order is that of the arguments.",
    "Take a small input with values that you can tell apart, such as 1, 2, 3, and follow each to its place.",
)
SOME_OUTPUTS = Misconception(
    "some-outputs-wrong",
    "Some of the values that you return are right, the others are not. The mistake is in what the wrong ones "
    "do not share with the right ones.",
    "Which line is the first that only the wrong value depends on?",
)
LATER_STEPS = Misconception(
    "later-steps-wrong",
    "Your first time step is right, and a later one is not. Look at what is carried from one step to the "
    "next.",
    "Run two steps by hand. What does the second read that the first did not?",
)
NOT_EXPANDED = Misconception(
    "not-expanded",
    "Your result has size 1 on an axis where the docstring asks for the full size. Expand it.",
    "Print the shape of your result beside the one of the docstring. `expand` gives an axis of size 1 its "
    "full size.",
)
WORD = Misconception(
    "other-words",
    "You return a word that is not one of the answers. Use the words of the exercise, letter by letter.",
    "Copy the words from the docstring rather than typing them.",
)
WRONG_SHAPE = Misconception(
    "wrong-shape",
    "Your result has another shape than the docstring asks for. Write the shape of each tensor at the end of "
    "its line and look where it departs.",
    "Print the shape after every line, and compare it with what you expect there.",
)
AXIS_NOT_REDUCED = Misconception(
    "axis-not-reduced",
    "Your result still has an axis that should be summed, averaged or indexed.",
    "Which axis of the docstring's arguments is not in its result? Where does your code remove it?",
)
AXIS_REDUCED = Misconception(
    "axis-reduced",
    "Your result lacks an axis: you sum, average or pick over one axis too many, or over the wrong one.",
    "Print the shape after every line. Where does an axis disappear that the result should have?",
)
WRONG_KIND = Misconception(
    "wrong-kind",
    "You return another kind of value than the docstring asks for.",
    'Print type(...) of what you return, and compare with the "Returns" part of the docstring.',
)
EDGE_CASE = Misconception(
    "edge-case",
    "Your function is right on ordinary inputs and wrong on this one. What is special about it?",
    "Look at the sizes and values that the report says it was tried on. Which of them is 1, 0, or equal to "
    "another?",
)

# The same where it is wrong on more inputs than a few.
EDGE_CASES = Misconception(
    EDGE_CASE.slug,
    "Your function is right on most inputs and wrong on some, this one among them. What is special about it?",
    EDGE_CASE.hint,
)

ONE_NAME = Misconception(
    "one-name-wrong",
    "Your function is right for other names, and wrong for this one. Ask what this name means.",
    "Call your function with this name and two different inputs. What should change, and does it?",
)

# Found by changing one argument (located.py), whose name goes into the sentence.
ARGUMENT_IGNORED = Misconception(
    "argument-ignored",
    "With other values of {} your result stays as it is. The right one changes.",
    "Search your lines for this name. On which line is it read, and is what comes of it used?",
)
EXAMPLES_MIXED = Misconception(
    "examples-mixed",
    "You mix the examples of the batch: another first example changes your result for the others. Each "
    "example is computed by itself.",
    "Which lines sum, average, sort or index along axis 0? Do they mean to?",
)
ARGUMENT_MISUSED = Misconception(
    "argument-misused",
    "Where {} everywhere, your result is right. So the mistake is in how you use {}, or in what you combine "
    "with it.",
    "Read the lines in which this name stands, and how what stands beside it there was made. What does this "
    "value hide?",
)

# Names that say little: one that all cases show together is better.
VAGUE = tuple(one.slug for one in (WRONG_KIND, WRONG_SHAPE, AXIS_REDUCED, AXIS_NOT_REDUCED))

GENERAL = tuple(one for one in list(globals().values()) if isinstance(one, Misconception))
