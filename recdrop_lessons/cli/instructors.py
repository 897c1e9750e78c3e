"""An instructor's commands: grading a class, and its results as a platform reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recdrop_lessons.cli.base import app, refuse

PANEL = "For instructors"


@app.command(rich_help_panel=PANEL)
def grade(
    submissions: Annotated[Path, typer.Argument(help="Folder with SUBMISSIONS/student/lesson/lesson.ipynb.")],
    out: Annotated[Path, typer.Option(help="Folder for the results. An interrupted run continues there.")],
    jobs: Annotated[
        int, typer.Option(min=1, help="Number of notebooks to grade in parallel; use at most one per core.")
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed for the test inputs. Without it, one is drawn for OUT and kept there."),
    ] = None,
    lesson: Annotated[
        list[str] | None, typer.Option(help="Lesson that every student must submit; can be repeated.")
    ] = None,
    attempts: Annotated[
        str, typer.Option(help="Attempt that counts if there are several: last or best.")
    ] = "last",
    due: Annotated[
        str | None,
        typer.Option(
            help="Deadline: 2026-11-20T23:59 in local time, or with +01:00. Later work is marked late."
        ),
    ] = None,
    isolation: Annotated[
        str, typer.Option(help="Kind of isolation: auto, or one that `recdrop doctor --deep` lists.")
    ] = "auto",
    trust_submissions: Annotated[
        bool, typer.Option("--trust-submissions", help="Run the submissions even if they cannot be isolated.")
    ] = False,
    shard: Annotated[
        str,
        typer.Option(
            help="Part i of n of the class: i/n. At the end, run once without --shard for the table."
        ),
    ] = "1/1",
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler; its workers then grade.")
    ] = None,
) -> None:
    """Grade a class, each submission in isolation.

    Writes OUT/grades.csv, OUT/summary.html, OUT/student/lesson.json and OUT/student/feedback.html.
    If a run is interrupted, the same command continues it.

    Exit code 0: everything was graded. 1: you must look at some submissions. 2: nothing could be graded.
    130: the run was interrupted, and finished results are kept.
    """
    from recdrop_lessons.cli.launch import run_again_warm

    if attempts not in ("last", "best"):
        refuse(f"--attempts must be last or best, not {attempts!r}.")
    share, moment = _shard(shard), _moment(due)
    run_again_warm("grade", "recdrop_lessons.cli:main")
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.grading.fork_server import GradingError
    from recdrop_lessons.grading.run import Options, grade_folder

    options = Options(
        folder=submissions,
        out=out,
        jobs=jobs,
        seed=seed,
        isolation=isolation,
        trusted=trust_submissions,
        shard=share,
        scheduler=scheduler,
        lessons=tuple(lesson or ()),
        attempts=attempts,
        due=moment,
    )
    try:
        finished = grade_folder(options)
    except (NotFound, GradingError, ImportError, OSError) as error:
        hint = "\nIf you trust the submissions, add --trust-submissions to run them without isolation."
        refuse(f"{error}{hint if isinstance(error, GradingError) and not trust_submissions else ''}")
    except KeyError as error:
        refuse(error.args[0])
    except KeyboardInterrupt:
        refuse(f"interrupted. Finished results are kept in {out}; the same command continues the run.", 130)
    if finished.isolation == "none":
        typer.echo(
            "*** Graded WITHOUT isolation: the submissions had all your rights on this machine. ***", err=True
        )
    for problem in (*finished.totals.ungraded, *finished.problems):
        typer.echo(f"  {problem}", err=True)
    typer.echo(f"{finished.totals}; isolation: {finished.isolation}")
    raise typer.Exit(finished.exit_code)


@app.command(rich_help_panel=PANEL)
def insights(
    results: Annotated[Path, typer.Argument(help="Folder that `recdrop grade` wrote.")],
    predictions: Annotated[
        Path | None,
        typer.Option(help="Folder of the learners' saved predictions: LEARNER.json, or a folder LEARNER."),
    ] = None,
) -> None:
    """Make one page about what a class understood, and what to discuss next.

    Writes RESULTS/insights.html. With --predictions it also writes RESULTS/class_predictions.json. Put this
    file into the learners' folders: their notebooks then show how many of the class were wrong.
    """
    from recdrop_lessons.course.predictions.class_answers import CLASS_FILE, as_file
    from recdrop_lessons.grading import exports
    from recdrop_lessons.grading import insights as of_class
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.grading.insights_page import insights_page
    from recdrop_lessons.grading.names import shown
    from recdrop_lessons.support.files import write_whole

    try:
        if predictions is not None and not predictions.is_dir():
            refuse(f"{predictions} is not a folder. Give the folder with the learners' predictions.")
        gathered = of_class.gather(predictions) if predictions else of_class.Gathered({})
        found = of_class.insights(exports.results(results), gathered)
        write_whole(results / "insights.html", insights_page(found))
        if found.predictions:
            write_whole(results / CLASS_FILE, as_file(found.predictions))
    except (NotFound, OSError) as error:
        refuse(error)
    for name in found.unread:
        typer.echo(f"  Cannot read {shown(name)}.", err=True)
    typer.echo(f"{found.students} students, {found.learners} with predictions: {results / 'insights.html'}")


@app.command(rich_help_panel=PANEL)
def export(
    results: Annotated[Path, typer.Argument(help="Folder that `recdrop grade` wrote.")],
    to: Annotated[
        str, typer.Option(help="Platform: gradescope, github-classroom, canvas, moodle or nbgrader.")
    ],
    into: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("export"),
    roster: Annotated[
        Path | None,
        typer.Option(
            help="CSV file from the platform. Canvas: the exported gradebook. Moodle: the grading worksheet."
        ),
    ] = None,
    lesson: Annotated[
        str | None, typer.Option(help="Lesson to export. Moodle needs it if there are several.")
    ] = None,
    gradebook: Annotated[
        str, typer.Option(help="Address of nbgrader's database.")
    ] = "sqlite:///gradebook.db",
) -> None:
    """Write the results of a class as files for a platform."""
    from recdrop_lessons.grading import exports
    from recdrop_lessons.grading.exports import canvas, github_classroom, gradescope, moodle, nbgrader
    from recdrop_lessons.grading.finding import NotFound
    from recdrop_lessons.grading.names import Remark
    from recdrop_lessons.support.files import write_whole

    try:
        found = [
            (student, record)
            for student, record in exports.results(results)
            if lesson in (None, record["lesson"])
        ]
        remarks: list[Remark] = []
        if to == "nbgrader":
            count, remarks = nbgrader.write(gradebook, found)
            typer.echo(f"{count} submissions written to {gradebook}.")
        elif to == "canvas":
            if roster is None:
                refuse("canvas needs --roster. In Canvas, choose Grades → Export → Export Entire Gradebook.")
            text, remarks = canvas.fill(roster, found)
            write_whole(into / "canvas.csv", text)
            typer.echo(f"{into / 'canvas.csv'} is ready for Canvas, Grades → Import.")
        elif to == "moodle":
            if roster is None:
                refuse(
                    "moodle needs --roster. In the assignment, choose Grading action → Download grading "
                    "worksheet."
                )
            if len(lessons := {record["lesson"] for _, record in found}) != 1:
                refuse(f"A worksheet has one lesson. Choose it with --lesson: {', '.join(sorted(lessons))}.")
            text, remarks = moodle.fill(roster, found)
            write_whole(into / "moodle.csv", text)
            typer.echo(f"{into / 'moodle.csv'} is ready for Moodle, Upload grading worksheet.")
        elif to in ("gradescope", "github-classroom"):
            platform = gradescope if to == "gradescope" else github_classroom
            for student, record in found:
                platform.write(student, record, into)
            if to == "gradescope":
                for lesson in sorted({record["lesson"] for _, record in found}):
                    gradescope.write_autograder(lesson, into)
            typer.echo(f"{len(found)} results written to {into}.")
        else:
            refuse(f"--to must be gradescope, github-classroom, canvas, moodle or nbgrader, not {to!r}.")
    except (NotFound, ImportError, OSError) as error:
        refuse(error)
    for remark in remarks:
        typer.echo(f"  {remark}", err=True)
    raise typer.Exit(1 if remarks else 0)


def _shard(text: str) -> tuple[int, int]:
    part, _, of = text.partition("/")
    if part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of):
        return int(part), int(of)
    refuse(f"--shard must be i/n with i from 1 to n, such as 2/4, not {text!r}.")


def _moment(text: str | None) -> float | None:
    from recdrop_lessons.support.moments import read_due

    try:
        return read_due(text) if text else None
    except ValueError:
        refuse(f"--due must be a date and a time, such as 2026-11-20T23:59, not {text!r}.")
