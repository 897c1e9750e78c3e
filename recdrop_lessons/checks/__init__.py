"""The graded parts: checks that recognise misconceptions, with hints.

One file a lesson, `lesson_NN_name.py`, holding `LESSON = Lesson("NN_name", parts=(...))`. A check is a
function `(answer, seed) -> Outcome` that sees the answer through `Answer` alone (answer.py), so the same
check runs in the notebook and in the grader. Nothing here imports the library's cells or layers: the right
answers are written again, short, in float64.

To add a lesson's checks:

1. For each part write its right answer as a function with the part's own argument names: the reference.
2. Write each misconception as a function with the same arguments that makes the mistake, and wrap it:
   `Misconception("gate-order", "One or two sentences to the learner.", (mistake, ...))`. The mistakes of any
   LSTM are in lstm.py, those of any mask in masks.py.
3. Write `cases(draw)`: yields `Case(label, arguments)`, floats in float64, fresh from the `Draw`. The first
   case is plain, with sizes all different; the second has the same sizes and other values (an answer that
   remembers by shape fails there); the edges follow: B = 1, T = 1, B = 4, sizes all equal (there a transposed
   weight runs, and is recognised). Each dtype, layout, gradient and change in place is tried on them
   by `Exact(name, reference, cases, outputs=..., gradients=..., misconceptions=...)`, which is the check.
   `Case(label, arguments, False)` asks for no gradients: they cost more than all else, so cases that differ
   from the first in their sizes alone go without.
4. A random part writes its own check from the `Steps` of steps.py, which are asked together and kept for a
   class, and the bounds of chance.py: few calls on large tensors, each comparison's chance to reject a right
   answer below `chance.ERROR`. A part that maps names to words or shapes is a `table` (tables.py).
5. `Part(number, name, points, signature, hints, check, misconceptions)`; a lesson's points sum to 100.
6. Write solutions/NN_name/NN_name.ipynb and run tools/release_exercises.py.
7. Write tests/answers/lesson_NN_name.py: RIGHT and WRONG, at least one wrong answer a misconception. Each
   must pass or fail at twenty seeds; tests/checks/test_curriculum.py lists what the course promises to catch.
"""

from recdrop_lessons.checks.answer import Answer, AnswerError, AnswerLost, Call, LocalAnswer
from recdrop_lessons.checks.notebook import PartFailed, check
from recdrop_lessons.checks.parts import Lesson, Misconception, Outcome, Part, PartResult
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
    "all_lessons",
    "check",
    "lesson",
    "lesson_of",
    "part",
    "run",
]
