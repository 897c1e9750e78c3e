"""5.6 Which method is it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.taken_for import confused, taken_for

METHODS = ("none", "cell", "gates", "candidate", "zoneout")
_ROUNDING = 5e-6


def name_method(
    f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool, *, rounding: float = 2e-5
) -> str:
    """The method that shows in the two factors of c' = kept∘c + written∘g, found in one training step.

    The factors are exact up to rounding (1e-5).

    Args:
        f: the step's forget gate, (B, H), each strictly between 0 and 1; B·H is at least 2.
        i: the step's input gate, (B, H), each strictly between 0 and 1.
        kept: the factor on the old cell c, (B, H).
        written: the factor on the candidate g, (B, H).
        gates_changed: whether f, i, g, o differ from those of the step without masks from the same x, h and
            c; a bool.

    Returns:
        A string: "none"; "cell", a mask on the whole new cell (Moon); "gates", masks that only the gates read
        (Gal, weight drop); "candidate", a mask on g (Semeniuta); or "zoneout". The rate is 0.5; masks of
        "cell" and "candidate" are scaled (0 or 2) or not (0 or 1), zoneout's is not; some values are dropped
        and some are kept.
    """
    if gates_changed:
        return "gates"
    if bool(((kept - f).abs() <= rounding).all()):
        return "none" if bool(((written - i).abs() <= rounding).all()) else "candidate"
    # where nothing is written, the old cell is kept whole, or lost as well
    blank = written.abs() <= rounding
    return "zoneout" if bool((kept[blank] > 0.5).any()) else "cell"


def factors(draw: Draw, method: str, f: Tensor, i: Tensor, scaled: bool) -> tuple[Tensor, Tensor]:
    """kept and written, each (B, H), of one step of the method."""
    m = draw.mask(*f.shape, p=0.5) / (1 if scaled else 2)  # 0 or 2, or 0 or 1
    if method == "cell":
        return m * f, m * i  # c' = m∘(f∘c + i∘g)
    if method == "candidate":
        return f, m * i  # c' = f∘c + i∘(m∘g)
    if method == "zoneout":
        d = (m > 0).double()  # c' = d∘c + (1-d)∘(f∘c + i∘g)
        return d + (1 - d) * f, (1 - d) * i
    return f, i


def method_cases(draw: Draw) -> Iterator[Case]:
    """Every method, scaled and not, exact and with rounding; where two values are all, in both shapes."""
    B, H = draw.sizes(2)
    settings = ((B, H, False), (B, H, True), (1, 2, False), (2, 1, True), (4, 4, False), (4, 9, True))
    for B, H, rounded in settings:
        kinds = [(method, scaled) for method in METHODS for scaled in (True, False)]
        for k in torch.randperm(len(kinds), generator=draw.torch).tolist():
            method, scaled = kinds[k]
            f, i = _gate(draw, B, H), _gate(draw, B, H)
            # where a gate is small, a relative tolerance of 1e-5 is less than the rounding
            f[-1, 0], i[0, -1] = draw.uniform(0.05, 0.2), draw.uniform(0.05, 0.2)
            kept, written = factors(draw, method, f, i, scaled)
            given = {"f": f, "i": i, "kept": kept, "written": written, "gates_changed": method == "gates"}
            if rounded:
                factors_found = {"kept": _rounded(draw, kept), "written": _rounded(draw, written)}
                yield Case(f"B={B}, H={H}, with rounding", given | factors_found, unrounded=given)
            else:
                yield Case(f"B={B}, H={H}", given)
    # 2·f is 1 where f is 1/2: a mask on the cell keeps the old value whole there
    f, i = torch.full((B, H), 0.5).double(), _gate(draw, B, H)
    kept, written = factors(draw, "cell", f, i, scaled=True)
    given = {"f": f, "i": i, "kept": kept, "written": written, "gates_changed": False}
    yield Case(f"B={B}, H={H}, every f is 1/2", given)


def _gate(draw: Draw, B: int, H: int) -> Tensor:
    return 0.05 + 0.9 * torch.rand(B, H, generator=draw.torch, dtype=torch.float64)


def _rounded(draw: Draw, values: Tensor) -> Tensor:
    """Each value up or down by at least half of the largest rounding."""
    far = 0.5 + 0.5 * torch.rand(values.shape, generator=draw.torch, dtype=torch.float64)
    return values + _ROUNDING * far * draw.normal(*values.shape).sign()


def _near(a: Tensor, b: Tensor | float) -> Tensor:
    return (a - b).abs() <= 2e-5


def _written_first(f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool) -> str:
    if gates_changed:
        return "gates"
    if not bool(_near(written, i).all()):
        return "candidate"
    return "none" if bool(_near(kept, f).all()) else "cell"


def _doubled(f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool) -> str:
    """Looks for what is scaled up."""
    if gates_changed:
        return "gates"
    if bool(_near(kept, 2 * f).any()):
        return "cell"
    if bool(_near(written, 2 * i).any()):
        return "candidate"
    return "zoneout" if bool(_near(kept, 1.0).any()) else "none"


def _one_is_zoneout(f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool) -> str:
    found = name_method(f, i, kept, written, gates_changed)
    return "zoneout" if found == "cell" and bool(_near(kept, 1.0).any()) else found


def _one_exactly(f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool) -> str:
    found = name_method(f, i, kept, written, gates_changed)
    return "cell" if found == "zoneout" and not bool((kept == 1).any()) else found


def _at_one_element(**unchanged: str) -> Callable[..., str]:
    """Looks at one element alone; `none="cell"`: what a factor that is as it was is taken for."""

    def its(f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool) -> str:
        found = name_method(f[:1, :1], i[:1, :1], kept[:1, :1], written[:1, :1], gates_changed)
        return unchanged.get(found, found)

    return its


def _without_flag(f: Tensor, i: Tensor, kept: Tensor, written: Tensor, gates_changed: bool) -> str:
    return name_method(f, i, kept, written, False)


MISCONCEPTIONS = (
    Misconception(
        "gates-unread",
        "You leave out gates_changed. A mask that only the gates read leaves both factors as they are: kept "
        "is f and written is i, as without any mask.",
        "Which argument have you not used? For which methods does it alone carry the evidence?",
        _without_flag,
    ),
    Misconception(
        "written-looked-at-first",
        "You look at the factor on g first. It changes under a mask on the cell and under zoneout too; what "
        "tells the three apart is what happens to the old cell.",
        "Make a table: a row for each method, the two factors as columns. Which column tells methods apart "
        "that the other does not?",
        _written_first,
    ),
    Misconception(
        "zoneout-for-cell",
        "You confuse zoneout with a mask on the cell. Both act on what is kept and on what is written; "
        "but where a mask is 0 the old cell is lost, and where zoneout acts it stays.",
        "Take one place where written is 0. What is kept there under a mask, and what under zoneout?",
        *confused(name_method, "zoneout", "cell"),
    ),
    Misconception(
        "one-is-zoneout",
        "You take a 1 in kept for zoneout. A scaled mask on the cell gives 2·f, which is 1 where f is 1/2. "
        "Look at what is kept where nothing is written.",
        "Take f = 0.5 and a mask value of 2. What is kept? Now look at written at the same place.",
        _one_is_zoneout,
    ),
    Misconception(
        "one-element",
        "You look at the first element alone. Where an unscaled mask keeps a value, and where zoneout "
        "updates, both factors are as without any mask; another element gives the method away.",
        "Take a mask (1, 0) on the cell. What are kept and written at the first value, and at the second?",
        _at_one_element(),
        _at_one_element(none="cell"),
        _at_one_element(none="zoneout"),
        _at_one_element(none="candidate"),
    ),
    Misconception(
        "cell-for-candidate",
        "You confuse Moon's and Semeniuta's methods. Moon's mask is on the whole new cell, Semeniuta's on "
        "the candidate alone.",
        "Make a table: a row for each method, the two factors as columns. Which of the two methods leaves "
        "the old cell alone?",
        taken_for(name_method, cell="candidate", candidate="cell"),
        taken_for(name_method, candidate="cell"),
    ),
    Misconception(
        "scale-expected",
        "You look for values that are scaled up. A method may leave what it keeps as it is, and then the "
        "dropped values alone show it.",
        "The text says that a mask may be scaled or not. What is the same in both cases?",
        _doubled,
    ),
    Misconception(
        "exact-comparison",
        "You compare too strictly: where a factor is rounded, you take it for changed. The factors are "
        "rounded by up to 1e-5, so compare with a tolerance above that, such as 2e-5; `==` and the defaults "
        "of `torch.isclose` are below it.",
        "Compute 0.1 + 0.2 and compare it with 0.3. By how much may a number differ from another one before "
        "your function says that the two are different?",
        lambda **given: name_method(**given, rounding=0.0),
        _one_exactly,
        lambda **given: name_method(**given, rounding=1e-7),
    ),
    Misconception(
        "none-forgotten",
        "You name a method where there is none: kept is f, written is i, and the gates are those of the step "
        "without masks.",
        "Ask first of all whether anything has changed.",
        *(taken_for(name_method, none=method) for method in METHODS[1:]),
    ),
)

PART = exact_part(
    "5.6",
    name_method,
    points=15,
    hints=(
        "Write each method's new cell as kept∘c + written∘g. Which of the two factors does its mask "
        "change, and to what?",
        "Make a table: a row for each method, and whether kept is f, whether written is i. Two methods "
        "still look alike. Which?",
        "Compare kept with f, written with i, with a tolerance. Where both are changed: what is kept of "
        "the old cell at the places where nothing is written?",
    ),
    cases=method_cases,
    outputs=("the method",),
    told=False,
    misconceptions=MISCONCEPTIONS,
)
