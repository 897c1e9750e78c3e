"""The questions to read, and the answers of both sittings beside what is right: as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass

from recdrop_lessons.course.marked_text import inline_html
from recdrop_lessons.course.quiz.answers_kept import Sitting, check_when, sittings
from recdrop_lessons.course.quiz.closing_questions import CLOSING
from recdrop_lessons.course.quiz.quiz_questions import LETTERS, QUESTIONS, UNSURE, QuizQuestion


@dataclass(frozen=True)
class QuestionSheet:
    """The questions of one sitting with their options, without the answers."""

    questions: tuple[QuizQuestion, ...] = QUESTIONS

    def __repr__(self) -> str:
        return "\n\n".join(
            "\n".join(
                [
                    f"{k}. {q.text}",
                    *(f"   {letter}) {o}" for letter, o in zip(LETTERS, q.options, strict=True)),
                ]
            )
            for k, q in enumerate(self.questions, 1)
        )

    def _repr_html_(self) -> str:
        # Folded, since the widget shows the same questions wherever a kernel runs.
        questions = "".join(question_html(k, question) for k, question in enumerate(self.questions, 1))
        return f"<details><summary>The questions and their options, to read</summary>{questions}</details>"


@dataclass(frozen=True)
class Comparison:
    """What was answered at the opening and at the end, beside what is right."""

    before: Sitting | None
    after: Sitting | None

    @property
    def right_before(self) -> int:
        """How many of the opening answers were right."""
        return _right(self.before, QUESTIONS)

    @property
    def right_after(self) -> int:
        """How many of the closing answers are right."""
        return _right(self.after, CLOSING)

    def _rows(self) -> list[tuple[QuizQuestion, str, str]]:
        """Each closing question, with the marked answer to its parallel at the opening and its own."""
        pairs = zip(QUESTIONS, CLOSING, strict=True)
        return [(q, _mark(_answer(self.before, o), o), _mark(_answer(self.after, q), q)) for o, q in pairs]

    def _totals(self) -> str:
        parts = [
            ("at the opening", self.before, self.right_before),
            ("at the end", self.after, self.right_after),
        ]
        return "; ".join(
            f"{name} {right} of {len(QUESTIONS)} right" if sitting else f"{name} not answered"
            for name, sitting, right in parts
        )

    def __repr__(self) -> str:
        lines = [f"{'question':18} {'opening':10} {'end':10} right"]
        lines += [
            f"{q.name:18} {before:10} {after:10} {q.right}   lesson {q.lesson}: {q.why}"
            for q, before, after in self._rows()
        ]
        return "\n".join([*lines, self._totals()])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col">{name}</th>'
            for name in ("question at the end", "opening", "end", "right", "why")
        )
        body = "".join(
            f'<tr><td style="text-align:left">{inline_html(q.text)}</td><td>{before}</td>'
            f"<td>{after}</td><td>{q.right}</td>"
            f'<td style="text-align:left">{inline_html(q.why)} (lesson {q.lesson})</td></tr>'
            for q, before, after in self._rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{self._totals()}</p>"


def asked(when: str) -> tuple[QuizQuestion, ...]:
    """The questions of the opening, or those of the end: other ones on the same ideas.

    Raises `QuizError` for another `when`.
    """
    check_when(when)
    return QUESTIONS if when == "opening" else CLOSING


def sheet(when: str = "opening") -> QuestionSheet:
    """The six questions of one sitting, to read; `view` asks them."""
    return QuestionSheet(asked(when))


def comparison() -> Comparison:
    """The first opening answers beside the last closing ones, as far as there are any."""
    before, after = sittings("opening"), sittings("closing")
    return Comparison(before[0] if before else None, after[-1] if after else None)


def _answer(sitting: Sitting | None, question: QuizQuestion) -> str:
    return sitting.answers.get(question.name, "-") if sitting else "-"


def _right(sitting: Sitting | None, questions: tuple[QuizQuestion, ...]) -> int:
    return sum(_answer(sitting, question) == question.right for question in questions)


def _mark(answer: str, question: QuizQuestion) -> str:
    """The answer with a sign that needs no colour."""
    if answer in ("-", UNSURE):
        return answer
    return f"{answer} ✔" if answer == question.right else f"{answer} ✘"


def greeting(when: str, *, before: bool) -> str:
    """What stands below the questions; `before`: they were answered once."""
    if when == "closing":
        return "<p>Your answers from the opening are shown beside these once you keep them.</p>"
    if before:
        return (
            "<p>Your first answers wait for lesson 10 and stay as they are; later ones are kept beside them. "
            "Which were right, the lessons will show.</p>"
        )
    return "<p>No answer is wrong at this point. They are kept in your own folder and nowhere else.</p>"


def question_html(number: int, question: QuizQuestion) -> str:
    options = "".join(f"<li>{inline_html(option)}</li>" for option in question.options)
    return (
        '<div style="line-height:1.5">'
        f'<p style="margin:1em 0 0.2em"><b>{number}.</b> {inline_html(question.text)}</p>'
        '<ol type="a" style="list-style:lower-alpha;margin:0 0 0.4em;padding-left:2.4em">'
        f"{options}</ol></div>"
    )
