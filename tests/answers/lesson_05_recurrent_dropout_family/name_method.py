"""Right and wrong answers to 5.6."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def near(a, b, at=1.5e-5):
    return (a - b).abs() <= at


@bank.right
def factor_by_factor(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if near(kept, f).all():
        return "none" if near(written, i).all() else "candidate"
    return "cell" if near(kept, 0).any() else "zoneout"


@bank.right
def by_what_each_would_give(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    lost, as_ever = near(kept, 0) & near(written, 0), near(kept, f) & near(written, i)
    if as_ever.all():
        return "none"
    if (as_ever | (near(kept, 1) & near(written, 0))).all():
        return "zoneout"
    if near(kept, f).all():
        return "candidate"
    return "cell" if lost.any() else "zoneout"


def replaced(slug, **names):
    @bank.wrong(slug)
    def renamed(f, i, kept, written, gates_changed):
        found = factor_by_factor(f, i, kept, written, gates_changed)
        return names.get(found, found)


replaced("zoneout-for-cell", zoneout="cell")
replaced("cell-for-candidate", cell="candidate", candidate="cell")
replaced("none-forgotten", none="gates")
replaced(None, zoneout="Zoneout")


@bank.wrong("gates-unread")
def without_the_flag(f, i, kept, written, gates_changed):
    return factor_by_factor(f, i, kept, written, False)


@bank.wrong("written-looked-at-first")
def from_the_right(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if not near(written, i).all():
        return "candidate"
    return "none" if near(kept, f).all() else "cell"


@bank.wrong("scale-expected")
def looks_for_two(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if near(kept, 2 * f).any():
        return "cell"
    if near(written, 2 * i).any():
        return "candidate"
    return "zoneout" if near(kept, 1).any() else "none"


@bank.wrong("exact-comparison")
def last_bit(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if torch.equal(kept, f):
        return "none" if torch.equal(written, i) else "candidate"
    return "zoneout" if (kept[written == 0] > 0).any() else "cell"


@bank.wrong("changes-input")
def subtracts_in_place(f, i, kept, written, gates_changed):
    found = factor_by_factor(f, i, kept, written, gates_changed)
    kept -= f
    return found


@bank.wrong("one-is-zoneout")
def kept_one_any(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if ((kept - 1).abs() < 1e-4).any():
        return "zoneout"
    same_kept = ((kept - f).abs() < 1e-4).all()
    same_written = ((written - i).abs() < 1e-4).all()
    if same_kept and same_written:
        return "none"
    return "candidate" if same_kept else "cell"


@bank.wrong("exact-comparison")
def a_one_to_the_last_bit(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if torch.allclose(kept, f, atol=1e-4):
        return "none" if torch.allclose(written, i, atol=1e-4) else "candidate"
    blank = written.abs() < 1e-4
    return "zoneout" if (kept[blank] == 1).any() else "cell"


@bank.wrong("exact-comparison")
def isclose_as_it_is(f, i, kept, written, gates_changed):
    """The defaults of torch.isclose, 1e-5 relative and 1e-8 absolute."""
    if gates_changed:
        return "gates"
    if torch.isclose(kept, f).all():
        return "none" if torch.isclose(written, i).all() else "candidate"
    lost = torch.isclose(kept, torch.zeros_like(kept)) & torch.isclose(written, torch.zeros_like(written))
    return "cell" if lost.any() else "zoneout"


@bank.wrong("exact-comparison")
def equal_and_the_rest_is_none(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if ((kept == 1) & (written == 0)).any():
        return "zoneout"
    if ((kept == 0) & (written == 0)).any():
        return "cell"
    if (kept == f).all() and (written == 0).any():
        return "candidate"
    return "none"


@bank.wrong("exact-comparison")
def equal_and_nothing_for_the_rest(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if (kept == f).all() and (written == i).all():
        return "none"
    if (kept == f).all():
        return "candidate"
    if ((kept == 0) & (written == 0)).any():
        return "cell"
    if ((kept == 1) & (written == 0)).any():
        return "zoneout"


@bank.wrong("exact-comparison")
def a_tolerance_of_a_millionth(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    if near(kept, f, 1e-6).all():
        return "none" if near(written, i, 1e-6).all() else "candidate"
    return "zoneout" if near(kept, 1, 1e-6).any() and not near(kept, 0, 1e-6).any() else "cell"
