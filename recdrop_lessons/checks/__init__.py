"""The graded parts: checks that recognise misconceptions, with hints.

One package a lesson, `lessons/lesson_NN_name/`; one file a part, with the name of its function, that states
all of it once and holds it as `PART`. Everything else finds it there: the registry, `data/outline.json`, the
cells of solutions/ and exercises/ (tools/release_exercises.py writes both) and the tests. What several parts
of a lesson share is in its `_shared.py`.

A check is a function `(answer, seed) -> Outcome` that sees the answer through `Answer` alone (answer.py), so
the same check runs in the notebook and in the grader. Nothing here imports the library's cells or layers: the
right answers are written again, short, in float64.

To add a part (docs/instructors/adapting.md has one written out):

1. The function: the right answer, with the exercise's arguments and docstring. Keyword-only parameters
   after them are switches for mistakes, and no part of the exercise.
2. Misconceptions: `Misconception("gate-order", "What was done. What is meant.", "What to try.", mistake,
   ...)`. The first failure says what was done, with numbers, and what to try or where to look; a second one
   of the same kind what is meant (in_steps.py). A mistake is a function with the same arguments. Those of
   any LSTM are in lstm.py, of any mask in masks.py.
3. `cases(draw)` yields `Case(label, arguments)`, floats in float64, fresh from the `Draw`. The first case is
   plain, with sizes all different; the second has the same sizes and other values (an answer that remembers
   by shape fails there); the edges follow: B = 1, T = 1, B = 4, sizes all equal (there a transposed weight
   runs, and is recognised). What the part must tell apart is drawn at every seed. `Case(label, arguments,
   False)` asks for no gradients: they cost more than all else, so cases that differ from the first in
   their sizes alone go without.
4. `PART = exact_part(number, function, points=..., hints=..., cases=..., misconceptions=...)`, for a value
   that the arguments decide (exact.py). Where the value is a word out of a few, `told=False` keeps
   the right one out of the report, and `evidence` may say what is seen of the input. A part that maps names
   to words or shapes is a `table` (tables.py). A random part writes its own check from the `Steps` of
   steps.py and the bounds of chance.py: few calls on large tensors, each comparison rejects a right answer
   with a probability below `chance.ERROR`.
5. tests/answers/lesson_NN_name/function.py: RIGHT and WRONG, at least one wrong answer a misconception. Each
   must pass or fail at every seed; tests/checks/test_curriculum.py lists what the course promises to catch.

A lesson's points sum to 100. A new lesson is a package here and a notebook in solutions/.
"""

from recdrop_lessons.checks.answer import Answer, AnswerError, AnswerLost, Call, LocalAnswer, Status
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.notebook import PartFailed, check
from recdrop_lessons.checks.parts import Lesson, Outcome, Part, PartResult
from recdrop_lessons.checks.registry import all_lessons, lesson, lesson_of, part, run
from recdrop_lessons.checks.report import Report

__all__ = [
    "Answer",
    "AnswerError",
    "AnswerLost",
    "Call",
    "Lesson",
    "LocalAnswer",
    "Misconception",
    "Outcome",
    "Part",
    "PartFailed",
    "PartResult",
    "Report",
    "Status",
    "all_lessons",
    "check",
    "lesson",
    "lesson_of",
    "part",
    "run",
]
