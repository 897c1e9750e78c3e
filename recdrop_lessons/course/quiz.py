"""The six questions of the course as a prediction quiz: answered at the opening, asked again at the end.

Answers are kept in the learner's own folder (see `progress`). Every sitting is a new entry: none is ever
overwritten. The first opening sitting counts as the prediction, the last closing one as what was learnt.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recdrop_lessons.course import progress
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need

WHEN = ("opening", "closing")
LETTERS = "abcd"
UNSURE = "not sure"


class QuizError(RecdropError):
    """An answer that is none of the letters, or a question that the quiz does not ask."""


@dataclass(frozen=True)
class Question:
    """One question: its options by their letters, the right letter, why, and the lesson that settles it."""

    name: str
    text: str
    options: tuple[str, str, str, str]
    right: str
    why: str
    lesson: str


QUESTIONS = (
    Question(
        "keras-arguments",
        "`keras.layers.LSTM(32, dropout=0.2, recurrent_dropout=0.2)` in training. Where does each mask act, "
        "and which paper is it?",
        (
            "On the input x_t and on the candidate g_t: Semeniuta, Severyn and Barth.",
            "On the output h_t sent up and on the h_t carried on: Zaremba, Sutskever and Vinyals.",
            "On the input x_t and on the cell c_t: Moon and others, RNNDrop.",
            "On x_t and on h_{t-1}, each on its way into the gates: Gal and Ghahramani.",
        ),
        "d",
        "`dropout` multiplies x_t and `recurrent_dropout` multiplies h_{t-1}, before the products: Gal "
        "and Ghahramani's masks, here with one for each gate.",
        "03",
    ),
    Question(
        "graph-attention",
        "PyTorch Geometric's `GATConv(16, 8, dropout=0.6)`. What is dropped?",
        (
            "The node features that go in, as `F.dropout(x)` before the layer does.",
            "The attention coefficients after the softmax; what is left no longer sums to one.",
            "Edges before the softmax, so that what is left still sums to one.",
            "The node features that come out, as `F.dropout` after the layer does.",
        ),
        "b",
        "The softmax comes first, then inverted dropout of its coefficients. `F.dropout` on the features is "
        "another hyperparameter.",
        "08",
    ),
    Question(
        "one-keras-lstm",
        "Four sentences about Keras's LSTM. Which one is right?",
        (
            "`recurrent_dropout` draws a new mask at each time step.",
            "`kernel_regularizer` acts on the candidate's weights alone.",
            "`activation` is used in two places: for the candidate, and on the cell before the output gate.",
            "`recurrent_activation` is applied to the product of h_{t-1} and the recurrent kernel alone.",
        ),
        "c",
        "One mask serves all steps of a sequence; the regulariser sees the weights of all gates at once; and "
        "`recurrent_activation` belongs to the gates i, f and o, whose sums hold x_t too.",
        "01",
    ),
    Question(
        "before-or-inside",
        "Keras: a `Dropout(0.3)` layer before a `GRU(32)`, or `GRU(32, dropout=0.3)`. What is the difference "
        "in training?",
        (
            "The layer draws anew at each time step, the argument keeps its mask for the whole sequence.",
            "None: both drop elements of the input.",
            "The layer drops whole time steps, the argument drops features.",
            "The layer masks the input, the argument masks the hidden state.",
        ),
        "a",
        "Both sit at the same site, x_t. What differs is the sharing over time.",
        "03",
    ),
    Question(
        "stacked",
        "`LSTM(32)` on top of `LSTM(32)` fails: expected ndim=3, found ndim=2. What is the cause?",
        (
            "The two layers need different numbers of units.",
            "The first layer hands on its last step only; the second needs one vector for each step.",
            "The last layer of a stack needs `return_sequences=True`.",
            "The input has to be four-dimensional in a stack.",
        ),
        "b",
        "The second layer reads (batch, time, features). `return_sequences=True` on the first gives it that; "
        "`RepeatVector` is another way.",
        "06",
    ),
    Question(
        "gaussian",
        "`GaussianDropout(p)` in training, beside the usual inverted dropout at the same p.",
        (
            "It shifts the mean, because nothing is rescaled.",
            "It adds normal noise with standard deviation p.",
            "It keeps the mean, and, unlike the other, the variance of its input too.",
            "It keeps the mean, and its noise has the same variance as the other's.",
        ),
        "d",
        "Both multiply by noise of mean 1 and variance p/(1-p). Neither keeps the variance of the input.",
        "02",
    ),
)  # fmt: skip


# --- kept, and never overwritten ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Sitting:
    """One time the quiz was answered: opening or closing, the moment in UTC, a letter for each question."""

    when: str
    at: str
    answers: Mapping[str, str]


def keep(when: str, answers: Mapping[str, str]) -> Sitting:
    """Keep the answers of one sitting, beside all earlier ones.

    `when`: "opening" or "closing". `answers`: a letter from a to d, or "not sure", for each question's name.
    Raises `QuizError` for a question left out or unknown, or an answer that is neither.
    """
    _check_when(when)
    names = [question.name for question in QUESTIONS]
    for name in answers:
        if name not in names:
            raise QuizError(f"The quiz has no question {name!r}; it has {', '.join(map(repr, names))}.")
    for name in names:
        if answers.get(name) not in (*LETTERS, UNSURE):
            raise QuizError(
                f"The answer to {name!r} was {answers.get(name)!r}; expected one of "
                f"{', '.join(map(repr, LETTERS))}, or {UNSURE!r}."
            )
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    sitting = Sitting(when, moment, {name: answers[name] for name in names})
    progress.keep(f"quiz {when} {moment}", {"when": when, "at": moment, "answers": dict(sitting.answers)})
    return sitting


def sittings(when: str) -> list[Sitting]:
    """All sittings that were kept, in the order of time. One that this version cannot read is passed over."""
    _check_when(when)
    found = []
    for name, value in progress.load()["kept"].items():
        if name.startswith(f"quiz {when} ") and _is_sitting(value):
            found.append(Sitting(when, value["at"], value["answers"]))
    return sorted(found, key=lambda sitting: sitting.at)


def _is_sitting(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("at"), str)
        and isinstance(value.get("answers"), dict)
        and all(isinstance(part, str) for part in itertools.chain(*value["answers"].items()))
    )


def _check_when(when: str) -> None:
    if when not in WHEN:
        raise QuizError(f"when was {when!r}; expected 'opening' or 'closing'.")


# --- what is shown ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """The questions with their options, without the answers."""

    def __repr__(self) -> str:
        return "\n\n".join(
            "\n".join(
                [
                    f"{k}. {q.text}",
                    *(f"   {letter}) {o}" for letter, o in zip(LETTERS, q.options, strict=True)),
                ]
            )
            for k, q in enumerate(QUESTIONS, 1)
        )

    def _repr_html_(self) -> str:
        # Folded, since the widget shows the same questions wherever a kernel runs.
        questions = "".join(_html_question(k, question) for k, question in enumerate(QUESTIONS, 1))
        return f"<details><summary>The questions and their options, to read</summary>{questions}</details>"


@dataclass(frozen=True)
class Comparison:
    """What was answered at the opening and at the end, beside what is right."""

    before: Sitting | None
    after: Sitting | None

    @property
    def right_before(self) -> int:
        """How many of the opening answers were right."""
        return _right(self.before)

    @property
    def right_after(self) -> int:
        """How many of the closing answers are right."""
        return _right(self.after)

    def _rows(self) -> list[tuple[Question, str, str]]:
        return [(q, _answer(self.before, q), _answer(self.after, q)) for q in QUESTIONS]

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
            f"{q.name:18} {_mark(before, q):10} {_mark(after, q):10} {q.right}   lesson {q.lesson}: {q.why}"
            for q, before, after in self._rows()
        ]
        return "\n".join([*lines, self._totals()])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col">{name}</th>' for name in ("question", "opening", "end", "right", "why")
        )
        body = "".join(
            f'<tr><td style="text-align:left">{_inline(q.text)}</td><td>{_mark(before, q)}</td>'
            f"<td>{_mark(after, q)}</td><td>{q.right}</td>"
            f'<td style="text-align:left">{_inline(q.why)} (lesson {q.lesson})</td></tr>'
            for q, before, after in self._rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{self._totals()}</p>"


def sheet() -> Sheet:
    """The six questions, to read; `view` asks them."""
    return Sheet()


def comparison() -> Comparison:
    """The first opening answers beside the last closing ones, as far as there are any."""
    before, after = sittings("opening"), sittings("closing")
    return Comparison(before[0] if before else None, after[-1] if after else None)


def _answer(sitting: Sitting | None, question: Question) -> str:
    return sitting.answers.get(question.name, "-") if sitting else "-"


def _right(sitting: Sitting | None) -> int:
    return sum(_answer(sitting, question) == question.right for question in QUESTIONS)


def _mark(answer: str, question: Question) -> str:
    """The answer with a sign that needs no colour."""
    if answer in ("-", UNSURE):
        return answer
    return f"{answer} ✔" if answer == question.right else f"{answer} ✘"


def _inline(text: str) -> str:
    """Plain text with `code` and subscripts (x_t, h_{t-1}) as HTML."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        f"<code>{html.escape(part[1:-1])}</code>"
        if part.startswith("`")
        else re.sub(r"\b([xhcg])_(?:\{([^}]+)\}|(\w))", r"<i>\1</i><sub>\2\3</sub>", html.escape(part))
        for part in parts
    )


