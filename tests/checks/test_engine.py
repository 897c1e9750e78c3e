"""The engine under the checks: what an answer is given, how two values are compared, what a report shows."""

import json
import math

import pytest
import torch

from recdrop_lessons.checks import (
    Answer,
    AnswerError,
    AnswerLost,
    LocalAnswer,
    Misconception,
    PartFailed,
    Report,
    Status,
    all_lessons,
    check,
    part,
    run,
)
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import apart, compare, same, unchanged
from recdrop_lessons.checks.draw import Draw, as_dtype, non_contiguous
from recdrop_lessons.checks.exact import Exact, _prepare
from recdrop_lessons.checks.general import EDGE_CASE
from recdrop_lessons.checks.recognise import general, see

# ---------------------------------------------------------------- the answer


def test_the_answer_sees_copies_with_the_same_strides():
    given = non_contiguous(torch.arange(12.0).reshape(3, 4))
    before = given.clone()

    def spoil(x):
        strides = x.stride()
        x.zero_()
        return list(strides)

    call = LocalAnswer(spoil).inspect({"x": given})
    assert call.value == list(given.stride())
    assert torch.equal(given, before)
    assert torch.equal(call.arguments["x"], torch.zeros(3, 4))


def test_an_expanded_tensor_stays_expanded():
    given = torch.ones(1, 4).expand(3, 4)
    assert LocalAnswer(lambda x: x.stride())(x=given) == (0, 1)


def test_a_generator_is_advanced_by_the_call():
    ours, reference = (torch.Generator().manual_seed(3) for _ in range(2))
    drawn = LocalAnswer(lambda g: torch.rand(2, generator=g))(g=ours)
    assert torch.equal(drawn, torch.rand(2, generator=reference))
    assert torch.equal(ours.get_state(), reference.get_state())


def test_gradients_are_vector_jacobian_products():
    def answer(x, layers):
        return x * layers[0][1], (x**2).sum(), torch.ones(2)

    x, w, unused = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.ones(2)
    cotangent = (torch.tensor([1.0, 10.0]), torch.tensor(0.5), torch.ones(2))
    given = {"x": x, "layers": [(unused, w)]}
    found = LocalAnswer(answer).gradients(given, ["x", "layers.0.1", "layers.0.0"], cotangent)
    assert torch.equal(found["x"], torch.tensor([3.0 + 1.0, 40.0 + 2.0]))
    assert torch.equal(found["layers.0.1"], torch.tensor([1.0, 20.0]))
    assert found["layers.0.0"] is None
    assert not x.requires_grad


def test_gradients_of_an_answer_that_cuts_them_are_none():
    assert LocalAnswer(lambda x: x.detach()).gradients({"x": torch.ones(2)}, ["x"], torch.ones(2)) == {
        "x": None
    }


@pytest.mark.parametrize(
    "value", [object(), torch.ones(2, dtype=torch.float16), {1, 2}, [[[[[[[[[[0]]]]]]]]]]]
)
def test_a_value_of_no_base_type_is_refused(value):
    with pytest.raises(AnswerError) as caught:
        LocalAnswer(lambda: value)()
    assert caught.value.type_name in ("no base type", "another dtype")
    assert caught.value.message.startswith(("You return a ", "What you return holds a "))


def test_what_an_answer_raises_arrives_as_plain_text():
    def answer(x):
        raise KeyError("tanh")

    with pytest.raises(AnswerError) as caught:
        LocalAnswer(answer)(x=1)
    assert caught.value.type_name == "KeyError"
    assert caught.value.message == "'tanh'"
    assert "raise KeyError" in caught.value.traceback_text


def test_an_answer_that_exits_does_not_take_the_notebook_with_it():
    with pytest.raises(AnswerError, match="SystemExit"):
        LocalAnswer(lambda: exit(3))()


# ---------------------------------------------------------------- comparing


def test_comparing_names_the_first_place_that_differs():
    right = (torch.zeros(2, 3), torch.zeros(2, 3))
    yours = (torch.zeros(2, 3), torch.zeros(2, 3))
    yours[1][1, 2] = 0.5
    found = compare(yours, right, ("h'", "c'"), 1e-9)
    assert (found.reason, found.output, found.index) == ("value", "c'", (1, 2))
    assert found.sentence == "c' differs in 1 of 6 places, first c'[1, 2]: yours 0.5, right 0."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("the coefficients", "the coefficients differ in 1 of 2"),
        ("last states", "last states differ in"),
        ("the entropy", "the entropy differs in"),
        ("its test loss", "its test loss differs in"),
        ("h'", "h' differs in"),
    ],
)
def test_the_verb_goes_with_the_name_of_the_output(name, said):
    right = torch.zeros(2)
    assert compare(torch.tensor([0.0, 1.0]), right, (name,), 1e-9).sentence.startswith(said)
    has = f"{name} have" if " differ " in said else f"{name} has"
    assert compare(torch.zeros(3), right, (name,), 1e-9).sentence.startswith(f"{has} shape")
    assert compare(right.double(), right, (name,), 1e-9, right.dtype).sentence.startswith(f"{has} dtype")


