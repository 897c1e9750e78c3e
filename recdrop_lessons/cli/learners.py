"""A learner's commands: the working copy, checking, hints, progress, and what is missing on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recdrop_lessons.cli.base import app, refuse, refuse_outside, tell_outside
from recdrop_lessons.cli.console import takes_all

_PART = Annotated[str, typer.Argument(help='A part\'s number or its function\'s name: "1.2", "lstm_step".')]


@app.command()
def lab(
    notebook: Annotated[
        Path | None,
        typer.Argument(help="Notebook to open, or a lesson's number; by default lesson 00."),
    ] = None,
    port: Annotated[int, typer.Option(help="The next free one is taken where it is in use.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print all that JupyterLab logs.")] = False,
) -> None:
    """Open the course in JupyterLab; in a clone, a working copy in its folder my-course."""
    from recdrop_lessons.course.lab import open_lab
    from recdrop_lessons.support.errors import RecdropError

    try:
        open_lab(notebook, port, browser, verbose)
    except RecdropError as error:
        refuse(error)


@app.command()
def start(folder: Annotated[Path, typer.Argument(help="A new folder, outside the course.")]) -> None:
    """Make a working copy of the notebooks and exercises, which updates of the course never overwrite."""
    from recdrop_lessons.course.workspace import WorkspaceError
    from recdrop_lessons.course.workspace import start as make
    from recdrop_lessons.support.typed import quoted, recdrop

    try:
        made = make(folder)
    except WorkspaceError as error:
        refuse(error)
    typer.echo(f"{made}\nTo go on:\n    cd {quoted(made.folder)}\n    {recdrop()} lab")


@app.command()
def update(
    folder: Annotated[
        Path | None, typer.Argument(help="Your working copy; by default the one you are in.")
    ] = None,
) -> None:
    """Bring the course's new lessons into your working copy; your answers stay."""
    from recdrop_lessons.course.workspace import WorkspaceError
    from recdrop_lessons.course.workspace import update as bring

    try:
        done = bring(folder)
    except WorkspaceError as error:
        refuse(error)
    typer.echo(str(done))
    raise typer.Exit(0 if done.all_done else 1)


@app.command()
def check(
    notebook: Annotated[
        Path, typer.Argument(help="Your notebook, its folder, or a lesson's number: 05.")
    ] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="For the same inputs again; else new ones each time.")
    ] = None,
) -> None:
    """Grade your own notebook: points per part, misconceptions by name, the next hint."""
    from recdrop_lessons.cli.launch import run_again_warm

    run_again_warm("check", "recdrop_lessons.cli:main")
    from recdrop_lessons.course.named import own_notebook, told
    from recdrop_lessons.grading import learners_check
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.grading.fork_server import GradingError
    from recdrop_lessons.support.errors import RecdropError

    try:
        own = own_notebook(notebook)
        if own != notebook and not as_json:
            typer.echo(told(own))
        graded = learners_check.check_notebook(own, seed)
    except (NotFound, GradingError, RecdropError) as error:
        if as_json:
            nothing = {
                "lesson": None,
                "points": 0,
                "max_points": 0,
                "isolation": "none",
                "parts": list[str](),
            }
            typer.echo(_json(nothing | {"message": str(error)}))
        refuse(error)
    graded = learners_check.note_progress(graded, own)
    if as_json:
        typer.echo(_json(graded.record()))
    else:
        typer.echo(learners_check.text(graded) + learners_check.next_step(graded, own))
    raise typer.Exit(graded.exit_code)


def _json(record: dict[str, Any]) -> str:
    """Where the output takes not every letter, JSON's own escapes stand for them."""
    return json.dumps(record, ensure_ascii=not takes_all(sys.stdout.encoding))


@app.command()
def progress(
    save: Annotated[
        Path | None, typer.Option(help="Write it, with predictions and quiz answers, into this file.")
    ] = None,
    take: Annotated[
        Path | None, typer.Option(help="Add what is in this file, from the site or another machine.")
    ] = None,
) -> None:
    """The board: parts solved, points, what is next; and your progress as one file."""
    from recdrop_lessons.course import progress as kept

    if take is not None or save is not None:
        refuse_outside()
    try:
        if take is not None:
            typer.echo(str(kept.take(take)))
        if save is not None:
            typer.echo(str(kept.save(save)))
    except kept.ProgressError as error:
        refuse(error)
    typer.echo(str(kept.board()))
    tell_outside()


@app.command()
def hint(part: _PART) -> None:
    """The next hint for a part."""
    from recdrop_lessons.course import progress as kept
    from recdrop_lessons.course.folders import own_folder

    try:
        typer.echo(str(kept.hint(part, remember=own_folder() is not None)))
        tell_outside()
    except kept.ProgressError as error:
        refuse(error)


