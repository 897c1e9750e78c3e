"""The command `recdrop` before it has commands."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from recdrop_lessons import __version__

app = typer.Typer(
    help="A course on dropout in recurrent and graph networks.", no_args_is_help=True, add_completion=False
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
