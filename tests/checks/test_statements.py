"""What an exercise says of its parts: every number of its examples is right, and no equation is printed."""

import json
import math
import re
from functools import cache
from pathlib import Path

import pytest
import torch

from recdrop_lessons.algebra import variants
from recdrop_lessons.checks import all_lessons, part
from recdrop_lessons.layers.recurrent import LSTM

ROOT = Path(__file__).resolve().parents[2]
LESSONS = {one.number: lesson.name for lesson in all_lessons() for one in lesson.parts}
PARTS = sorted(LESSONS, key=lambda number: tuple(map(int, number.split("."))))

#: Where a displayed equation stands, and why: it is not the line that is asked for.
DISPLAYED = {
    "2.4": "the quantity is defined, its value is to be worked out",
    "4.5": "an example mask",
    "5.6": "what the two given factors are factors of",
    "11.1": "the forward step, whose backward step is asked for",
    "11.3": "the forward product, whose backward one is asked for",
}


@cache
def statement(number: str) -> str:
    name = LESSONS[number]
    cells = json.loads((ROOT / "exercises" / name / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return next("".join(c["source"]) for c in cells if c["id"] == f"text_{part(number).name}")


def table(number: str) -> list[list[str]]:
    """The rows of the statement's last table, without its head; a cell without code marks."""
    lines = statement(number).replace("`", "").split("\n\n")
    rows = [block.split("\n") for block in lines if block.startswith("|")][-1]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text)]