def _html_question(number: int, question: Question) -> str:
    options = "".join(f"<li>{_inline(option)}</li>" for option in question.options)
    return (
        '<div style="line-height:1.5">'
        f'<p style="margin:1em 0 0.2em"><b>{number}.</b> {_inline(question.text)}</p>'
        f'<ol type="a" style="margin:0 0 0.4em;padding-left:2.4em">{options}</ol></div>'
    )


# --- the widget ---------------------------------------------------------------------------------------------


def view(when: str = "opening") -> Any:
    """The quiz as a widget: one row of letters a question, and a button that keeps the answers.

    Raises `QuizError` for another `when`, `ImportError` where ipywidgets is not installed.
    """
    _check_when(when)
    widgets = need("ipywidgets", "ipywidgets")
    choices = {
        question.name: widgets.ToggleButtons(
            options=[*LETTERS, UNSURE],
            value=None,
            style={"button_width": "6em"},
            tooltips=[*question.options, "an honest answer too"],
        )
        for question in QUESTIONS
    }
    button = widgets.Button(description="Keep my answers", button_style="primary", layout={"width": "12em"})
    message = widgets.HTML(_greeting(when))

    def on_click(_: Any) -> None:
        missing = [str(k) for k, q in enumerate(QUESTIONS, 1) if choices[q.name].value is None]
        if missing:
            message.value = (
                f"<p>Still open: question {', '.join(missing)}. Choose a letter, or “{UNSURE}”.</p>"
            )
            return
        try:
            keep(when, {name: choice.value for name, choice in choices.items()})
        except OSError as error:
            message.value = (
                f"<p>The answers could not be kept: {html.escape(str(error))}. Is the folder writable?</p>"
            )
            return
        message.value = (
            comparison()._repr_html_() if when == "closing" else f"<p>Kept. {_greeting(when, kept=True)}</p>"
        )

    button.on_click(on_click)
    rows = [
        widgets.VBox([widgets.HTML(_html_question(k, question)), choices[question.name]])
        for k, question in enumerate(QUESTIONS, 1)
    ]
    return widgets.VBox([*rows, button, message], layout={"max_width": "48em"})


def _greeting(when: str, *, kept: bool = False) -> str:
    """What stands below the questions before, and after, the answers are kept."""
    if when == "closing":
        return "<p>Your answers from the opening are shown beside these once you keep them.</p>"
    if kept or sittings("opening"):
        return (
            "Your first answers wait for lesson 10 and stay as they are; later ones are kept beside them. "
            "Which were right, the lessons will show."
        )
    return "<p>No answer is wrong at this point. They are kept in your own folder and nowhere else.</p>"
