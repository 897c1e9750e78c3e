"""The mistakes of any part that an exception shows, by its class and its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recdrop_lessons.checks.answer import AnswerError, Value
from recdrop_lessons.checks.general import DTYPE_CHANGED
from recdrop_lessons.checks.misconceptions import Misconception

NEEDS_CONTIGUOUS = Misconception(
    "needs-contiguous",
    "Your function works only on tensors whose elements lie in order in memory: `view` refuses any other, "
    "such as a transposed one. `reshape` and `flatten` take both.",
    "Call your function on `x.transpose(0, 1)` of a small x, and read on which line it stops.",
)
SHAPES_DO_NOT_FIT = Misconception(
    "shapes-do-not-fit",
    "A shape or a length in your function is not what one of its operations needs on this input. Write the "
    "shape of each tensor at the end of its line, and compare them with the docstring.",
    "Print the shapes just before the line that raises.",
)
UNPACKED = Misconception(
    "unpacks-another-number",
    "You unpack into more or fewer names than there are values. Of a tensor, `chunk(a, 4)` cuts axis 0 "
    "unless it is told another, and `split(a, 4)` cuts pieces *of* size 4.",
    "Print how many pieces there are, and the shape of the first.",
)
NO_SUCH_ELEMENT = Misconception(
    "element-missing",
    "You ask a list or a tuple for an element that it does not have. The first is 0, and the last is one "
    "less than the length.",
    "Print the length on the line before the one that raises, and the index.",
)
NOT_HANDLED = Misconception(
    "value-not-handled",
    "Your function has no case for one of the values that an argument may have. The docstring lists them.",
    "List the values that the docstring names for this argument, and tick those that your code asks for.",
)
NONE_NOT_HANDLED = Misconception(
    "none-not-handled",
    "A value is None where your function uses it: an argument that may be None, or what comes of a function "
    "that returns nothing. The docstring says what None stands for in an argument.",
    "Which value on the line that raises is None? Search the docstring for None, and your own functions for "
    "a `return`.",
)
TENSOR_AS_CONDITION = Misconception(
    "tensor-as-condition",
    "You use a tensor as a condition (`if d:`, `not d`, `d or …`). A tensor of several values is neither "
    "true nor false; ask `d is None`.",
    "Which line has the condition? What do you want to know there: whether the tensor is given, or what it "
    "holds?",
)
TENSOR_AS_NUMBER = Misconception(
    "tensor-as-number",
    "You use a tensor of several values as one number. The functions of `math`, `float(...)`, `.item()` and "
    "an index take a single value; torch's own functions take the tensor.",
    "Which call on the line that raises wants one number? Has torch a function of that name?",
)
BOOL_ARITHMETIC = Misconception(
    "bool-in-arithmetic",
    "You subtract or negate a tensor of bool, which PyTorch refuses. Make numbers of it first, in the dtype "
    "of the inputs: `mask.to(x.dtype)`.",
    "Print the dtype of each value on the line that raises.",
)
OTHER_DTYPE = Misconception(
    DTYPE_CHANGED.slug,
    "A tensor in your function has another dtype than an operation needs. Make new tensors with the dtype of "
    "the inputs (`torch.zeros_like(x)`, `x.new_zeros(...)`, `dtype=x.dtype`).",
    DTYPE_CHANGED.hint,
)
IN_PLACE = Misconception(
    "in-place",
    "You write into a tensor that something else still needs: an expanded view, or a value of the backward "
    "pass. Compute a new tensor instead.",
    "Look for a line that writes into a part of a tensor, such as `a[...] = …` or `a += …`. Who else reads "
    "this tensor?",
)
KIND_CONFUSED = Misconception(
    "kind-confused",
    "An operation gets a kind of value that it cannot use, such as a number for a tensor or a function that "
    "was not called. The docstring says what kind each argument is.",
    "Print type(...) of each value on the line that raises.",
)
CALLED_WRONGLY = Misconception(
    "called-wrongly",
    "You call a function with arguments that it does not take. Their number, their names or their kinds are "
    "others in its documentation.",
    "Read the call on the line that raises beside the function's documentation, argument by argument.",
)
NO_ATTRIBUTE = Misconception(
    "attribute-missing",
    "You ask a module or a value for a name that it does not have. The name may be misspelt or belong to "
    "another library, or the value is of another kind than you think.",
    "Read the name in the error letter by letter. Then print type(...) of what stands before the dot.",
)
SETUP_NOT_RUN = Misconception(
    "setup-not-run",
    "A name that the notebook's first cells define is not known yet: they have not been run since the kernel "
    "was started. Run them, then this cell again.",
    "In JupyterLab: Run → Run All Above Selected Cell. Your answer may well be right.",
)
SET_UP = ("torch", "F", "math", "statistics", "stats", "gates", "lstm_step")  # by the exercises' first cells
NOT_DEFINED = Misconception(
    "name-not-defined",
    "A name in your function has no value yet where it is used: it is misspelt, not imported, or set in one "
    "branch only.",
    "Read the name in the error letter by letter, then look for the line that should set it.",
)
DIVISION_BY_ZERO = Misconception(
    "division-by-zero",
    "On this input your function divides by zero, or takes a logarithm or a root of a number that has none.",
    "Print what you divide by, or take the logarithm or root of, on this input. What should the result be?",
)

ERRORS = tuple(
    one for one in list(globals().values()) if isinstance(one, Misconception) and one is not DTYPE_CHANGED
)

# The first pattern that is found in the text decides; None leaves the error to what else is known.
_ANY = (
    (NEEDS_CONTIGUOUS, r"view size is not compatible"),
    (TENSOR_AS_CONDITION, r"Boolean value of Tensor|truth value of an array"),
    (TENSOR_AS_NUMBER, r"only one element tensors|cannot be converted to Scalar|tensors of a single element"),
    (BOOL_ARITHMETIC, r"bool tensors? (is|are) not supported|boolean (negative|subtract)"),
    (NONE_NOT_HANDLED, r"NoneType"),
    (IN_PLACE, r"in-?place|single memory location|leaf Variable"),
)
_BY_CLASS: dict[str, tuple[tuple[Misconception | None, str], ...]] = {
    "AttributeError": ((NO_ATTRIBUTE, r"has no attribute"),),
    "TypeError": (
        # A tensor where cat wants several of them; PyTorch says so by this in 2.6, and otherwise in 2.15.
        (KIND_CONFUSED, r"(cat|concat|hstack|stack|vstack)\(\) received an invalid.*got \(Tensor\b"),
        (
            CALLED_WRONGLY,
            r"positional argument|unexpected keyword|multiple values for|invalid combination of arguments|"
            r"takes no (keyword )?arguments|takes (exactly|at (most|least))|needs an argument|"
            r"required (keyword-only )?argument|expected (at (most|least)|exactly) \d+ argument",
        ),
        (KIND_CONFUSED, ""),
    ),
}
_OTHERS: tuple[tuple[Misconception | None, str], ...] = (
    (UNPACKED, r"to unpack"),
    (NO_SUCH_ELEMENT, r"(list|tuple|string|range object)( assignment)? index out of range|pop from empty"),
    (None, r"more than 1 value per channel"),  # batch norm of a single example: no shape is wrong
    (OTHER_DTYPE, r"same dtype|scalar type|Float but found|dtype.*(float|Float|double|Double)"),
    (
        SHAPES_DO_NOT_FIT,
        r"must match|cannot be multiplied|mismatch|equal size|broadcast|invalid for input of size|"
        r"inconsistent|out of range|out of bounds|[Dd]imension|\bshapes?\b|\bsizes?\b|unflatten|longer than|"
        r"shorter than|non-empty",
    ),
)


def of_error(error: AnswerError, arguments: dict[str, Value]) -> Misconception | None:
    """The mistake that an exception shows; none where the answer itself raised it."""
    frames = error.traceback_text.strip().splitlines()  # two lines each
    if len(frames) == 2 and frames[1].lstrip().startswith("raise "):
        return None
    if error.type_name == "KeyError":
        return NOT_HANDLED if error.message in map(repr, _plain_values(arguments)) else None
    if error.type_name == "NameError" and any(f"'{name}'" in error.message for name in SET_UP):
        return SETUP_NOT_RUN
    if error.type_name in ("NameError", "UnboundLocalError"):
        return NOT_DEFINED
    if error.type_name == "ZeroDivisionError" or "math domain error" in error.message:
        return DIVISION_BY_ZERO
    for misconception, pattern in (*_ANY, *_BY_CLASS.get(error.type_name, _OTHERS)):
        if re.search(pattern, error.message):
            return misconception
    return None


def _plain_values(value: Value) -> Iterator[Value]:
    """The words and numbers in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from _plain_values(item)
    elif value is None or isinstance(value, (str, int, float)):
        yield value
