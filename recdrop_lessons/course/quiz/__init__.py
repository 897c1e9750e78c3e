"""The six questions of the course as a prediction quiz, and six parallel ones at the end.

Every sitting is a new entry: none is ever overwritten. The first opening sitting counts as the prediction,
the last closing one as what was learnt.
"""

from recdrop_lessons.course.quiz.answers_kept import WHEN, QuizError, Sitting, keep, sittings
from recdrop_lessons.course.quiz.answers_shown import Comparison, QuestionSheet, asked, comparison, sheet
from recdrop_lessons.course.quiz.closing_questions import CLOSING
from recdrop_lessons.course.quiz.quiz_questions import LETTERS, QUESTIONS, UNSURE, QuizQuestion
from recdrop_lessons.course.quiz.quiz_widget import view

__all__ = [
    "CLOSING",
    "LETTERS",
    "QUESTIONS",
    "UNSURE",
    "WHEN",
    "Comparison",
    "QuestionSheet",
    "QuizError",
    "QuizQuestion",
    "Sitting",
    "asked",
    "comparison",
    "keep",
    "sheet",
    "sittings",
    "view",
]
