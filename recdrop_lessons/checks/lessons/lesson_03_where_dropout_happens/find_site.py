"""3.4 Which site is masked?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from recdrop_lessons.checks.compare import apart
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_03_where_dropout_happens._recorded_lstm import (
    SITES,
    Pass,
    site_cases,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.taken_for import confused, taken_for

_SEEN = 1e-5  # above what rounding does, below what a mask does
Differs = Callable[[Tensor, Tensor], bool]


def _differs(a: Tensor, b: Tensor) -> bool:
    return bool(((a - b).abs() > _SEEN).any())


def _other_bits(a: Tensor, b: Tensor) -> bool:
    return not torch.equal(a, b)


def find_site(
    plain: dict[str, Tensor],
    dropped: dict[str, Tensor],
    *,
    differs: Differs = _differs,
    steps: int = 1,
    late: tuple[str, ...] = (),
) -> str:
    """The site that is masked in the second of two recorded passes of one LSTM over the same x.

    Both start at h0 = 0 and at the same c0, which has no zero entry. What no mask reaches is equal in both up
    to rounding (1e-6). What a mask changes first, it changes by more than 1e-4 somewhere; and in the first
    step a cell that is not dropped is no nearer to 0 than that.

    Args:
        plain: the pass without masks, a dict of tensors. "gates", (T, B, 4H): i, f, g, o after their
            activations and before any mask; "c", (T, B, H): the cell; "h", (T, B, H): the state as it is
            carried to the next step; "y", (T, B, H): what is sent up. T is at least 2.
        dropped: the pass with masks at one site, or without any, the same keys and shapes. Masks are 0 or 2,
            new at each step or the same at all; that of the first step drops some values and keeps some.

    Returns:
        A string: "input", "recurrent", "candidate", "cell", "hidden", "output", or "none" where the passes
        are equal.
    """

    def changed(name: str) -> bool:
        now = None if name in late else steps
        return differs(plain[name][:now], dropped[name][:now])

    if changed("gates"):
        return "input"  # h0 = 0, so the state has no part in the first gates
    if changed("c"):
        return _in_the_cell(plain, dropped)
    if changed("h"):
        return "hidden"
    if changed("y"):
        return "output"
    return "recurrent" if differs(plain["gates"], dropped["gates"]) else "none"


def _in_the_cell(plain: Pass, dropped: Pass) -> str:
    """A mask on the whole cell makes it 0 somewhere; one on the candidate leaves f∘c."""
    return "cell" if bool((dropped["c"][0].abs() < 1e-5).any()) else "candidate"


def _state_before_gates(plain: Pass, dropped: Pass) -> str:
    """Looks at y, h, c in the first step before the gates."""
    for name, site in (("y", "output"), ("h", "hidden"), ("c", "cell"), ("gates", "input")):
        if _differs(plain[name][0], dropped[name][0]):
            return site
    return find_site(plain, dropped)


def _all_steps(first: str) -> Callable[..., str]:
    def its(plain: Pass, dropped: Pass) -> str:
        found = find_site(plain, dropped, steps=len(plain["c"]))
        return first if found == "input" else found

    return its


def _seen(arguments: dict[str, Pass]) -> list[list[str]]:
    """From which step on each record differs between the passes, and one number of it."""
    plain, dropped = arguments["plain"], arguments["dropped"]
    rows = []
    for name, value in plain.items():
        places = ((value - dropped[name]).abs() > _SEEN).nonzero()  # in order, the first step first
        said = "equal at every step"
        if len(places):
            first = tuple(places[0].tolist())
            one, other = apart(float(value[first]), float(dropped[name][first]))
            where = f"{name}[{', '.join(map(str, first))}]"
            said = f"differs first at step {first[0]}, counted from 0: {where} is {one}, with masks {other}"
        rows.append([f"{name} of the two passes", said])
    return rows


MISCONCEPTIONS = (
    Misconception(
        "later-steps-compared",
        "You compare all steps at once. A change of the cell or of the state is carried on, so a later step "
        "may differ for another reason than the mask. Look at the first step, and at the second only where "
        "nothing differs in the first. (Time is the first axis.)",
        "Suppose that the mask is on the output alone, then that it is on h. Which records differ between "
        "the plain pass and the masked one in the first step, and which in the second?",
        _all_steps("input"),
        _all_steps("recurrent"),
    ),
    Misconception(
        "carried-on-taken-for-masked",
        "You take a mask on h, or on h as the gates read it, for another one. Perhaps a later step of c, h "
        "or y decides: it differs for another reason, since what was masked has been carried on. Compare c, "
        "h and y at the first step; only a mask that the gates alone read needs the second step's gates.",
        "Suppose that the mask is on h. In which step does c differ for the first time, and why?",
        *(partial(find_site, late=late) for late in (("c",), ("h",), ("y",))),
        *(taken_for(find_site, hidden=site) for site in ("candidate", "cell")),
        *(taken_for(find_site, hidden=site, recurrent=site) for site in ("candidate", "cell")),
        *(taken_for(find_site, recurrent=site) for site in ("candidate", "cell", "hidden", "output")),
    ),
    Misconception(
        "last-in-the-chain",
        "You look at y and h first. A change of the gates or of the cell reaches h and y in the same step; "
        "the site is where the change begins.",
        "Put the four recordings in the order in which one step computes them. Which of them can be equal "
        "while a later one differs?",
        _state_before_gates,
    ),
    Misconception(
        "exact-comparison",
        "You compare too strictly: a number that is rounded you take for changed. Two passes that compute "
        "the same in another order differ by rounding, up to 1e-6: compare with a tolerance between that and "
        "1e-4.",
        "In Python, compare (0.1 + 0.2) + 0.3 with 0.1 + (0.2 + 0.3). How far apart are they?",
        lambda plain, dropped: find_site(plain, dropped, differs=_other_bits),
        lambda plain, dropped: find_site(plain, dropped, differs=_other_bits, steps=len(plain["c"])),
    ),
    Misconception(
        "input-for-recurrent",
        "You confuse the input and the state. Masks on both change the gates, but h0 is 0, "
        "and a mask does nothing to a zero.",
        "What is h at the very first step? And x?",
        *confused(find_site, "input", "recurrent"),
    ),
    Misconception(
        "candidate-for-cell",
        "You confuse a mask on the candidate with one on the whole cell. The first acts on what is "
        "added, i∘g; the second also on what the cell held before, f∘c.",
        "Write the new cell as two terms. A cell value that is dropped is exactly what number, if both "
        "terms are masked, and if only one is?",
        *confused(find_site, "candidate", "cell"),
    ),
    Misconception(
        "hidden-for-output",
        "You confuse a mask on the state with one on the output. The first is carried to the next step; "
        "the second only goes up.",
        "Does h of the recording differ in the same step as y? Which of the two is what the next step reads?",
        *confused(find_site, "hidden", "output"),
    ),
    Misconception(
        "none-forgotten",
        "You name a site where the two passes are equal. Such a pass has no mask that can be seen.",
        "Ask first of all whether anything differs anywhere.",
        *(taken_for(find_site, none=site) for site in SITES if site != "none"),
    ),
    Misconception(
        "recurrent-not-found",
        "You see no mask where one acts on h as the gates read it. It leaves no trace in the first step, "
        "where h is 0; compare the second step's gates too.",
        "In the first step the state is zero. Which is the first step whose gates can feel a mask on it?",
        taken_for(find_site, recurrent="none"),
    ),
)

PART = exact_part(
    "3.4",
    find_site,
    points=30,
    hints=(
        "Follow one step in the order in which it computes: gates, cell, state, output. What comes before "
        "the masked place is equal in both passes.",
        "Look at the first step alone, where h0 = 0. Which of gates, c, h, y is the first that differs "
        "there? Compare with a tolerance.",
        "Two pairs are left. A mask on h0 = 0 does nothing in the first step. And where the cell differs: "
        "a mask on the whole cell can make it exactly 0, one on the candidate leaves f∘c0.",
    ),
    cases=site_cases,
    outputs=("the site",),
    told=False,
    evidence=_seen,
    misconceptions=MISCONCEPTIONS,
)