@pytest.mark.parametrize(
    ("yours", "right", "reason"),
    [
        (torch.zeros(3), torch.zeros(3, 1), "shape"),
        (torch.tensor([float("nan")]), torch.zeros(1), "not finite"),
        (torch.tensor([float("inf")]), torch.zeros(1), "not finite"),
        (torch.zeros(1), torch.full((1,), float("nan")), "value"),
        (float("nan"), 0.5, "not finite"),
        (None, torch.zeros(1), "kind"),
        (torch.zeros(()), 0.0, "kind"),
        (True, 1.0, "kind"),
        ((1, 2), (1, 2, 3), "length"),
        ("input", "output", "value"),
        (2.0, 2, "kind"),
        (0.1, 0.1 + 1e-6, "value"),
    ],
)
def test_differences(yours, right, reason):
    assert compare(yours, right, ("y",), 1e-9).reason == reason
    assert not same(yours, right, 1e-9)


@pytest.mark.parametrize(
    ("yours", "right"),
    [
        ([torch.ones(2), 1], (torch.ones(2), 1)),
        (1, 1.0),
        (0.1, 0.1 + 1e-12),
        (torch.tensor([1e6 + 1e-4], dtype=torch.float64), torch.tensor([1e6], dtype=torch.float64)),
        (torch.tensor([float("inf")]), torch.tensor([float("inf")])),
        (torch.zeros(0), torch.zeros(0)),
    ],
)
def test_what_passes_for_the_same(yours, right):
    assert compare(yours, right, ("y",), 1e-9) is None


def test_a_dtype_is_wrong_where_one_is_asked_for():
    found = compare(torch.zeros(2), torch.zeros(2, dtype=torch.float64), ("y",), 1e-9, torch.float64)
    assert found.reason == "dtype"
    assert "float32" in found.sentence


def test_zeros_are_no_result_of_an_earlier_call():
    """That the right value of an earlier case was 0 up to rounding says nothing about an answer of zeros."""
    scales = (1.0, 2.0, 1e-17, 3.0)
    cases = [Case(f"scale {scale}", {"x": scale * torch.rand(3).double() + 0}) for scale in scales]

    def zeros_at_the_edge(x):
        return torch.zeros_like(x) if x.max() > 2 or x.max() < 1e-9 else x

    cases[3].arguments["x"][0] = 2.5
    seen = see(LocalAnswer(zeros_at_the_edge), lambda x: x, cases)
    assert general(LocalAnswer(zeros_at_the_edge), seen) is EDGE_CASE


def test_a_mistake_that_gives_nan_is_recognised_by_it():
    def overflows(x):
        return x.exp() / x.exp().sum()

    def cases(draw):
        yield Case("plain", {"x": draw.normal(4)})
        yield Case("extreme", {"x": torch.tensor([1e4, -1e4, 0.0], dtype=torch.float64)})

    overflow = Misconception("overflow", "It overflows.", "", overflows)
    softmax = Exact("softmax", lambda x: x.softmax(0), cases, misconceptions=(overflow,))
    assert softmax(LocalAnswer(overflows), 0).misconception == "overflow"
    assert softmax(LocalAnswer(lambda x: overflows(x).nan_to_num(0.5)), 0).misconception is None
    assert softmax(LocalAnswer(lambda x: x.softmax(0)), 0).ok


def test_gradients_are_asked_for_in_each_dtype_and_layout_and_where_a_case_wants_them():
    def cases(draw):
        yield Case("plain", {"x": draw.normal(3, 4)})
        yield Case("values alone", {"x": draw.normal(5, 4)}, gradients=False)
        yield Case("one row", {"x": draw.normal(1, 4)})

    seen = []

    def answer(x):
        seen.append((tuple(x.shape), x.dtype, x.is_contiguous(), x.requires_grad))
        return x.detach() * 2 if len(x) == 5 else x * 2

    twice = Exact("twice", lambda x: 2 * x, cases, gradients=("x",))
    outcome = twice(LocalAnswer(answer), 0)
    assert outcome.ok
    assert outcome.message == "Right on 6 inputs."
    assert {trial[:3] for trial in seen if trial[0] == (3, 4)} == {
        ((3, 4), dtype, contiguous)
        for dtype in (torch.float32, torch.float64)
        for contiguous in (True, False)
    }
    assert [trial[1:] for trial in seen if trial[0] == (3, 4) and trial[3]] == [
        (torch.float32, True, True),
        (torch.float64, False, True),
    ]
    assert [(shape[0], leaf) for shape, _, _, leaf in seen if shape[0] != 3] == [(5, False), (1, True)]
    cut = twice(LocalAnswer(lambda x: x.detach() * 2 if len(x) == 1 else x * 2), 0)
    assert cut.misconception == "gradient-cut"


