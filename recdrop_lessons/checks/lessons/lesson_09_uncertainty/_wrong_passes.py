"""What goes wrong in 9.5 beside the draws themselves."""

from __future__ import annotations

from recdrop_lessons.checks.misconceptions import Misconception

PER_STEP = Misconception(
    "mask-per-step",
    "Your mask changes from one time step to the next. Within one pass it is held: draw it before the loop "
    "over "
    "time, and use it at every step.",
    "On which line is your mask drawn: inside the loop over time, or before it?",
)
ONE_FOR_ALL_PASSES = Misconception(
    "one-mask-for-all-passes",
    "All your passes have the same mask, so they are one pass, repeated. Each pass draws its own.",
    "Compare the logits of two passes. What is it that should make them differ, and how often do you draw "
    "it?",
)
UNITS_SHARE = Misconception(
    "units-share-draw",
    "One draw drops the whole state of an example. Each unit has a draw of its own: (passes, B, H) of them.",
    "Print the mask of one pass and one example. How many values has it, and how many draws made it?",
)
OFF = Misconception(
    "dropout-off",
    "Nothing is dropped: your passes are all the plain pass. Monte-Carlo dropout keeps dropout on at "
    "evaluation.",
    "Call your function with p at 0.5 and compare two passes. Which line should make them differ?",
)
ON_OUTPUT = Misconception(
    "mask-on-output",
    "You drop the last state or the logits. The mask is on the state as the gates read it, at every step.",
    "Search your loop over time for the mask. Which product of the step should see it?",
)
CARRIED = Misconception(
    "masked-state-carried",
    "You carry the masked state on, and read it out. Only what goes into the gates is masked: h itself "
    "stays whole.",
    "How many names do you have for h? What the gates read and what the read-out reads are not the same "
    "tensor.",
)
ON_INPUT = Misconception(
    "mask-on-input",
    "You mask the input. Here the mask is on the state as the gates read it, one value for each unit.",
    "What has H values at each step: the input, or the state? The docstring's first line says which is "
    "dropped.",
)
ON_CELL = Misconception(
    "mask-on-cell",
    "You mask the cell. Here the mask is on the state h as the gates read it.",
    "The step has two states, h and c. Which of them do the gates read through U?",
)
NOT_RESET = Misconception(
    "state-not-reset",
    "A pass goes on from the state in which the one before it ended. Each pass starts at zero.",
    "Call your function with p at 0. All passes should be equal then: where does the second one start?",
)
AVERAGED = Misconception(
    "passes-averaged",
    "You return one result for each example, (B, K), and every pass should have its own. Return the logits "
    "of all passes, (S, B, K): the mean of their probabilities is for 9.1.",
    "Compare the shape of your result with the docstring. Was the axis of the passes averaged away, or was "
    "it never there?",
)
PROBABILITIES = Misconception(
    "probabilities-returned",
    "You return probabilities, or their logarithms. Return the logits; 9.1 and 9.3 take their softmax.",
    "Sum your result over the classes. Should it be 1?",
)
SWAPPED = Misconception(
    "passes-batch-swapped",
    "You return the examples first. The passes are the first axis: (S, B, K).",
    "Write the three names of the docstring over the shape of your result.",
)
