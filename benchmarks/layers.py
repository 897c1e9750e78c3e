"""Training steps of recurrent layers with dropout, against their peers, measured in turns.

    python benchmarks/layers.py --jax PATH/TO/python --tensorflow PATH/TO/python

Every framework runs in a process of its own (Keras takes one backend a process), and the processes take
turns: in each round each peer does one burst of steps while the others wait. Ratios are of medians, to
`nn.LSTM` without recurrent dropout. A NumPy product is timed in every process too: where it differs, so did
the machine.
A step is forward, backward and one update by SGD, on one batch that stays the same.

Long because every peer is in one file: a process runs it with one framework and without the others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REFERENCE = "NumPy product"
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


# ---- in the worker: one process, one framework ----


def limit_threads(threads: int) -> None:
    """Keep this process to so many cores, and every library that asks to as many threads."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def numpy_product() -> Any:
    import numpy as np

    a, b = np.random.default_rng(0).normal(size=(2, 256, 256)).astype("float32")
    return lambda: a @ b


def torch_peers(size: Any, _: int) -> dict[str, Any]:
    from recdrop_lessons import bench

    size = bench.Workload(*size)
    return {name: bench.training_step(make(), size) for name, make in bench.peers(size).items()}


def keras_peers(size: Any, steps_in_fit: int) -> dict[str, Any]:
    """Keras's LSTM with dropout and recurrent_dropout, by `fit` and by `train_on_batch`, compiled or not."""
    import keras
    import numpy as np

    batch, steps, features, units, layers = size
    rng, backend = np.random.default_rng(0), keras.backend.backend()
    x, y = rng.normal(size=(batch, steps, features)).astype("float32"), np.zeros((batch, 1), "float32")
    many = np.concatenate([x] * steps_in_fit), np.concatenate([y] * steps_in_fit)
    peers = {}
    for compiled in {"torch": (False,), "tensorflow": (True, False), "jax": (True,)}[backend]:
        model = keras.Sequential([keras.Input((steps, features))])
        for k in range(layers):
            more = k < layers - 1
            model.add(keras.layers.LSTM(units, dropout=0.2, recurrent_dropout=0.2, return_sequences=more))
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=compiled)
        xla = ", XLA" if compiled and backend == "tensorflow" else ""

        def fit(model: Any = model) -> None:
            model.fit(*many, batch_size=batch, shuffle=False, verbose=0)

        def train_on_batch(model: Any = model) -> None:
            model.train_on_batch(x, y)

        peers[f"Keras on {backend}{xla}, fit"] = fit
        peers[f"Keras on {backend}{xla}, train_on_batch"] = train_on_batch
    return peers


def steps_of(name: str, steps_in_fit: int) -> int:
    return steps_in_fit if name.endswith(", fit") else 1


def peak_memory(step: Any) -> float | None:
    """Megabytes that one step takes at most, beyond what was there before it. Linux only."""
    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        return None

    def kilobytes(field: str) -> int:
        return next(
            int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field)
        )

    clear.write_text("5")  # the high-water mark starts again
    before = kilobytes("VmRSS")
    step()
    return (kilobytes("VmHWM") - before) / 1024


def work(kind: str, threads: int, clock_name: str) -> None:
    """Answer the parent's questions, one JSON object a line, until it has no more."""
    limit_threads(threads)
    answers, sys.stdout = sys.stdout, sys.stderr  # a framework's chatter is no answer
    clock = CLOCKS[clock_name]
    if kind == "torch":
        import torch

        torch.set_num_threads(threads)
        # Over 150 steps gradients fade into denormal numbers, which cost a processor many times the work.
        torch.set_flush_denormal(True)
    peers: dict[str, Any] = {}
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["do"] == "make":
            make = torch_peers if kind == "torch" else keras_peers
            peers = make(ask["size"], ask["steps_in_fit"]) | {REFERENCE: numpy_product()}
            if ask["only"]:
                peers = {ask["only"]: peers[ask["only"]]}
            for step in peers.values() if ask["warm"] else ():
                step(), step()
            answer: Any = list(peers)
        elif ask["do"] == "time":
            step = peers[ask["peer"]]
            start = clock()
            for _ in range(ask["times"]):
                step()
            answer = (clock() - start) / ask["times"] / steps_of(ask["peer"], ask["steps_in_fit"])
        else:
            answer = peak_memory(peers[ask["peer"]])
        print(json.dumps(answer), file=answers, flush=True)


