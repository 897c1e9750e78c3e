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


# Decided from the first element, by somebody who had not read the check.


@bank.wrong("one-element")
def first_number_by_item(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    tol = 2e-5
    f0 = f[0, 0].item()
    i0 = i[0, 0].item()
    k0 = kept[0, 0].item()
    w0 = written[0, 0].item()
    kept_same = abs(k0 - f0) < tol
    written_same = abs(w0 - i0) < tol
    if kept_same and written_same:
        return "none"
    if kept_same:
        return "candidate"  # only the factor on g has changed
    if abs(k0 - 1) < tol and abs(w0) < tol:
        return "zoneout"
    return "cell"


@bank.wrong("one-element")
def first_number_zoneout_before_all(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"

    f, i, k, w = (t.flatten()[0] for t in (f, i, kept, written))

    def same(a, b):
        return torch.isclose(a, b, rtol=0.0, atol=2e-5)

    # zoneout: the old cell goes on as it is, nothing is written
    if same(k, torch.ones_like(k)) and same(w, torch.zeros_like(w)):
        return "zoneout"
    # a mask on the whole cell changes the forget factor, a mask on g does not
    if not same(k, f):
        return "cell"
    if not same(w, i):
        return "candidate"
    return "none"


@bank.wrong("one-element")
def first_number_cell_before_all(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"
    eps = 2e-5
    forget, inp, a, b = float(f[0][0]), float(i[0][0]), float(kept[0][0]), float(written[0][0])

    # the mask on c' multiplies both factors
    if (abs(a) <= eps and abs(b) <= eps) or (abs(a - 2 * forget) <= eps and abs(b - 2 * inp) <= eps):
        return "cell"
    # the mask on g multiplies only the second
    elif abs(a - forget) <= eps and (abs(b) <= eps or abs(b - 2 * inp) <= eps):
        return "candidate"
    elif abs(a - 1) <= eps and abs(b) <= eps:
        return "zoneout"
    else:
        return "none"


@bank.wrong("one-element")
def first_number_unchanged_is_a_kept_cell(f, i, kept, written, gates_changed):
    if gates_changed:
        return "gates"

    def close(x, y):
        return bool((x - y).abs() < 2e-5)

    f0, i0, k0, w0 = f[0, 0], i[0, 0], kept[0, 0], written[0, 0]

    # mask values: 0 or 1 without scale, 0 or 2 with scale
    for m in (0.0, 1.0, 2.0):
        if close(k0, m * f0) and close(w0, m * i0):
            return "cell"
    for m in (0.0, 1.0, 2.0):
        if close(k0, f0) and close(w0, m * i0):
            return "candidate"
    if close(k0, torch.ones_like(k0)) and close(w0, torch.zeros_like(w0)):
        return "zoneout"
    return "none"


@bank.wrong("one-element")
def first_number_unchanged_is_an_update(f, i, kept, written, gates_changed):
    if gates_changed is True or gates_changed:
        return "gates"
    f = f.reshape(-1)[0].item()
    i = i.reshape(-1)[0].item()
    c_factor = kept.reshape(-1)[0].item()
    g_factor = written.reshape(-1)[0].item()

    def at(pairs):
        return any(abs(c_factor - p) < 2e-5 and abs(g_factor - q) < 2e-5 for p, q in pairs)

    # zoneout: either the old value (1, 0) or the new one (f, i)
    if at([(1.0, 0.0), (f, i)]):
        return "zoneout"
    # candidate: kept is f, written is 0 or 2i
    if at([(f, 0.0), (f, 2 * i)]):
        return "candidate"
    # cell: the same mask value on both
    if at([(0.0, 0.0), (2 * f, 2 * i)]):
        return "cell"
    return "none"
