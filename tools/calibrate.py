"""`make calibrate`: how often does lesson 10's comparison call equal arms different? Prints and writes it.

A line for each task; then the table of docs/calibration.md and its picture, between the page's two marks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recdrop_lessons.experiments.calibration import FAMILIES, Calibration, calibrated

ROOT = Path(__file__).resolve().parents[1]
PAGE, PICTURE = ROOT / "docs" / "calibration.md", ROOT / "docs" / "images" / "calibration.svg"
BEGIN, END = "<!-- written by make calibrate: begin -->\n", "<!-- written by make calibrate: end -->"
TASKS = {"digits": "accuracy", "memory": "accuracy", "text": "nats a character"}
MORE_SPLITS = (4, 6, 8, 12, 24)
NAMES = {
    ("normal", "splits"): "normal draws",
    ("residuals", "splits"): "the data's residuals",
    ("normal", "runs"): "normal draws, t over all runs",
    ("residuals", "runs"): "the data's residuals, t over all runs",
}


def tables(measured: list[Calibration], families: int) -> str:
    """Return both tables of the page as Markdown."""
    lines = [
        f"The family-wise error in per cent, with its 95 % interval, from {families:,} families each:",
        "",
    ]
    lines += ["| task | comparison | " + " | ".join(NAMES.values()) + " |", "|---" * (2 + len(NAMES)) + "|"]
    for one in measured:
        arms, splits, runs = one.shape
        rates = " | ".join(str(one.rates[key]).replace(" %", "") for key in NAMES)
        lines.append(f"| {one.task} | {arms} arms, {splits} splits of {runs} runs | {rates} |")
    lines += ["", "The difference that the test finds 8 times of 10, by the number of splits:", ""]
    lines += ["| task | compared with one arm | " + " | ".join(map(str, MORE_SPLITS)) + " |"]
    lines += ["|---" * (2 + len(MORE_SPLITS)) + "|"]
    for one in measured:
        for place, kind in enumerate(("yes", "no: all pairs")):
            found = " | ".join(
                f"**{one.found[n][place]:.3f}**" if n == one.shape[1] else f"{one.found[n][place]:.3f}"
                for n in MORE_SPLITS
            )
            lines.append(f"| {one.task}, {TASKS[one.task]} | {kind} | {found} |")
    return "\n".join([*lines, "", "Bold: the number of splits that the comparison has.", ""])


def draw(measured: list[Calibration]) -> None:
    """Draw each rate with its interval beside the line of 5 %."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "calibration"  # the same bytes each time
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    ax = figure.subplots()
    for k, (key, name) in enumerate(NAMES.items()):
        for place, one in enumerate(measured):
            rate, at = one.rates[key], place + 0.18 * (k - 1.5)
            ends = [[100 * (rate.rate - rate.low)], [100 * (rate.high - rate.rate)]]
            ax.errorbar(
                [at], [100 * rate.rate], ends, marker="osD^"[k], capsize=3, linestyle="none",
                color=("#0072b2", "#009e73", "#d55e00", "#cc79a7")[k], label=name if place == 0 else None,
            )  # fmt: skip
    ax.axhline(5, color="#595959", linewidth=1, linestyle="--")
    ax.set(xticks=range(len(measured)), xticklabels=[one.task for one in measured])
    ax.set(ylabel="families with a false difference, %", ylim=(0, None))
    ax.legend(frameon=False)
    figure.savefig(PICTURE, metadata={"Date": None})


def main(
    families: Annotated[
        int, typer.Option(help="Number of simulated families for each rate.", min=100)
    ] = FAMILIES,
    write: Annotated[
        bool, typer.Option(help="Write the table and the picture of docs/calibration.md.")
    ] = True,
) -> None:
    """Measure how often the reference comparison calls equal arms different."""
    measured = []
    for task in TASKS:
        measured.append(calibrated(task, families, MORE_SPLITS))
        typer.echo(f"{task} {measured[-1].rates['normal', 'splits']}")
    if not write:
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + tables(measured, families) + END + after, encoding="utf-8")
    draw(measured)
    typer.echo(f"written: {PAGE.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    typer.run(main)