def tensor(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("number", PARTS)
def test_a_statement_displays_no_equation_that_is_asked_for(number):
    assert number in DISPLAYED or "$$" not in statement(number)


@pytest.mark.parametrize("number", PARTS)
def test_a_docstring_says_in_words_what_is_returned(number):
    first = part(number).docstring.splitlines()[0]
    assert number in DISPLAYED or not re.search(r"=\s[^\d]|[λΣ]", first), first


def logit(p):
    return torch.special.logit(tensor(*p))


def test_one_sum_under_a_tanh():
    said = "x = (1, 2), h = 1, W = (0.1, 0.2), U = 0.3, b = 0.2. The new state is the tanh of 1, 0.762."
    assert said in statement("1.1")
    found = part("1.1").function(tensor([1, 2]), tensor([1]), tensor([0.1, 0.2]), tensor([0.3]), tensor(0.2))
    assert found.item() == pytest.approx(math.tanh(1)) == pytest.approx(0.762, abs=5e-4)


def test_three_gates_and_a_candidate():
    """All weights are 0, so the bias decides the gates."""
    assert "whose old cell is 0.5 and whose candidate is 0.8" in statement("1.2")
    zero, W = tensor([0]), torch.zeros(4, 1).double()
    for *gates, c, h in table("1.2"):
        i, f, o = map(float, gates)
        b = torch.cat([logit([i, f]), tensor(math.atanh(0.8)), logit([o])])
        found = part("1.2").function(zero, zero, tensor([0.5]), W, W, b)
        assert [each.item() for each in found] == pytest.approx([numbers(h)[0], float(c)], abs=5e-4)


def test_two_gates_and_a_candidate():
    assert "whose old state is 0.4. In the candidate's block 0.3 comes from the input" in statement("1.3")
    W = torch.zeros(3, 1).double()
    for r, z, n, h in table("1.3"):
        gates = logit([float(r), float(z)])
        b_w, b_u = torch.cat([gates, tensor(0.3)]), tensor(0, 0, 0.9)
        found = part("1.3").function(tensor([0]), tensor([0.4]), W, W, b_w, b_u)
        assert found.item() == pytest.approx(float(h), abs=5e-4)
        assert math.tanh(0.3 + float(r) * 0.9) == pytest.approx(numbers(n)[0], abs=5e-4)


def test_what_comes_out_of_dropout():
    for x, p, said in table("2.1"):
        found = part("2.1").function(torch.full((1000,), float(x)), float(p), True).unique()
        assert found.tolist() == pytest.approx(numbers(said))


def test_the_deviation_of_gaussian_noise():
    """A standard deviation of 100 000 draws is off by less than 2 %."""
    head, _, deviations = (line.split("|")[2:-1] for line in statement("2.2").split("\n\n")[-2].split("\n"))
    for p, deviation in zip(head, deviations, strict=True):
        draws = part("2.2").function(torch.ones(100_000), float(p), True, torch.Generator().manual_seed(0))
        assert draws.std().item() == pytest.approx(float(deviation), rel=0.02)


def test_a_step_backwards_by_hand():
    said = "x, h and c are 1, all weights and biases 0, so i, f and o are 0.5, g is 0 and c' is 0.5"
    assert said in statement("11.1")
    one, W = tensor([1]), torch.zeros(4, 1).double()
    for dh, dc, of_c, of_b in table("11.1"):
        gradients = part("11.1").function(
            tensor([float(dh)]), tensor([float(dc)]), one, one, one, W, W, W[:, 0], one
        )
        assert gradients[2].item() == pytest.approx(float(of_c), abs=5e-4)
        assert gradients[5].tolist() == pytest.approx(numbers(of_b), abs=5.1e-4)


def test_masks_of_one_gate_and_of_all():
    one, W = tensor([1]), tensor([1], [2], [3], [4])
    for kind, *sums in table("5.2"):
        values, found = tensor(*numbers(kind)), []
        m_x = values.reshape(-1, 1, 1) if len(values) == 4 else values.reshape(1, 1)

        def gates(a, found=found):
            found.append(a)
            return a.chunk(4, dim=-1)

        part("5.2").function(one, 0 * one, one, W, 0 * W, 0 * W[:, 0], m_x, one, gates=gates)
        assert found[0].flatten().tolist() == [float(each) for each in sums]


def zoneout_example(**how):
    """c' and h' of the example's step, which without zoneout goes from c = 1, h = 0.2 to c = 1.8, h = 0.6.

    An LSTM can do it: gates lie between 0 and 1, the candidate between -1 and 1, so |c'| is below |c| + 1.
    """
    i, f, g, o = tensor([0.9]), tensor([0.99]), tensor([0.9]), tensor([0.6]) / math.tanh(1.8)
    given = {"x": tensor([0]), "h": tensor([0.2]), "c": tensor([1]), "z_h": 0.1, "z_c": 0.25}
    given |= {"W": torch.zeros(4, 1).double(), "U": torch.zeros(4, 1).double(), "b": torch.zeros(4).double()}
    h, c = part("5.4").function(**given, gates=lambda a: (i, f, g, o), **how)
    return [pytest.approx(c.item()), pytest.approx(h.item())]


def test_zoneout_takes_the_old_value_or_the_new():
    for row in table("5.4"):
        d_c, d_h, c, h = map(float, row)
        assert zoneout_example(training=True, d_c=tensor([d_c]), d_h=tensor([d_h])) == [c, h]
    assert "With z_c = 0.25 the c' of the example is 1.6" in statement("5.4")
    assert zoneout_example(training=False)[0] == 1.6


def test_shapes_through_a_stack():
    for stack, goes_in, comes_out in table("6.1"):
        layers, shape = list(eval(f"{stack},")), eval(goes_in)
        if comes_out.startswith("("):
            assert part("6.1").function(layers, shape) == eval(comes_out)
        else:
            with pytest.raises(ValueError, match=r"\b1\b"):
                part("6.1").function(layers, shape)


def test_the_ranks_that_layers_take():
    """What the sentence says of each kind, at all ranks from 1 to 5."""
    (said,) = re.findall(r"(LSTM and Bidirectional take .* rank 3 or more)\.", statement("6.1"))
    kinds = {"LSTM": (4, True), "Bidirectional": (4, True), "RepeatVector": (4,), "Dense": (4,)}
    kinds["TimeDistributed"] = (4,)
    for kind, settings in kinds.items():
        ((least, more),) = re.findall(rf"{kind}(?: and Bidirectional)?(?: take)? rank (\d)( or more)?", said)
        for rank in range(1, 6):
            taken = rank >= int(least) if more else rank == int(least)
            layers, shape = [(kind, *settings)], (7,) * rank
            if taken:
                part("6.1").function(layers, shape)
            else:
                with pytest.raises(ValueError, match=r"\b0\b"):
                    part("6.1").function(layers, shape)
    assert statement("6.1").index("is its rank") < statement("6.1").index("rank 3")


def test_the_batch_comes_first_in_exercise_04_and_second_in_the_lessons_masks():
    name = LESSONS["4.1"]
    title = (ROOT / "exercises" / name / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "Here the batch is the first axis, unlike in the lesson's masks." in title
    assert part("4.1").function(2, 3, 5, 0.5, ()).shape == (2, 3, 5)
    masks = LSTM(5, 4, drops=variants.zaremba(0.5)).sample_masks(2, 3)
    assert masks["input"].shape == (3, 2, 5)  # time, batch, features


def test_sites_that_could_be_taken_for_each_other_are_told_apart():
    said = statement("3.3")
    assert "here the LSTM is the last recurrent layer" in said
    assert '`"between layers"` is the output of a lower recurrent layer, as the upper one reads it' in said
    assert "of the graph layer of lesson 08" in said
    assert "Write the sizes as ints, not None." in statement("4.2")


def letters(text):
    """The steps "a b _" as numbers, (3,), and how many of them are valid."""
    steps = text.replace(" ", "")
    return tensor(*map(ord, steps)), len(steps.replace("_", ""))


def test_letters_for_steps():
    assert "With `lengths` = (2, 4) and T = 4" in statement("6.2")
    steps, lengths = zip(*(letters(outputs) for _, outputs, _ in table("6.2")), strict=True)
    found = part("6.2").function(torch.stack(steps)[:, :, None], torch.tensor(lengths))
    assert lengths == (2, 4)
    assert found.flatten().tolist() == [ord(last) for *_, last in table("6.2")]

    examples = re.findall(r"`([a-e_ ]+)` becomes `([a-e_ ]+)`", statement("6.4"))
    assert len(examples) == 2
    for before, after in examples:
        steps, length = letters(before)
        found = part("6.4").function(steps[None, :, None], torch.tensor([length]))
        assert torch.equal(found.flatten(), letters(after)[0])


def test_penalties_of_blocks():
    assert "at `l2` = 0.1" in statement("7.1") and "at `l2` = 0.1" in statement("7.4")
    rows = table("7.1")
    U = torch.cat([tensor(*numbers(weights)).reshape(2, 2) for _, weights, _ in rows])  # (8, 2)
    for gate, _, penalty in rows:
        assert float(part("7.1").function(U, gate, 0.1)) == pytest.approx(float(penalty))
    assert "f's block of W holds 2, 0, 0, 0, 0, -1, and the penalty is 1.1" in statement("7.4")
    W = torch.zeros(8, 3).double()
    W[2:4] = tensor(2, 0, 0, 0, 0, -1).reshape(2, 3)
    assert float(part("7.4").function(W, U, torch.ones(8), "f", 0.1)) == pytest.approx(1.1)


def test_what_must_hold_of_layer_norms():
    """The lines of the table, one after the other."""
    random, step = torch.Generator().manual_seed(0), part("7.2").function
    B, F, H = 3, 4, 2
    sizes = {"x": (B, F), "h": (B, H), "c": (B, H), "W": (4 * H, F), "U": (4 * H, H), "b": (4 * H,)}
    sizes |= {"gain_x": (4 * H,), "gain_h": (4 * H,), "gain_c": (H,), "shift_c": (H,)}
    given = {k: torch.randn(size, generator=random, dtype=torch.float64) for k, size in sizes.items()}
    given["eps"] = 1e-12
    given["x"][:, 0] = given["h"][:, 0] = 1  # so a number added to a column of W goes into all of x Wᵀ
    h, c = step(**given)

    for name in ("W", "U"):
        torch.testing.assert_close(step(**given | {name: 10 * given[name]}), (h, c))
        added = given[name].clone()
        added[:, 0] += 3
        torch.testing.assert_close(step(**given | {name: added}), (h, c))
    i, f, g, o = given["b"].chunk(4)
    given |= {name: 0 * given[name] for name in ("gain_x", "gain_h")}
    expected = f.sigmoid() * given["c"] + i.sigmoid() * g.tanh()
    torch.testing.assert_close(step(**given)[1], expected)
    given["gain_c"] = 0 * given["gain_c"]
    h, c = step(**given)
    torch.testing.assert_close(h, (o.sigmoid() * given["shift_c"].tanh()).expand(B, H))
    torch.testing.assert_close(c, expected)


def test_two_values_under_a_norm():
    """The norm of the new cell, which the output reads: c' = c and h' = LN(c')."""
    assert "at eps = 3 the norm of (1, 3) is (-0.5, 0.5)" in statement("7.2")
    x, h, c = torch.zeros(1, 1), torch.zeros(1, 2), torch.tensor([[1.0, 3.0]])
    weights = torch.zeros(8, 1), torch.zeros(8, 2), torch.zeros(8)
    gains = torch.ones(8), torch.ones(8), torch.ones(2), torch.zeros(2)
    switches = {"gates": lambda a: (0.0, 1.0, 0.0, 1.0), "squash": lambda v: v}
    found, _ = part("7.2").function(x, h, c, *weights, *gains, 3.0, **switches)
    assert found.flatten().tolist() == [-0.5, 0.5]


def test_two_sequences_under_batch_norm():
    assert "(1, 7) and (3, 9), and eps = 15" in statement("7.3")
    x = tensor([1, 7], [3, 9])[:, :, None]  # (2, 2, 1)
    for per_step, *sequences in table("7.3"):
        found = part("7.3").function(x, eval(per_step), 15.0)
        assert found.flatten().tolist() == pytest.approx(numbers(" ".join(sequences)))


def test_coefficients_of_three_nodes():
    assert "h = (0, 1.0986, 0)" in statement("8.1") and "a_src = 1 and a_dst = 1" in statement("8.1")
    for text, coefficients in table("8.1"):
        edges = torch.tensor([[int(node) for node in edge.split("→")] for edge in text.split(", ")]).T
        found = part("8.1").function(tensor([0], [1.0986], [0]), edges, tensor(1), tensor(1), 0.2)
        expected = [eval(each) for each in coefficients.split(":")[0].split(", ")]
        assert found.tolist() == pytest.approx(expected, abs=1e-4)
    assert "makes -1 of a score of -5 at a `slope` of 0.2" in statement("8.1")
    edges, h = torch.tensor([[0, 1], [1, 1]]), tensor([-5], [0])
    found = part("8.1").function(h, edges, tensor(1), tensor(0), 0.2)
    assert (found[1] / found[0]).log().item() == pytest.approx(1)


def test_an_edge_that_needs_both_its_ends():
    """The example tells the right scores from those without the target, of the ends exchanged, and of two
    leaky ReLUs."""
    said = "with h = (0, 1.0986, -5), a_src = 2, a_dst = 1 and a `slope` of 0.5, the edges 0→2, 1→2 have the"
    assert f"{said} coefficients 0.25, 0.75" in statement("8.1")
    h, edges = tensor([0], [1.0986], [-5]), torch.tensor([[0, 1], [2, 2]])

    def found(a_src, a_dst, **how):
        return part("8.1").function(h, edges, tensor(a_src), tensor(a_dst), 0.5, **how).tolist()

    right = pytest.approx([0.25, 0.75], abs=1e-4)
    assert found(2, 1) == right
    assert found(2, 0) != right and found(1, 2) != right
    assert found(2, 1, activation=lambda score, slope: score) != right
    each = torch.nn.functional.leaky_relu(h @ tensor(2), 0.5)[edges[0]]  # what the target adds, both share
    assert each.softmax(0).tolist() != right


def test_which_coefficients_a_mask_changes():
    random = torch.Generator().manual_seed(0)
    x, W = (torch.randn(size, generator=random, dtype=torch.float64) for size in ((3, 4), (2, 4)))
    edges = torch.tensor([[0, 1, 2, 0], [2, 2, 1, 1]])
    a_src, a_dst = torch.randn(2, 2, generator=random, dtype=torch.float64)
    sizes = {"m_x": (3, 4), "m_alpha": (4,), "m_proj": (3, 2)}
    ones = {name: torch.ones(size).double() for name, size in sizes.items()}
    for name, softmax, in_sum, y in table("8.2"):
        masks = {k: v.clone() for k, v in ones.items()}
        masks[name].flatten()[0] = 0
        before, after = (
            part("8.1").function((x * m["m_x"]) @ W.T, edges, a_src, a_dst, 0.2) for m in (ones, masks)
        )
        plain, dropped = (part("8.2").function(x, edges, W, a_src, a_dst, 0.2, **m) for m in (ones, masks))
        found = (before, after), (before, after * masks["m_alpha"]), (plain, dropped)
        changed = [not torch.allclose(a, b) for a, b in found]
        assert changed == [said.startswith("change") for said in (softmax, in_sum, y)]


def test_sums_at_a_node():
    edges = torch.tensor([[0, 1], [2, 2]])
    for mask, at_node_2 in table("8.3"):
        found = part("8.3").function(tensor(0.25, 0.75), edges, tensor(*numbers(mask)), 3)
        assert found.tolist() == [0, 0, float(at_node_2)]


def test_entropies():
    whole, equal, impossible, *pairs = table("9.2")
    entropy = part("9.2").function
    assert float(entropy(tensor(numbers(whole[0])))) == numbers(whole[1])[0] == 0
    assert float(entropy(torch.full((1, 5), 0.2).double())) == pytest.approx(math.log(5))
    assert equal[1].startswith("log K")
    assert float(entropy(tensor(numbers(impossible[0])))) == float(entropy(tensor([0.5, 0.5])))
    for probabilities, value in pairs:
        assert f"{float(entropy(tensor(numbers(probabilities)))):.3f}" == value


def test_what_two_passes_disagree_about():
    for passes, value in table("9.3"):
        p = tensor(*numbers(passes)).reshape(2, 1, 2)
        found = float(part("9.3").function(p.clamp(min=1e-30).log()))
        assert found == pytest.approx(float(value), abs=5e-4)


def test_the_error_of_five_answers():
    assert "with `bins` = 4, where the error is 0.14" in statement("9.4")
    tops, right = statement("9.4").split("\n\n")[-2].split("\n")[0::2]
    tops, right = numbers(tops), [said.strip() == "yes" for said in right.split("|")[2:-1]]
    probabilities = tensor(*([top, 1 - top] for top in tops))
    labels = torch.tensor([0 if its else 1 for its in right])
    assert len(tops) == len(right) == 5
    assert part("9.4").function(probabilities, labels, 4) == pytest.approx(0.14)


def test_intervals_of_a_few_scores():
    for scores, level, *its in table("10.1"):
        found = part("10.1").function(numbers(scores), float(level))
        assert [round(one, 3) for one in found] == [float(one) for one in its]


def test_how_many_draws_are_behind_a_mask_of_messages():
    """Numbers that share a draw are alike in all of 200 masks, others by a chance below 2⁻¹⁹⁰."""
    assert "For the edges 2→0, 2→1, 0→1 and two features" in statement("12.1")
    edges = torch.tensor([[2, 2, 0], [0, 1, 1]])
    generator = torch.Generator().manual_seed(0)
    for kind, draws in table("12.1"):
        given = {"kind": kind.strip('"'), "edges": edges, "features": 2, "p": 0.5, "generator": generator}
        masks = torch.stack([part("12.1").function(**given).flatten() for _ in range(200)])
        assert len(masks.unique(dim=1).T) == int(draws)
