"""The command line, `recdrop`. What a command needs is imported when it runs, so that `--help` is quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    help="A course on dropout in recurrent and graph networks.", no_args_is_help=True, add_completion=False
)


def _refuse(error: object, code: int = 2) -> NoReturn:
    typer.echo(f"recdrop: {error}", err=True)
    raise typer.Exit(code)


@app.command()
def lab(
    notebook: Annotated[
        Path | None, typer.Argument(help="Opened first; by default the first lesson.")
    ] = None,
    port: Annotated[int, typer.Option(help="The next free one is taken where it is in use.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open the course in JupyterLab."""
    from recdrop_lessons.course.lab import open_lab
    from recdrop_lessons.support.errors import RecdropError

    try:
        open_lab(notebook, port, browser)
    except RecdropError as error:
        _refuse(error)


@app.command()
def start(folder: Annotated[Path, typer.Argument(help="A new folder, outside the course.")]) -> None:
    """Make a working copy of the notebooks and exercises, which updates of the course never overwrite."""
    from recdrop_lessons.course.workspace import WorkspaceError
    from recdrop_lessons.course.workspace import start as make

    try:
        typer.echo(str(make(folder)))
    except WorkspaceError as error:
        _refuse(error)


@app.command()
def update(
    folder: Annotated[
        Path | None, typer.Argument(help="Your working copy; by default the one you are in.")
    ] = None,
) -> None:
    """Bring the course's new lessons into your working copy; your answers stay.

    Exit code 0: everything is up to date; 1: something was left alone, and why; 2: there is no working copy.
    """
    from recdrop_lessons.course.workspace import WorkspaceError
    from recdrop_lessons.course.workspace import update as bring

    try:
        done = bring(folder)
    except WorkspaceError as error:
        _refuse(error)
    typer.echo(str(done))
    raise typer.Exit(0 if done.all_done else 1)


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook, or the folder it is in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="For the same inputs again; else new ones each time.")
    ] = None,
) -> None:
    """Grade your own notebook: points per part, misconceptions by name, the next hint.

    Exit code 0: all parts are right; 1: not all; 2: the notebook could not be graded.
    """
    from recdrop_lessons.cli.launch import run_again_warm

    run_again_warm("check")
    from recdrop_lessons.grading import learners_check
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.grading.warm import GradingError

    try:
        graded = learners_check.check_notebook(notebook, seed)
    except (NotFound, GradingError) as error:
        if as_json:
            nothing = {
                "lesson": None,
                "points": 0,
                "max_points": 0,
                "isolation": "none",
                "parts": list[str](),
            }
            typer.echo(json.dumps(nothing | {"message": str(error)}))
        _refuse(error)
    graded = learners_check.note_progress(graded)
    typer.echo(json.dumps(graded.record(), ensure_ascii=False) if as_json else learners_check.text(graded))
    raise typer.Exit(graded.exit_code)


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder with SUBMISSIONS/student/lesson/lesson.ipynb.")
    ],
    out: Annotated[Path, typer.Option(help="Where the results go. A run that was cut off goes on there.")],
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks graded at the same time; best one a core.")] = 1,
    seed: Annotated[
        int | None, typer.Option(help="Of the checks' inputs; by default drawn once for OUT.")
    ] = None,
    lesson: Annotated[
        list[str] | None, typer.Option(help="Everyone was to hand this in; may be repeated.")
    ] = None,
    attempts: Annotated[str, typer.Option(help="Which of several attempts counts: last or best.")] = "last",
    due: Annotated[
        str | None, typer.Option(help="Later is marked as late: 2026-11-20T23:59, local time.")
    ] = None,
    isolation: Annotated[str, typer.Option(help="auto, or a kind that `recdrop doctor` lists.")] = "auto",
    trust_submissions: Annotated[
        bool, typer.Option("--trust-submissions", help="Run them without isolation where none holds.")
    ] = False,
    shard: Annotated[
        str, typer.Option(help="i/n: the i-th of n shares. Once more without it for the table.")
    ] = "1/1",
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler's address: grade on its workers.")
    ] = None,
) -> None:
    """Grade a class: isolated, in parallel, going on where it was cut off.

    Writes OUT/grades.csv, OUT/summary.html, OUT/student/lesson.json and OUT/student/feedback.html.
    Exit code 0: everything was graded; 1: some are to be looked at by hand; 2: nothing could be graded;
    130: interrupted, what is done is kept.
    """
    from recdrop_lessons.cli.launch import run_again_warm

    if attempts not in ("last", "best"):
        _refuse(f"--attempts is last or best, not {attempts!r}.")
    share, moment = _shard(shard), _moment(due)
    run_again_warm("grade")
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.grading.run import Options, grade_folder
    from recdrop_lessons.grading.warm import GradingError

    options = Options(
        submissions,
        out,
        jobs,
        seed,
        isolation,
        trust_submissions,
        share,
        scheduler,
        tuple(lesson or ()),
        attempts,
        moment,
    )
    try:
        finished = grade_folder(options)
    except (NotFound, GradingError, ImportError, OSError) as error:
        hint = "\nTo run the submissions without isolation, where you trust them: --trust-submissions"
        _refuse(f"{error}{hint if isinstance(error, GradingError) and not trust_submissions else ''}")
    except KeyError as error:
        _refuse(error.args[0])
    except KeyboardInterrupt:
        _refuse(f"interrupted; what is done is kept in {out}, and the same command goes on there.", 130)
    if finished.isolation == "none":
        typer.echo("*** Graded WITHOUT isolation: the submissions could do whatever you can. ***", err=True)
    for problem in (*finished.totals.ungraded, *finished.problems):
        typer.echo(f"  {problem}", err=True)
    typer.echo(f"{finished.totals}; isolation: {finished.isolation}")
    raise typer.Exit(finished.exit_code)


