"""The learner's progress: what is solved, which hints were read, and parts put back as they were."""

from recdrop_lessons.course.progress.hints import Unsolved, hint, solution
from recdrop_lessons.course.progress.moving import save, take
from recdrop_lessons.course.progress.notes import Note, ProgressError
from recdrop_lessons.course.progress.restoring import reset
from recdrop_lessons.course.progress.standing import Board, board
from recdrop_lessons.course.progress.store import keep, kept, load, note_check

__all__ = [
    "Board",
    "Note",
    "ProgressError",
    "Unsolved",
    "board",
    "hint",
    "keep",
    "kept",
    "load",
    "note_check",
    "reset",
    "save",
    "solution",
    "take",
]
