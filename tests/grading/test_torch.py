"""Whatever of torch a learner may call works in a learner's process, what is imported late included."""

from __future__ import annotations

from pathlib import Path

import pytest
import submissions
from submissions import cell

from recdrop_lessons import checks
from recdrop_lessons.grading.checker import Checker
from recdrop_lessons.grading.isolation import locked_server
from recdrop_lessons.grading.learner_process import Budget, Times
from recdrop_lessons.grading.spawner import LockedServer

# A module, and a call that makes it work.
MODULES = {
    "torch.autograd.functional": "jacobian(double, x); hessian(total, x); vjp(double, x, x)",
    "torch.autograd.forward_ad": "with dual_level():\n    make_dual(x, x)",
    "torch.distributions": "kl_divergence(Normal(x, x), Normal(x, x)); Gamma(x, x).sample()",
    "torch.fft": "rfft(x)",
    "torch.linalg": "svd(torch.eye(3)); solve(torch.eye(3), x); matrix_exp(torch.eye(3))",
    "torch.special": "entr(x); logsumexp(x, 0); ndtri(x / 4)",
    "torch.nn.functional": "layer_norm(x, (3,)); scaled_dot_product_attention(x[None], x[None], x[None])",
    "torch.nn.init": "orthogonal_(torch.empty(3, 3))",
    "torch.nn.utils": "parameters_to_vector(torch.nn.Linear(2, 2).parameters())",
    "torch.nn.utils.parametrizations": "orthogonal(weight_norm(torch.nn.Linear(2, 2), 'bias', None))",
    "torch.nn.utils.parametrize": "cached().__enter__()",
    "torch.nn.utils.prune": "l1_unstructured(torch.nn.Linear(2, 2), 'weight', 1)",
    "torch.nn.utils.rnn": "pack_padded_sequence(pad_sequence([x, x]), [3, 3])",
    "torch.nn.utils.stateless": "functional_call(torch.nn.Linear(3, 2), {}, x)",
    "torch.nn.attention": "SDPBackend",
    "torch.optim": "Adam([torch.nn.Parameter(x)]).step(); LBFGS([torch.nn.Parameter(x)])",
    "torch.optim.lr_scheduler": "StepLR(torch.optim.SGD([torch.nn.Parameter(x)], 1), 1)",
    "torch.optim.swa_utils": "AveragedModel(torch.nn.Linear(2, 2))",
    "torch.utils.data": "next(iter(DataLoader(TensorDataset(x))))",
    "torch.utils.checkpoint": "checkpoint(double, x, use_reentrant=False)",
    "torch.utils.benchmark": "Timer('1')",
    "torch.utils.flop_counter": "FlopCounterMode",
    "torch.jit": "script(torch.nn.Linear(2, 2)); trace(double, x)",
    "torch.fx": "symbolic_trace(torch.nn.Linear(2, 2))",
    "torch.sparse": "sum(torch.eye(3).to_sparse())",
    "torch.nested": "nested_tensor([x, x])",
    "torch.masked": "masked_tensor(x, x > 0)",
    "torch.profiler": "record_function('a').__enter__()",
    "torch.overrides": "get_overridable_functions()",
    "torch.testing": "assert_close(x, x)",
    "torch.random": "fork_rng().__enter__()",
    "torch.ao.quantization": "QConfig",
    "torch.export": "Dim",
    "torch._dynamo": "reset()",
    "torch.func": "vjp(double, x)[1](x); grad(total)(x); jacrev(double)(x); vmap(double)(x); "
    "jacfwd(double)(x); hessian(total)(x); jvp(double, (x,), (x,)); linearize(double, x); "
    "functional_call(torch.nn.Linear(3, 2), {}, x)",
}
START = """
import importlib, torch
x = torch.ones(3)
double, total = (lambda x: 2 * x), (lambda x: (x**2).sum())
"""
CALL = "module = importlib.import_module({!r})\nexec({!r}, globals() | vars(module))"
FILES = "import os, tempfile\n"
ONE_FILE = (
    FILES
    + """
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
    torch.save(x, file.name); assert torch.equal(torch.load(file.name), x)
    open(folder + "/a", "w").close()
open(tempfile.mkdtemp() + "/left", "w").close()
"""
)


def run(checker: Checker, *sources: str) -> None:
    learner = checker.open(checks.lesson("01"), Budget(600))
    try:
        for source in sources:
            assert learner.run(START + source, "cell 1") is None, source
    finally:
        learner.close()


@pytest.fixture(scope="module")
def patient(server: LockedServer) -> Checker:
    return Checker(server, Times(cell=200, notebook=600))


def test_torchs_modules_work(patient: Checker) -> None:
    """One process for all, since some of them take seconds to import."""
    run(patient, *(CALL.format(*one) for one in MODULES.items()))


def test_a_right_answer_by_a_vector_jacobian_product_has_its_points(patient: Checker) -> None:
    lesson = checks.lesson("11")
    source = """
import torch

def lstm_step_backward(dh, dc, x, h, c, W, U, b, m_h):
    def step(x, h, c, W, U, b):
        i, f, g, o = (x @ W.T + (h * m_h) @ U.T + b).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
    _, pull = torch.func.vjp(step, x, h, c, W, U, b)
    return pull((dh, dc))
"""
    graded = patient.grade(submissions.notebook([cell(source, "lstm_step_backward")]), lesson, 3)
    (part,) = [part for part in graded.parts if part.part == "11.1"]
    assert part.status == "ok", part.message


def test_compiling_is_refused_with_a_sentence(patient: Checker) -> None:
    source = submissions.RIGHT["rnn_step"].replace("def ", "@torch.compile\ndef ")
    graded = patient.grade(submissions.notebook(submissions.solved(rnn_step=source)), checks.lesson("01"), 3)
    assert "torch.compile needs a compiler" in graded.parts[0].message
    assert graded.parts[1].status == "ok"


def test_a_learners_files_are_its_own_and_go_with_it(patient: Checker, server: LockedServer) -> None:
    if "namespaces" not in server.sandbox.layers:
        pytest.skip("files can be kept where the learner's process may mount")
    run(patient, ONE_FILE)
    run(patient, FILES + "assert os.listdir(tempfile.gettempdir()) == [], os.listdir(tempfile.gettempdir())")
    assert list(Path(server.process.private).iterdir()) == []


def test_a_learner_cannot_fill_the_memory_with_files(patient: Checker, server: LockedServer) -> None:
    if "namespaces" not in server.sandbox.layers:
        pytest.skip("files can be kept where the learner's process may mount")
    filling = """
try:
    for k in range(10**5):
        open(f"{tempfile.gettempdir()}/{k}", "wb").write(bytes(SIZE))
except OSError as error:
    assert "No space" in str(error), error
else:
    raise AssertionError
"""
    run(patient, FILES + filling.replace("SIZE", "10**6"))
    run(patient, FILES + filling.replace("SIZE", "0"))


@pytest.mark.parametrize("kind", ["landlock", "bubblewrap", "none"])
def test_late_imports_work_under_other_locks(kind: str) -> None:
    try:
        made = locked_server(kind)
    except Exception as error:
        pytest.skip(str(error))
    with made, Checker(made, Times(cell=200, notebook=600)) as checker:
        run(checker, "import torch.func\ntorch.func.vjp(double, x)[1](x)", FILES + "tempfile.gettempdir()")
