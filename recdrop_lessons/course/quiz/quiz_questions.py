"""The six questions of the course, with the right letter and the lesson that settles each."""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = "abcd"

UNSURE = "not sure"


@dataclass(frozen=True)
class QuizQuestion:
    """One question: its options by their letters, the right letter, why, and the lesson that settles it."""

    name: str
    text: str
    options: tuple[str, str, str, str]
    right: str
    why: str
    lesson: str


QUESTIONS = (
    QuizQuestion(
        name="keras-arguments",
        text="`keras.layers.LSTM(32, dropout=0.2, recurrent_dropout=0.2)` in training. Where does each mask "
        "act, and which paper is it?",
        options=(
            "On the input x_t and on the candidate g_t: Semeniuta, Severyn and Barth.",
            "On the output h_t sent up and on the h_t carried on: Zaremba, Sutskever and Vinyals.",
            "On the input x_t and on the cell c_t: Moon and others, RNNDrop.",
            "On x_t and on h_{t-1}, each on its way into the gates: Gal and Ghahramani.",
        ),
        right="d",
        why="`dropout` multiplies x_t and `recurrent_dropout` multiplies h_{t-1}, before the products: Gal "
        "and Ghahramani's masks, from Keras 3.8 on with one for each gate.",
        lesson="03",
    ),
    QuizQuestion(
        name="graph-attention",
        text="PyTorch Geometric's `GATConv(16, 8, dropout=0.6)`. What is dropped?",
        options=(
            "The node features that go in, as `F.dropout(x)` before the layer does.",
            "The attention coefficients after the softmax; what is left no longer sums to one.",
            "Edges before the softmax, so that what is left still sums to one.",
            "The node features that come out, as `F.dropout` after the layer does.",
        ),
        right="b",
        why="The softmax comes first, then inverted dropout of its coefficients. `F.dropout` on the "
        "features is another hyperparameter.",
        lesson="08",
    ),
    QuizQuestion(
        name="one-keras-lstm",
        text="Four sentences about Keras's LSTM. Which one is right?",
        options=(
            "`recurrent_dropout` draws a new mask at each time step.",
            "`kernel_regularizer` acts on the candidate's weights alone.",
            "`activation` is used in two places: for the candidate, and on the cell before the output gate.",
            "`recurrent_activation` is applied to the product of h_{t-1} and the recurrent kernel alone.",
        ),
        right="c",
        why="One mask serves all steps of a sequence; the regulariser sees the weights of all gates at "
        "once; and `recurrent_activation` belongs to the gates i, f and o, whose sums hold x_t too.",
        lesson="01",
    ),
    QuizQuestion(
        name="before-or-inside",
        text="Keras 3: a `Dropout(0.3)` layer before a `GRU(32)`, or `GRU(32, dropout=0.3)`. What is the "
        "difference in training?",
        options=(
            "The layer draws anew at each time step, the argument keeps its mask for the whole sequence.",
            "None: both drop elements of the input.",
            "The layer drops whole time steps, the argument drops features.",
            "The layer masks the input, the argument masks the hidden state.",
        ),
        right="a",
        why="Both sit at the same site, x_t. What differs is the sharing over time.",
        lesson="03",
    ),
    QuizQuestion(
        name="stacked",
        text="`LSTM(32)` on top of `LSTM(32)` fails: expected ndim=3, found ndim=2. What is the cause?",
        options=(
            "The two layers need different numbers of units.",
            "The first layer hands on its last step only; the second needs one vector for each step.",
            "The last layer of a stack needs `return_sequences=True`.",
            "The input has to be four-dimensional in a stack.",
        ),
        right="b",
        why="The second layer reads (batch, time, features). `return_sequences=True` on the first gives it "
        "that; `RepeatVector` is another way.",
        lesson="06",
    ),
    QuizQuestion(
        name="gaussian",
        text="`GaussianDropout(p)` in training, beside the usual inverted dropout at the same p.",
        options=(
            "It shifts the mean, because nothing is rescaled.",
            "It adds normal noise with standard deviation p.",
            "It keeps the mean, and, unlike the other, the variance of its input too.",
            "It keeps the mean, and its noise has the same variance as the other's.",
        ),
        right="d",
        why="Both multiply by noise of mean 1 and variance p/(1-p). Neither keeps the variance of the input.",
        lesson="02",
    ),
)  # fmt: skip
