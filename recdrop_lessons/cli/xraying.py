"""`recdrop xray`: where your own model drops, and what is wrong with it."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from typing import Annotated

import typer

from recdrop_lessons.cli.base import app, refuse


class FailOn(StrEnum):
    """From which severity on a finding is a failure."""

    errors = "errors"
    warnings = "warnings"
    notes = "notes"
    never = "never"


@app.command()
def xray(
    model: Annotated[
        str, typer.Argument(metavar="FILE:NAME", help="A model, its class, or a function that returns it.")
    ],
    input: Annotated[
        list[str],
        typer.Option(
            help="Shape of an input: 8x20x50, 8x20:int500 (whole numbers below 500), or NAME=8x20x50."
        ),
    ],
    axes: Annotated[str | None, typer.Option(help="Names of the input's axes, such as B,T,F.")] = None,
    mc: Annotated[
        bool, typer.Option("--mc", help="Accept dropout in evaluation (Monte Carlo dropout).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only one JSON object.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="Lowest severity that gives exit code 1.")] = FailOn.errors,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the traceback of an error.")] = False,
) -> None:
    """Show where your own model drops, and what is wrong.

    Exit code 0: nothing found; 1: findings; 2: the model could not run.
    """
    from recdrop_lessons import xray as look
    from recdrop_lessons.cli import own_model
    from recdrop_lessons.support.errors import RecdropError

    try:
        with contextlib.redirect_stdout(sys.stderr):  # what the model prints
            made = own_model.load(model)
            weight = next(iter(made.parameters()), None)
            example = own_model.example(input, "cpu" if weight is None else weight.device)
            report = look(made, example, axes=axes, mc=mc)
    except RecdropError as error:
        if verbose:
            raise
        refuse(error)
    typer.echo(report.to_json() if as_json else str(report))
    levels = ["error", "warning", "note"][: ["never", "errors", "warnings", "notes"].index(fail_on)]
    raise typer.Exit(int(any(finding.severity in levels for finding in report.findings)))