def test_unchanged_is_to_the_last_bit():
    tensor = torch.tensor([1.0, float("nan")])
    assert unchanged([tensor, "a"], [tensor.clone(), "a"])
    assert not unchanged([tensor], [tensor + 1e-7])
    assert not unchanged([tensor], [tensor, tensor])
    assert not unchanged(tensor, tensor.double())
    assert not unchanged({"a": 1}, {"a": 2})


# ---------------------------------------------------------------- inputs


def test_draws_repeat_by_seed_and_differ_by_name():
    def some(seed, name):
        draw = Draw(seed, name)
        return draw.normal(3), draw.sizes(3), draw.uniform(0, 1)

    assert torch.equal(some(1, "a")[0], some(1, "a")[0])
    assert not torch.equal(some(1, "a")[0], some(1, "b")[0])
    assert not torch.equal(some(1, "a")[0], some(2, "a")[0])
    assert len(set(some(5, "a")[1])) == 3


def test_a_mask_holds_both_values():
    for seed in range(50):
        mask = Draw(seed, "mask").mask(2, 1, p=0.5)
        assert sorted(mask.flatten().tolist()) == [0.0, 2.0]


def test_layouts_and_dtypes_change_nothing_else():
    given = {
        "x": torch.randn(3, 4, dtype=torch.float64),
        "n": torch.tensor([1, 2]),
        "p": 0.5,
        "all": [(torch.ones(2),)],
    }
    cast = as_dtype(given, torch.float32)
    assert cast["x"].dtype == torch.float32
    assert cast["n"].dtype == torch.int64
    laid = non_contiguous(given)
    assert torch.equal(laid["x"], given["x"])
    assert not laid["x"].is_contiguous()
    assert not laid["all"][0][0].is_contiguous()
    assert laid["p"] == 0.5


# ---------------------------------------------------------------- results and reports


def wrong_order(x, h, c, W, U, b):
    print("blocks", W.shape)
    i, g, f, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def test_a_whole_course_on_one_seed_is_prepared_once():
    def unwritten(**_):
        raise NotImplementedError

    def misses():
        for one in all_lessons():
            for its in one.parts:
                its.check(LocalAnswer(unwritten, its.name), 12)
        return _prepare.cache_info().misses

    assert misses() == misses()


def test_a_keyword_that_the_answer_gives_wrongly_is_not_a_renamed_argument():
    def renamed(x, h, weights, U, b):
        return x

    def calls_wrongly(x, h, W, U, b):
        return torch.tanh(x, nothing=b)

    assert run(part("1.1"), LocalAnswer(renamed), 0).misconception == "arguments-renamed"
    result = run(part("1.1"), LocalAnswer(calls_wrongly), 0)
    assert result.misconception == "called-wrongly"
    assert "TypeError" in result.message


def test_a_result_is_plain_json_and_its_record_holds_no_input():
    result = run(part("1.2"), LocalAnswer(wrong_order), 1)
    assert json.loads(json.dumps(result.details)) == result.details
    record = result.record()
    # the picture's input is its own, the same at every seed
    assert record.pop("picture") == run(part("1.2"), LocalAnswer(wrong_order), 2).record()["picture"]
    assert record == {
        "part": "1.2",
        "name": "lstm_step",
        "points": 0,
        "max_points": 35,
        "status": "failed",
        "misconception": "gate-order",
        "message": result.message,
        "hint": part("1.2").misconception("gate-order").hint,
    }


def test_a_lost_answer_keeps_its_status():
    class Lost(Answer):
        name = "lstm_step"

        def ask(self, question):
            raise AnswerLost(Status.TIMEOUT, "Your function ran for more than 5 seconds.")

    result = run(part("1.2"), Lost(), 1)
    assert (result.status, result.points, result.message) == (
        "timeout",
        0,
        "Your function ran for more than 5 seconds.",
    )


