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
    from recdrop_lessons.errors import RecdropError
    from recdrop_lessons.lab import open_lab

    try:
        open_lab(notebook, port, browser)
    except RecdropError as error:
        _refuse(error)


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
def progress() -> None:
    """The board: parts solved, points, what is next."""
    from recdrop_lessons.progress import board

    typer.echo(str(board()))


_PART = Annotated[str, typer.Argument(help='A part\'s number or its function\'s name: "1.2", "lstm_step".')]


@app.command()
def hint(part: _PART) -> None:
    """The next hint for a part."""
    from recdrop_lessons import progress as kept

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
    from recdrop_lessons import progress as kept

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
    from recdrop_lessons import progress as kept

    try:
        typer.echo(str(kept.reset(part, notebook)))
    except kept.ProgressError as error:
        _refuse(error)


@app.command()
def doctor() -> None:
    """Versions, widgets, kernel, isolation: what is missing and how to mend it."""
    from recdrop_lessons.doctor import examine

    well = True
    for finding in examine():
        typer.echo(str(finding))
        well = well and (finding.well or not finding.needed)
    typer.echo("Everything that a learner needs is here." if well else "Something is missing; see ✗ above.")
    raise typer.Exit(0 if well else 1)
