"""The speed table measures what it says: the same peers, one step each, in turns."""

import torch
from typer.testing import CliRunner

from recdrop_lessons import bench
from recdrop_lessons.cli import app

TINY = bench.Workload(2, 3, 2, 2)


def test_every_peer_takes_a_training_step_that_changes_its_weights():
    for layers in (1, 2):
        size = TINY._replace(layers=layers)
        for name, make in bench.peers(size).items():
            body = make()
            before = [p.clone() for p in body.parameters()]
            bench.training_step(body, size)()
            assert any(not torch.equal(a, b) for a, b in zip(before, body.parameters(), strict=True)), name


def test_the_first_turn_only_warms_up_and_every_peer_has_its_turn():
    calls, ticks = [], iter(range(100))
    steps = {name: lambda name=name: calls.append(name) for name in "ab"}
    times = bench.in_turns(steps, 2, clock=lambda: next(ticks))
    assert calls == list("ababab")
    assert times == {"a": [1, 1], "b": [1, 1]}


def test_the_command_prints_a_row_for_each_peer_and_leaves_the_threads_as_they_were(monkeypatch):
    monkeypatch.setitem(bench.WORKLOADS, "small", TINY)
    monkeypatch.setitem(bench.WORKLOADS, "medium", TINY)
    threads = torch.get_num_threads()
    result = CliRunner().invoke(app, ["bench", "--seconds", "0.1"])
    assert result.exit_code == 0, result.output
    for name in bench.peers(TINY):
        assert result.output.count(name) >= 2
    floor = next(line for line in result.output.splitlines() if bench.FLOOR in line)
    assert " 1.00 " in floor
    assert torch.get_num_threads() == threads
