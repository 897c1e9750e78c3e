"""The six questions of the course as a prediction quiz: answered at the opening, asked again at the end.

Every sitting is a new entry: none is ever overwritten. The first opening sitting counts as the prediction,
the last closing one as what was learnt.
"""

from recdrop_lessons.course.quiz.answers_kept import WHEN, QuizError, Sitting, keep, sittings
from recdrop_lessons.course.quiz.answers_shown import Comparison, QuestionSheet, comparison, sheet
from recdrop_lessons.course.quiz.quiz_questions import LETTERS, QUESTIONS, UNSURE, QuizQuestion
from recdrop_lessons.course.quiz.quiz_widget import view

__all__ = [
    "LETTERS",
    "QUESTIONS",
    "UNSURE",
    "WHEN",
    "Comparison",
    "QuestionSheet",
    "QuizError",
    "QuizQuestion",
    "Sitting",
    "comparison",
    "keep",
    "sheet",
    "sittings",
    "view",
]
