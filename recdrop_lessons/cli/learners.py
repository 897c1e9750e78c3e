"""A learner's commands: the working copy, checking, hints, progress, and what is missing on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recdrop_lessons.cli.base import app, refuse, refuse_outside, tell_outside
from recdrop_lessons.cli.console import takes_all

_PART = Annotated[str, typer.Argument(help='Number of a part or name of its function: "1.2", "lstm_step".')]


@app.command()
def lab(
    notebook: Annotated[
        Path | None,
        typer.Argument(help="Notebook to open, or the number of a lesson. Without it, lesson 00 opens."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port for JupyterLab. If it is taken, the next free one is used.")
    ] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print all that JupyterLab logs.")] = False,
) -> None:
    """Open the course in JupyterLab.

    In a clone this opens your working copy, the folder my-course.
    """
    from recdrop_lessons.course.lab import open_lab
    from recdrop_lessons.support.errors import RecdropError

    try:
        open_lab(notebook, port, browser, verbose)
    except RecdropError as error:
        refuse(error)


@app.command()
def start(folder: Annotated[Path, typer.Argument(help="Folder to create.")]) -> None:
    """Make your own copy of the notebooks and exercises.

    Updates of the course never overwrite your work in it.
    """
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
        Path | None, typer.Argument(help="Your working copy. Without it, the current folder is used.")
    ] = None,
) -> None:
    """Add the course's new lessons to your working copy and keep your answers.

    Exit code 0: everything is up to date. 1: some files were not changed, and the output says why.
    2: there is no working copy.
    """
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
        Path, typer.Argument(help="Your notebook, its folder, or the number of a lesson: 05.")
    ] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Print only one JSON object.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seed for the test inputs. Without it they are random.")
    ] = None,
) -> None:
    """Grade your own notebook, and name the misconceptions it shows.

    Exit code 0: all parts are right. 1: some are not. 2: the notebook could not be graded.
    """
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
        Path | None, typer.Option(help="File to write your progress, predictions and quiz answers to.")
    ] = None,
    take: Annotated[
        Path | None, typer.Option(help="File to add, from the website or from another machine.")
    ] = None,
) -> None:
    """Show what you have solved and what comes next."""
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
    """Show the next hint for a part."""
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
        bool, typer.Option("--force", help="Show the solution even if you have not solved the part.")
    ] = False,
) -> None:
    """Show the solution of a part."""
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
    notebook: Annotated[
        Path | None, typer.Argument(help="Notebook to change. Without it, the one in your course folder.")
    ] = None,
) -> None:
    """Reset one part to its original text, and keep a copy of your notebook."""
    from recdrop_lessons.course import progress as kept

    try:
        typer.echo(str(kept.reset(part, notebook)))
    except kept.ProgressError as error:
        refuse(error)


@app.command()
def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Also test each kind of isolation for grading with a real attack.")
    ] = False,
) -> None:
    """Check this machine, and show how to fix what is missing.

    It checks packages, widgets, kernel, port, folder, disk and isolation.
    """
    from recdrop_lessons.doctor import examine

    well = True
    for finding in examine(deep):
        typer.echo(str(finding))
        well = well and (finding.well or not finding.needed)
    typer.echo(
        "Everything that a learner needs is installed." if well else "Something is missing; see ✗ above."
    )
    raise typer.Exit(0 if well else 1)


@app.command()
def facts(
    keras: Annotated[str | None, typer.Option(help="Release of Keras, such as 3.5 or 3.5.0.")] = None,
    torch: Annotated[str | None, typer.Option(help="Release of PyTorch.")] = None,
    pyg: Annotated[str | None, typer.Option(help="Release of PyTorch Geometric.")] = None,
    backend: Annotated[
        str | None,
        typer.Option(help="Backend of Keras: torch, jax, tensorflow or numpy. Without it, the one in use."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every fact, not only the main ones.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Test the installed frameworks now; this takes about a minute.")
    ] = False,
) -> None:
    """Show how dropout behaves in your installed releases.

    It also shows what an upgrade would change. The answers are stored: we ran every release once.
    With `--run` the command tests the frameworks that are installed here.
    """
    from rich.console import Console

    from recdrop_lessons.releases import matrix, printed
    from recdrop_lessons.support.errors import RecdropError

    named = {"Keras": keras, "PyTorch": torch, "PyG": pyg}
    chosen = {name: release for name, release in named.items() if release}
    if run and chosen:
        releases = ", ".join(f"{name} {release}" for name, release in chosen.items())
        refuse(
            f"`--run` tests the frameworks that are installed here, but you named {releases}. Omit `--run` "
            "to read the stored results of that release, or omit the release to test what is installed."
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
def bench(
    seconds: Annotated[float, typer.Option(help="How long to run, in seconds.")] = 10.0,
) -> None:
    """Time the fast layer against other implementations."""
    from recdrop_lessons.experiments.bench import short_table

    typer.echo(short_table(seconds))


@app.command()
def sweep(
    out: Annotated[
        Path, typer.Option(help="CSV file for the results. An interrupted sweep continues there.")
    ],
    jobs: Annotated[int, typer.Option(min=1, help="Number of worker processes.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler; its workers then train.")
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="Task: digits or text (default: both). With --reference also memory or copies (default: "
            "digits). Can be repeated."
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Method to run; can be repeated. Default: all. No dropout always runs."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Number of seeds.")] = 5,
    reference: Annotated[
        bool,
        typer.Option(
            help="Run the reference comparison: tuned, and trained until validation stops improving."
        ),
    ] = False,
    arm: Annotated[
        list[str] | None, typer.Option(help="Arm of the reference comparison; can be repeated. Default: all.")
    ] = None,
) -> None:
    """Run the experiments of lesson 10 that are still missing in OUT."""
    from recdrop_lessons.experiments import sweep as experiments
    from recdrop_lessons.support.errors import RecdropError

    try:
        if arm and not reference:
            raise RecdropError(
                "--arm names an arm of the reference comparison. Add --reference or use --method."
            )
        if reference and method:
            raise RecdropError("--reference has arms and no methods; use --arm instead of --method.")
        if reference:
            from recdrop_lessons.experiments.comparison import compare

            made = sum(
                compare(out, name, arm or None, jobs=jobs, scheduler=scheduler) for name in task or ["digits"]
            )
            typer.echo(f"{made} runs made; all results are in {out}.")
            return
        wanted = experiments.settings(
            task or experiments.TASKS, method or experiments.METHODS, seeds=range(seeds)
        )
        experiments.sweep(out, wanted, jobs=jobs, scheduler=scheduler)
    except (RecdropError, OSError) as error:
        refuse(error)
    except KeyboardInterrupt:
        refuse(f"interrupted. Finished runs are kept in {out}; the same command continues the sweep.", 130)
    typer.echo(f"The results of {len(wanted)} runs are in {out}.")
