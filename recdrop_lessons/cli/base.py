"""The command `recdrop` before it has commands."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from recdrop_lessons import __version__

EXIT_CODES = (
    "Exit codes of every command. 0: done, and all is well. 1: done, and something is left for you, for "
    "example an answer is wrong or a package is missing. 2: it could not be done, and the message says what "
    "to type instead. 130: interrupted."
)

app = typer.Typer(
    help="A course on dropout in recurrent and graph networks.",
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"recdrop_lessons {__version__}")
        raise typer.Exit


@app.callback()
def recdrop(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Read the options that come before any command."""


def refuse(error: object, code: int = 2) -> NoReturn:
    typer.echo(f"recdrop: {error}", err=True)
    raise typer.Exit(code)


def tell_outside() -> None:
    """Say it if the working folder is not the learner's: an empty board is no riddle then."""
    from recdrop_lessons.course.folders import outside, own_folder

    if own_folder() is None:
        typer.echo(outside())


def refuse_outside() -> None:
    """Refuse what would save an empty progress, or put yours into a strange folder."""
    from recdrop_lessons.course.folders import outside, own_folder

    if own_folder() is None:
        refuse(outside())
