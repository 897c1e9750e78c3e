"""The command line, `recdrop`. What a command needs is imported when it runs, so that `--help` is quick."""

from recdrop_lessons.cli import instructors, learners, predicting, xraying
from recdrop_lessons.cli.base import app
from recdrop_lessons.cli.console import show_all_letters

__all__ = ["app", "instructors", "learners", "main", "predicting", "xraying"]


def main() -> None:
    """`recdrop`, and `python -m recdrop_lessons`."""
    show_all_letters()
    app()
