"""The closing quiz: for each opening question another one on the same idea, under the same name.

Who has learnt only the letters of the opening quiz gets these wrong.
"""

from __future__ import annotations

from recdrop_lessons.course.quiz.quiz_questions import QuizQuestion

CLOSING = (
    QuizQuestion(
        name="keras-arguments",
        text="An unknown LSTM drops something. Two training passes over the same input agree once the "
        "recurrent weights U are 0, and differ otherwise; equal examples get different outputs. Which method "
        "can it be?",
        options=(
            "Semeniuta, Severyn and Barth: a mask on the candidate.",
            "The half of Gal and Ghahramani's method that masks h, on its way into the gates.",
            "Moon and others: a mask on the cell.",
            "Weight drop: a mask on U, one for the batch.",
        ),
        right="b",
        why="Only a mask on h, on U or on their product is hidden by U = 0. A mask on U that the batch "
        "shares would make equal examples equal.",
        lesson="03",
    ),
    QuizQuestion(
        name="graph-attention",
        text="`GATConv(16, 8, dropout=0.5)` in training. What do the coefficients into one node sum to?",
        options=(
            "Always 1, since the softmax comes last.",
            "Always 0.5, since half of them are dropped.",
            "1 on average; in a single pass it may be more or less.",
            "Always 1 in each head, and the heads are averaged.",
        ),
        right="c",
        why="The softmax comes first. The mask has mean 1, and the kept coefficients are not renormalised.",
        lesson="08",
    ),
    QuizQuestion(
        name="one-keras-lstm",
        text="A Keras LSTM with `activation='relu'` and the default `recurrent_activation`. What can grow "
        "beyond 1?",
        options=(
            "The gates i, f and o.",
            "The gates and the candidate, but not h.",
            "The candidate alone; tanh still bounds h.",
            "The candidate, and h, since relu is also applied to the cell before the output gate.",
        ),
        right="d",
        why="`activation` has two places, the candidate and the cell on its way to h. The gates keep their "
        "sigmoid.",
        lesson="01",
    ),
    QuizQuestion(
        name="before-or-inside",
        text="Keras 3: one feature, sequences of 50 steps, `LSTM(8, dropout=0.2)`. What happens in training?",
        options=(
            "One fifth of the time steps is blank in each sequence.",
            "One fifth of the sequences is blank as a whole.",
            "Nothing: with one feature the argument has no effect.",
            "One fifth of the hidden units is 0.",
        ),
        right="b",
        why="The argument draws one number for the feature and the whole sequence. A `Dropout` layer in "
        "front draws anew at each step.",
        lesson="04",
    ),
    QuizQuestion(
        name="stacked",
        text="In PyTorch, `out, _ = lower(x)` has the shape (B, T, 32), and `upper(out[:, -1])` follows, "
        "where `upper = nn.LSTM(32, 10, batch_first=True)`. What happens?",
        options=(
            "It runs, takes the batch for the steps of one sequence, and mixes the examples.",
            "An error: three axes were expected.",
            "It runs and reads each example's last step alone, as intended.",
            "It runs and repeats the last step T times.",
        ),
        right="a",
        why="`nn.LSTM` takes two axes for one sequence without a batch. Keras would refuse.",
        lesson="06",
    ),
    QuizQuestion(
        name="gaussian",
        text="x is standard normal. What are mean and variance of x after inverted dropout with p = 0.5?",
        options=(
            "0 and 1: both are kept.",
            "0 and 0.5: half of the values is 0.",
            "0 and 2: the mean is kept, the variance is not.",
            "0.5 and 1: the scale moves the mean.",
        ),
        right="c",
        why="The noise has mean 1 and variance p/(1-p) = 1, so the variance is 1 + 1·E[x²] = 2.",
        lesson="02",
    ),
)  # fmt: skip