# ---- in the parent ----


class Worker:
    """A process with one framework in it."""

    def __init__(
        self, python: str, kind: str, backend: str, threads: int, clock: str, **variables: str
    ) -> None:
        environment = {**os.environ, **variables, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
        command = [python, __file__, "--worker", kind, "--threads", str(threads), "--clock", clock]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ask(self, **question: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"A worker ended without an answer: {self.process.args}.")
        return json.loads(line)

    def make(self, size: Any, steps_in_fit: int = 1, only: str = "", warm: bool = True) -> list[str]:
        self.steps_in_fit = steps_in_fit
        return self.ask(do="make", size=size, steps_in_fit=steps_in_fit, only=only, warm=warm)

    def time(self, peer: str, times: int = 1) -> float:
        return self.ask(do="time", peer=peer, times=times, steps_in_fit=self.steps_in_fit)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def usable(python: str, backend: str) -> bool:
    """Say whether that interpreter has Keras and that backend."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [python, "-c", f"import keras, {backend}"]
    try:
        return subprocess.run(command, env=environment, capture_output=True).returncode == 0
    except OSError:
        return False


def start_workers(options: argparse.Namespace, threads: int) -> list[Worker]:
    workers = [Worker(sys.executable, "torch", "torch", threads, options.clock)]
    for backend, python in (
        ("torch", sys.executable),
        ("tensorflow", options.tensorflow),
        ("jax", options.jax),
    ):
        if python and usable(python, backend):
            workers.append(Worker(python, "keras", backend, threads, options.clock))
        else:
            print(
                f"Keras on {backend} is left out: --{backend} wants an interpreter with Keras and {backend}."
            )
    return workers


def measure(
    workers: list[Worker], size: Any, rounds: int, burst: float, in_fit: int
) -> dict[str, list[float]]:
    """Seconds a step of every peer, once a round each."""
    turns = []
    for number, worker in enumerate(workers):
        for peer in worker.make(size, in_fit):
            once = worker.time(peer, 1) * steps_of(peer, in_fit)
            name = f"{peer} in process {number}" if peer == REFERENCE else peer
            turns.append((name, worker, peer, max(1, int(burst / max(once, 1e-6)))))
    times: dict[str, list[float]] = {name: [] for name, *_ in turns}
    before = workers[-1]
    for _ in range(rounds):
        for name, worker, peer, count in turns:
            if worker is not before:  # whose threads may still spin: one turn that does not count
                worker.time(peer, count)
            times[name].append(worker.time(peer, count))
            before = worker
    return times


def operations(size: Any) -> float:
    """Floating-point operations of a step's products: forward, and twice as many backward (x wants none)."""
    return sum(
        8 * size.batch * size.steps * size.units * (3 * size.units + (3 if k else 2) * inputs)
        for k, inputs in enumerate([size.features] + [size.units] * (size.layers - 1))
    )


def machines_peak(threads: int, clock: Any) -> float:
    """The best rate of a large matrix product here, operations a second."""
    import torch

    torch.set_num_threads(threads)
    a, b = torch.randn(2, 1024, 1024)
    best = float("inf")
    for _ in range(20):
        start = clock()
        a @ b
        best = min(best, clock() - start)
    return 2 * 1024**3 / best


def table(title: str, times: dict[str, list[float]], floor: str, rate: float) -> list[str]:
    base = statistics.median(times[floor])
    width = max(map(len, times))
    lines = [title, f"  {'':{width}} {'median':>10} {'quartiles':>19} {'ratio':>7} {'of peak':>8}"]
    for name, t in times.items():
        low, middle, high = (1e3 * v for v in statistics.quantiles(t, n=4))
        share = "" if name.startswith(REFERENCE) else f"{rate * base / statistics.median(t):8.0%}"
        lines.append(
            f"  {name:{width}} {middle:8.2f}ms {low:8.2f}–{high:8.2f}ms {middle / 1e3 / base:7.2f} {share}"
        )
    return lines


def growth(options: argparse.Namespace) -> Iterator[str]:
    """Time and peak memory of ours and of the floor as T and as H grow, one thread."""
    import numpy as np

    from recdrop_lessons.experiments.bench import FLOOR, Workload

    ours = "ours, one mask (Gal tied)"
    yield f"\nGrowth, batch 32, 12 features, one thread, {options.clock} time, freed memory kept; peak memory"
    yield "      T     H       ours    nn.LSTM  ratio       ours/T      ours   nn.LSTM"
    sizes = [Workload(32, t, 12, 64) for t in (50, 100, 200, 400, 800, 1600)]
    sizes += [Workload(32, 50, 12, h) for h in (32, 64, 128, 256, 512, 1024)]
    # glibc hands memory back after a step and asks for it anew at the next, at some sizes and not at others.
    kept = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}
    pair = {
        peer: Worker(sys.executable, "torch", "torch", 1, options.clock, **kept) for peer in (ours, FLOOR)
    }
    over_time: dict[int, float] = {}
    for size in sizes:
        memory = {}
        for peer in pair:  # each in a process that has done nothing else
            worker = Worker(sys.executable, "torch", "torch", 1, options.clock)
            worker.make(Workload(2, 2, 2, 2), only=peer)
            worker.make(size, only=peer, warm=False)
            memory[peer] = worker.ask(do="memory", peer=peer)
            worker.close()
        times: dict[str, list[float]] = {peer: [] for peer in pair}
        counts = {}
        for peer, worker in pair.items():
            worker.make(size, only=peer)
            counts[peer] = max(1, int(options.burst / max(worker.time(peer), 1e-6)))
        for _ in range(options.rounds):
            for peer, worker in pair.items():
                times[peer].append(worker.time(peer, counts[peer]))
        mine, floor = (statistics.median(times[p]) for p in (ours, FLOOR))
        over_time |= {size.steps: mine} if size.units == 64 and len(over_time) < 6 else {}
        yield (
            f"  {size.steps:5} {size.units:5} {mine * 1e3:8.2f}ms {floor * 1e3:8.2f}ms {mine / floor:6.2f} "
            f"{mine / size.steps * 1e6:10.1f}µs {memory[ours]:7.1f}MB {memory[FLOOR]:7.1f}MB"
        )
    for worker in pair.values():
        worker.close()
    steps, seconds = np.array(list(over_time)), np.array(list(over_time.values()))
    slope, start = np.polyfit(steps, seconds, 1, w=1 / seconds)
    off = np.abs((start + slope * steps) / seconds - 1).max()
    yield f"  ours over T: {start * 1e3:.2f} ms + {slope * 1e6:.1f} µs a step, at most {off:.1%} off"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tensorflow", metavar="PYTHON", help="an interpreter with Keras and TensorFlow")
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter with Keras and JAX")
    parser.add_argument("--workloads", default="small,medium,large,two layers")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--burst", type=float, default=0.05, help="seconds of one peer's turn")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall",
                        help="cpu: the process's own time, for a machine that others use too")  # fmt: skip
    parser.add_argument("--growth", action="store_true", help="also how time and memory grow with T and H")
    parser.add_argument("--out", type=Path, help="also write every time to this JSON file")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, int(options.threads), options.clock)
        return

    from recdrop_lessons.experiments.bench import FLOOR, WORKLOADS

    load = f"load {os.getloadavg()[0]:.1f}; {options.clock} time"
    print(f"{cpu_name()}, {os.cpu_count()} cores, {platform.system()}; {load}")
    everything: dict[str, Any] = {}
    for threads in map(int, options.threads.split(",")):
        peak = machines_peak(threads, CLOCKS[options.clock])
        workers = start_workers(options, threads)
        for name in options.workloads.split(","):
            size = WORKLOADS[name]
            times = measure(workers, size, options.rounds, options.burst, 20 if name == "small" else 4)
            everything[f"{name}, {threads}"] = times
            rate = operations(size) / statistics.median(times[FLOOR]) / peak
            title = (
                f"\n{name} {tuple(size)}, {threads} thread{'s'[: threads > 1]}, peak {peak / 1e9:.0f} GFLOP/s"
            )
            print("\n".join(table(title, times, FLOOR, rate)), flush=True)
        for worker in workers:
            worker.close()
    if options.growth:
        for line in growth(options):
            print(line, flush=True)
    if options.out:
        options.out.write_text(json.dumps(everything))


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