class Slip(LocalAnswer):
    """Wrong from the first question on; from the second on it is lost, or raises."""

    def __init__(self, then):
        super().__init__(wrong_order, "lstm_step")
        self.then, self.asked = then, 0

    def ask(self, question):
        self.asked += 1
        if self.asked > 1:
            raise self.then
        return super().ask(question)


@pytest.mark.parametrize("status", ["timeout", "died"])
def test_an_answer_that_is_wrong_first_and_lost_then_is_wrong(status):
    result = run(part("1.2"), Slip(AnswerLost(status, "It is gone.")), 1)
    assert result.status == "failed"
    assert result.message.startswith("On B=") and "h' differs in" in result.message


def test_a_wrong_answer_is_asked_about_each_case_once_more_for_its_name():
    slip = Slip(AnswerError("ValueError", "no"))
    slip.function = lambda x, h, c, W, U, b: (h * 7, c)  # no known mistake gives this
    outcome = part("1.2").check(slip, 1)
    cases = len(list(part("1.2").check.cases(Draw(1, "lstm_step"))))
    assert (outcome.ok, outcome.misconception, slip.asked) == (False, None, 1 + cases)


def test_the_report_says_what_failed_where_and_why_in_text_and_html():
    report = Report(run(part("1.2"), LocalAnswer(wrong_order), 1), "blocks")
    text, html = report.text(), report._repr_html_()
    its = part("1.2").misconception("gate-order")
    for said in ("1.2", "lstm_step", "0 of 35", "gate-order", its.done, its.hint, "blocks"):
        assert said in text
        assert said in html
    assert "≠" in text and "≠" in html
    assert "Yours, h'" in text and "Right, h'" in text
    assert html.count("<table") == html.count("</table>") >= 3


@pytest.mark.parametrize("number", ["3.3", "3.4", "4.2", "4.5", "5.6", "8.5", "12.2"])
@pytest.mark.parametrize("wrong", ["?", ("?",), 3, None], ids=str)
def test_a_report_says_which_entry_is_wrong_and_not_what_is_right(number, wrong):
    result = run(part(number), LocalAnswer(lambda **given: wrong, part(number).name), 0)
    assert result.status == "failed"
    text = Report(result).text()
    assert f"you return {wrong!r} for" in text and "that is wrong." in text
    assert "is expected." not in text and "Right, " not in text


def test_a_report_names_the_tensors_of_a_dict():
    text = Report(run(part("8.5"), LocalAnswer(lambda **given: "?", "find_graph_site"), 0)).text()
    assert "plain: dict of 2 tensors alpha (" in text


def test_check_shows_the_report_and_raises(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    with pytest.raises(AssertionError, match=r"1\.2 lstm_step is not right yet \(gate-order\)") as caught:
        check(wrong_order, "1.2", seed=4)
    assert isinstance(caught.value, PartFailed)
    assert caught.value._render_traceback_() == [str(caught.value)]
    shown = capsys.readouterr().out
    assert shown.count("blocks torch.Size") == shown.split("Your function printed:")[1].count(
        "blocks torch.Size"
    )

    def lstm_step(x, h, c, W, U, b):
        return torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))

    assert check(lstm_step) is None
    assert "35 of 35 points" in capsys.readouterr().out


def test_an_answer_that_prints_much_is_shown_in_part(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))

    def chatty(x, h, W, U, b):
        print("z" * 10_000)
        return torch.rnn_tanh_cell(x, h, W, U, b, torch.zeros_like(b))

    check(chatty, "1.1")
    assert capsys.readouterr().out.count("z") <= 2000


def test_an_unknown_part_says_which_there_are():
    with pytest.raises(KeyError, match=r"no part '9.9'.*1\.1, 1\.2"):
        part("9.9")


def test_an_error_that_the_answer_raises_itself_is_not_named_by_its_text():
    def refuses(layers, input_shape):
        raise ValueError(f"layer {len(layers)} needs 3 dimensions")

    def breaks(layers, input_shape):
        return torch.zeros(2, 3) @ torch.zeros(2, 3)

    for answer, slug in ((refuses, None), (breaks, "shapes-do-not-fit")):
        answer.__name__ = "output_shape"
        assert run(part("6.1"), LocalAnswer(answer), 0).misconception == slug


def test_two_numbers_are_written_with_the_digits_in_which_they_differ():
    assert apart(0.5, 0.25) == ("0.5", "0.25")
    assert apart(1.13612, 1.13615) == ("1.13612", "1.13615")
    assert apart(1.0, 1.0 + 2**-50) == ("1", "1.0000000000000009")
    assert apart(math.nan, 1.0) == ("nan", "1")