@app.command()
def export(
    results: Annotated[Path, typer.Argument(help="The folder that `recdrop grade` wrote.")],
    to: Annotated[str, typer.Option(help="gradescope, github-classroom, canvas or nbgrader.")],
    into: Annotated[Path, typer.Option(help="The folder that the files go to.")] = Path("export"),
    roster: Annotated[
        Path | None, typer.Option(help="canvas: the gradebook's CSV as Canvas exports it.")
    ] = None,
    gradebook: Annotated[str, typer.Option(help="nbgrader: its database.")] = "sqlite:///gradebook.db",
) -> None:
    """Write a class's results as a platform reads them."""
    from recdrop_lessons.grading import exports
    from recdrop_lessons.grading.exports import canvas, github_classroom, gradescope, nbgrader
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.support.files import write_whole

    try:
        found = list(exports.results(results))
        if to == "nbgrader":
            typer.echo(f"{nbgrader.write(gradebook, found)} submissions written to {gradebook}.")
        elif to == "canvas":
            if roster is None:
                _refuse("canvas needs --roster: in Canvas, Grades → Export → Export Entire Gradebook.")
            text, strangers = canvas.fill(roster, found)
            write_whole(into / "canvas.csv", text)
            typer.echo(f"{into / 'canvas.csv'} is ready for Canvas, Grades → Import.")
            for student in strangers:
                typer.echo(f"  {student} is not on the roster, or more than once.", err=True)
            raise typer.Exit(1 if strangers else 0)
        elif to in ("gradescope", "github-classroom"):
            platform = gradescope if to == "gradescope" else github_classroom
            for student, record in found:
                platform.write(student, record, into)
            if to == "gradescope":
                for lesson in sorted({record["lesson"] for _, record in found}):
                    gradescope.write_autograder(lesson, into)
            typer.echo(f"{len(found)} results written to {into}.")
        else:
            _refuse(f"--to is gradescope, github-classroom, canvas or nbgrader, not {to!r}.")
    except (NotFound, ImportError, OSError) as error:
        _refuse(error)


def _shard(text: str) -> tuple[int, int]:
    part, _, of = text.partition("/")
    if part.isdigit() and of.isdigit() and 1 <= int(part) <= int(of):
        return int(part), int(of)
    _refuse(f"--shard is i/n with i from 1 to n, not {text!r}.")


def _moment(text: str | None) -> float | None:
    import datetime

    try:
        return datetime.datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        _refuse(f"--due is a date and time as 2026-11-20T23:59, not {text!r}.")


@app.command()
def progress() -> None:
    """The board: parts solved, points, what is next."""
    from recdrop_lessons.course.progress import board

    typer.echo(str(board()))


_PART = Annotated[str, typer.Argument(help='A part\'s number or its function\'s name: "1.2", "lstm_step".')]


@app.command()
def hint(part: _PART) -> None:
    """The next hint for a part."""
    from recdrop_lessons.course import progress as kept

    try:
        typer.echo(str(kept.hint(part)))
    except kept.ProgressError as error:
        _refuse(error)


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
    except kept.ProgressError as error:
        _refuse(error, 1)


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
        _refuse(error)


@app.command()
def doctor() -> None:
    """Python, packages, widgets, kernel, port, folder, disk, isolation: what is missing, and the cure."""
    from recdrop_lessons.doctor import examine

    well = True
    for finding in examine():
        typer.echo(str(finding))
        well = well and (finding.well or not finding.needed)
    typer.echo("Everything that a learner needs is here." if well else "Something is missing; see ✗ above.")
    raise typer.Exit(0 if well else 1)


@app.command()
def bench(seconds: Annotated[float, typer.Option(help="About so long.")] = 10.0) -> None:
    """How fast the fast layer is on this machine, beside its peers."""
    from recdrop_lessons.experiments.bench import short_table

    typer.echo(short_table(seconds))


@app.command()
def sweep(
    out: Annotated[Path, typer.Option(help="The results, a line a run; goes on where it was cut off.")],
    jobs: Annotated[int, typer.Option(min=1, help="Processes of one thread each.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler's address: run on its workers.")
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option(help="digits, text; may be repeated, by default both.")
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
        _refuse(error)
    except KeyboardInterrupt:
        _refuse(f"interrupted; what is done is kept in {out}, and the same command goes on there.", 130)
    typer.echo(f"{len(wanted)} runs in {out}.")