@app.command()
def solution(
    part: _PART,
    force: Annotated[
        bool, typer.Option("--force", help="Show it though the part is not solved yet.")
    ] = False,
) -> None:
    """The solution of a part, once it is solved or on request."""
    from recdrop_lessons.course import progress as kept

    try:
        typer.echo(str(kept.solution(part, force)))
    except kept.Unsolved as error:
        refuse(error, 1)
    except kept.ProgressError as error:
        refuse(error)


@app.command()
def reset(
    part: _PART,
    notebook: Annotated[Path | None, typer.Argument(help="By default the one in your course folder.")] = None,
) -> None:
    """Put one part back as it was; a copy of your notebook is kept."""
    from recdrop_lessons.course import progress as kept

    try:
        typer.echo(str(kept.reset(part, notebook)))
    except kept.ProgressError as error:
        refuse(error)


@app.command()
def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Try to break out of each kind of isolation for grading.")
    ] = False,
) -> None:
    """What is missing, and how to fix it: packages, widgets, kernel, port, folder, disk, isolation."""
    from recdrop_lessons.doctor import examine

    well = True
    for finding in examine(deep):
        typer.echo(str(finding))
        well = well and (finding.well or not finding.needed)
    typer.echo("Everything that a learner needs is here." if well else "Something is missing; see ✗ above.")
    raise typer.Exit(0 if well else 1)


@app.command()
def facts(
    keras: Annotated[str | None, typer.Option(help="This release instead: 3.5 or 3.5.0.")] = None,
    torch: Annotated[str | None, typer.Option(help="This release of PyTorch instead.")] = None,
    pyg: Annotated[str | None, typer.Option(help="This release of PyTorch Geometric instead.")] = None,
    backend: Annotated[
        str | None,
        typer.Option(help="Keras's: torch, jax, tensorflow or numpy; by default the one in use here."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every fact, not the main ones alone.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Ask the installed frameworks now; takes a minute.")
    ] = False,
) -> None:
    """What dropout does in the releases installed here, and what an upgrade would change.

    The answers were observed by tools/releases.py in each release; with `--run` in this environment, now.
    """
    from rich.console import Console

    from recdrop_lessons.releases import matrix, printed
    from recdrop_lessons.support.errors import RecdropError

    named = {"Keras": keras, "PyTorch": torch, "PyG": pyg}
    chosen = {name: release for name, release in named.items() if release}
    if run and chosen:
        releases = ", ".join(f"{name} {release}" for name, release in chosen.items())
        refuse(
            f"`--run` asks the frameworks that are installed here, and you named {releases}. Leave out "
            "`--run` to read what that release answered, or leave out the release to ask what is installed."
        )
    try:
        known = matrix.read()
        asked = chosen or printed.installed(known)
        if run:
            known = printed.measured_here(known, asked, backend or printed.default_backend())
        console = Console()
        for table in printed.tables(known, asked, backend, every):
            console.print(table)
    except RecdropError as error:
        refuse(error)


@app.command()
def bench(seconds: Annotated[float, typer.Option(help="About so long.")] = 10.0) -> None:
    """How fast the fast layer is on this machine, beside its peers."""
    from recdrop_lessons.experiments.bench import short_table

    typer.echo(short_table(seconds))


@app.command()
def sweep(
    out: Annotated[Path, typer.Option(help="The results, a line a run. A run that was cut off continues.")],
    jobs: Annotated[int, typer.Option(min=1, help="Processes of one thread each.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler's address: run on its workers.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="May be repeated: digits, text (by default both); with --reference also memory, copies "
            "(by default digits)."
        ),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="May be repeated; by default all. No dropout is always run.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="How many.")] = 5,
    reference: Annotated[
        bool, typer.Option(help="The reference comparison: tuned, to patience. With one --task.")
    ] = False,
    arm: Annotated[
        list[str] | None, typer.Option(help="Of the reference comparison; may be repeated, by default all.")
    ] = None,
) -> None:
    """Run the capstone's experiments (lesson 10), or those that are still missing in OUT."""
    from recdrop_lessons.experiments import sweep as experiments
    from recdrop_lessons.support.errors import RecdropError

    try:
        if arm and not reference:
            raise RecdropError(
                "--arm names an arm of the reference comparison: add --reference, or use --method."
            )
        if reference and method:
            raise RecdropError("--reference has arms and no methods: use --arm instead of --method.")
        if reference:
            from recdrop_lessons.experiments.comparison import compare

            made = sum(
                compare(out, name, arm or None, jobs=jobs, scheduler=scheduler) for name in task or ["digits"]
            )
            typer.echo(f"{made} runs made, all in {out}.")
            return
        wanted = experiments.settings(
            task or experiments.TASKS, method or experiments.METHODS, seeds=range(seeds)
        )
        experiments.sweep(out, wanted, jobs=jobs, scheduler=scheduler)
    except (RecdropError, OSError) as error:
        refuse(error)
    except KeyboardInterrupt:
        refuse(f"interrupted; what is done is kept in {out}, and the same command continues there.", 130)
    typer.echo(f"{len(wanted)} runs in {out}.")
