"""Right and wrong answers to 3.4."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def other(a, b):
    return not torch.allclose(a, b, rtol=0, atol=3e-6)


def first_that_differs(plain, dropped, other=other, last=1):
    names = ("gates", "c", "h", "y")
    return next((n for n in names if other(plain[n][:last], dropped[n][:last])), None)


def verdict(plain, dropped, other=other, last=1):
    match first_that_differs(plain, dropped, other, last):
        case "gates":
            return "input"
        case "c":
            return "cell" if (dropped["c"][0] == 0).any() else "candidate"
        case "h":
            return "hidden"
        case "y":
            return "output"
    return "recurrent" if other(plain["gates"], dropped["gates"]) else "none"


@bank.right
def in_order(plain, dropped):
    return verdict(plain, dropped)


@bank.right
def by_the_second_step(plain, dropped):
    first = {n: (plain[n][0] - dropped[n][0]).abs().max().item() > 1e-5 for n in plain}
    if first["gates"]:
        return "input"
    if first["c"]:
        i, _, g, _ = plain["gates"][0].chunk(4, -1)
        held = plain["c"][0] - i * g  # f∘c0
        added = dropped["c"][0] - held  # 0 or 2i∘g under a mask on the candidate
        fits = (added.abs() < 1e-5) | ((added - 2 * i * g).abs() < 1e-5)
        return "candidate" if fits.all() else "cell"
    if first["h"]:
        return "hidden"
    if first["y"]:
        return "output"
    return "recurrent" if (plain["gates"][1] - dropped["gates"][1]).abs().max() > 1e-5 else "none"


@bank.right
def by_the_factor(plain, dropped):
    found = verdict(plain, dropped)
    if found not in ("cell", "candidate"):
        return found
    factor = dropped["c"][0] / plain["c"][0]
    whole = torch.isclose(factor, torch.zeros_like(factor), atol=1e-4)
    whole |= torch.isclose(factor, torch.full_like(factor, 2.0), atol=1e-4)
    return "cell" if whole.all() else "candidate"


@bank.wrong("later-steps-compared")
def the_whole_pass(plain, dropped):
    return verdict(plain, dropped, last=None)


@bank.wrong("later-steps-compared")
def gates_are_recurrent(plain, dropped):
    found = verdict(plain, dropped, last=None)
    return "recurrent" if found == "input" else found


def _anywhere(name, plain, dropped, last=None):
    return other(plain[name][:last], dropped[name][:last])


@bank.wrong("carried-on-taken-for-masked")
def cell_and_state_at_any_step(plain, dropped):
    if _anywhere("gates", plain, dropped, 1):
        return "input"
    if _anywhere("c", plain, dropped):
        return "cell" if (dropped["c"] == 0).any() else "candidate"
    if _anywhere("h", plain, dropped):
        return "hidden"
    return "output" if _anywhere("y", plain, dropped) else "none"


@bank.wrong("carried-on-taken-for-masked")
def cell_at_any_step(plain, dropped):
    """Gates at the first two steps, all else at any."""
    first = any(_anywhere(name, plain, dropped, 1) for name in ("gates", "c", "h", "y"))
    if not first and _anywhere("gates", plain, dropped, 2):
        return "recurrent"
    return cell_and_state_at_any_step(plain, dropped)


@bank.wrong("carried-on-taken-for-masked")
def state_at_any_step(plain, dropped):
    found = verdict(plain, dropped)
    late = found == "recurrent" and _anywhere("h", plain, dropped)
    return "hidden" if late else found


@bank.wrong("last-in-the-chain")
def output_first(plain, dropped):
    for name, site in (("y", "output"), ("h", "hidden"), ("c", "cell"), ("gates", "input")):
        if other(plain[name][0], dropped[name][0]):
            return site
    return verdict(plain, dropped)


@bank.wrong("exact-comparison")
def last_bit(plain, dropped):
    return verdict(plain, dropped, other=lambda a, b: bool((a != b).any()))


@bank.wrong("exact-comparison")
def last_bit_at_the_end(plain, dropped):
    """A tolerance everywhere but in the last question."""
    found = verdict(plain, dropped)
    equal = torch.equal(plain["gates"], dropped["gates"])
    return "recurrent" if found == "none" and not equal else found


def mistaken(slug, **names):
    @bank.wrong(slug)
    def renamed(plain, dropped):
        found = verdict(plain, dropped)
        return names.get(found, found)


mistaken("input-for-recurrent", input="recurrent", recurrent="input")
mistaken("candidate-for-cell", candidate="cell")
mistaken("candidate-for-cell", candidate="cell", cell="candidate")
mistaken("hidden-for-output", hidden="output")
mistaken("none-forgotten", none="recurrent")
mistaken("recurrent-not-found", recurrent="none")
mistaken(None, none="None")


@bank.wrong()
def always_the_same(plain, dropped):
    return "cell"


@bank.wrong("changes-input")
def subtracts_in_place(plain, dropped):
    found = verdict(plain, dropped)
    dropped["c"] -= plain["c"]
    return found
