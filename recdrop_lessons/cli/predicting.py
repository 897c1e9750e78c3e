"""A learner's predictions, and the stored results that came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from recdrop_lessons.cli.base import app, refuse, refuse_outside, tell_outside


@app.command()
def results(
    lesson: Annotated[str, typer.Argument(help='Number of a lesson, or its notebook: "05".')],
) -> None:
    """Add a lesson with its stored results to your copy.

    Your own notebook of the lesson does not change.
    """
    from recdrop_lessons.course.folders import learners_folder
    from recdrop_lessons.course.workspace import WorkspaceError
    from recdrop_lessons.course.workspace import results as bring
    from recdrop_lessons.support.typed import quoted, recdrop

    try:
        beside = bring(lesson, learners_folder())
        typer.echo(f"The lesson with its results is in {beside}. To open it:")
        typer.echo(f"    {recdrop()} lab {quoted(beside)}")
    except WorkspaceError as error:
        refuse(error)


@app.command()
def predictions(
    save: Annotated[
        Path | None, typer.Option(help="File to write your predictions to. Hand this file in.")
    ] = None,
) -> None:
    """Show your predictions and the right answers."""
    from recdrop_lessons.course import predictions as asked
    from recdrop_lessons.course import progress as kept
    from recdrop_lessons.support.files import write_whole

    if save is not None:
        refuse_outside()
    store = kept.load()
    answers = asked.answers_in(store)
    for name, answer in answers.items():
        one = asked.find(name)
        typer.echo(f"{'✔' if one.is_right(answer) else '✘'} {name}: {one.question}")
        typer.echo(f"    yours: {one.words(answer)}\n    right: {one.right_in_words}")
    typer.echo(f"{len(answers)} of {len(asked.predictions())} predictions made.")
    if not answers:
        typer.echo("Open a lesson and run it: a box asks for your prediction before each main result.")
        tell_outside()
    if save is not None:
        try:
            write_whole(save, json.dumps(asked.only_predictions(store), indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            refuse(error)
        typer.echo(f"Written to {save}.")
