"""The command line, `recdrop`. What a command needs is imported when it runs, so that `--help` is quick."""

from recdrop_lessons.cli import instructors, learners
from recdrop_lessons.cli.base import app

__all__ = ["app", "instructors", "learners"]
