"""The insights into a class: what is counted, what is ranked, and what a broken or hostile file does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from recdrop_lessons.cli import app
from recdrop_lessons.course import predictions as asked
from recdrop_lessons.grading.insights import ENOUGH, Gathered, gather, insights
from recdrop_lessons.grading.insights_page import insights_page


def record(lesson: str, **slugs: str | None) -> dict[str, Any]:
    """A record whose parts p1_1, p1_2, … are right (None) or have that misconception."""
    parts = [
        {
            "part": key[1:].replace("_", "."),
            "name": f"part_{key}",
            "max_points": 50,
            "status": "ok" if slug is None else "failed",
            "misconception": slug or None,
        }
        for key, slug in slugs.items()
    ]
    return {"lesson": lesson, "parts": parts}


CLASS = [
    ("anna", record("01_cells", p1_1=None, p1_2="gate-order")),
    ("anna", record("02_noise", p2_1="keep-probability")),
    ("bo", record("01_cells", p1_1=None, p1_2="gate-order")),
    ("bo", record("02_noise", p2_1="keep-probability")),
    ("chi", record("01_cells", p1_1=None, p1_2=None)),
    ("chi", record("04_masks_over_time", p4_3="keep-probability")),
    ("dee", record("01_cells", p1_1="", p1_2="tanh-stored")),
]


def test_misconceptions_are_counted_by_student_and_parts_by_submission() -> None:
    found = insights(CLASS, Gathered({}))
    assert found.students == 4 and found.learners == 0
    first, second = found.misconceptions[:2]
    assert (first.slug, first.students, first.parts) == ("keep-probability", 3, ("2.1", "4.3"))
    assert (second.slug, second.students, second.parts) == ("gate-order", 2, ("1.2",))
    hardest = [(one.part.split()[0], one.right, one.of) for one in found.parts]
    assert hardest == [("2.1", 0, 2), ("4.3", 0, 1), ("1.2", 1, 4), ("1.1", 3, 4)]
    assert found.parts[2].commonest == ("gate-order", 2)
    assert found.lessons == {"01": (None, 0.5), "02": (None, 1.0), "04": (None, 1.0)}
    assert found.to_discuss is None


def answered(name: str, right: int, wrong: int, unsure: int = 0) -> list[dict[str, asked.Answer]]:
    one = asked.find(name)
    other = next(letter for letter in one.letters if letter != one.right)
    return [{name: answer} for answer in [one.right] * right + [other] * wrong + ["not sure"] * unsure]


def test_the_prediction_to_discuss_divides_the_class_most_evenly() -> None:
    half, most = answered("05-goes-up", 3, 2, 1), answered("03-u-zero", 1, 5)
    few = answered("07-kernel", 1, 1)
    assert len(few) < ENOUGH, "two answers say nothing about a class"
    nobody: list[dict[str, asked.Answer]] = [{}] * 6
    some = [*few, *nobody][:6]
    together = {f"s{k}": {**a, **b, **c} for k, (a, b, c) in enumerate(zip(half, most, some, strict=True))}
    found = insights([], Gathered(together))
    assert found.to_discuss is not None and found.to_discuss.name == "05-goes-up"
    assert list(found.predictions) == ["03-u-zero", "07-kernel", "05-goes-up"], "most often wrong first"
    assert found.lessons["05"] == (2 / 6, None)


def test_files_are_gathered_by_learner_and_broken_ones_are_named(tmp_path: Path) -> None:
    def store(letter: str) -> str:
        return json.dumps({"kept": {"prediction 05-goes-up": {"at": "", "answer": letter}}})

    (tmp_path / "bo" / ".recdrop").mkdir(parents=True)
    (tmp_path / "anna.json").write_text(store("a"))
    (tmp_path / "bo" / ".recdrop" / "progress.json").write_text(store("b"))
    (tmp_path / "bo" / "later.json").write_text(store("c"))
    (tmp_path / "chi.json").write_text("{")
    (tmp_path / "dee.json").write_text("[" * 100_000)
    (tmp_path / "eve.json").write_text('{"kept": {"prediction 05-goes-up": {"answer": {"x": 1}}}}')
    (tmp_path / "fay.json").symlink_to(tmp_path / "anna.json")
    (tmp_path / "gil.json").write_text(json.dumps({"kept": {"other": "x" * (1 << 20)}}))
    found = gather(tmp_path)
    assert found.answers == {"anna": {"05-goes-up": "a"}, "bo": {"05-goes-up": "b"}}
    assert found.unread == ("chi.json", "dee.json", "fay.json", "gil.json")


def test_what_learners_write_is_text_on_the_page() -> None:
    evil = "<script>alert(1)</script>"
    text = insights_page(insights([("x", record("01_cells", p1_1=evil))], Gathered({}, (evil,))))
    assert "<script" not in text and "&lt;script&gt;" in text
    assert not re.search(r'(src|href)="', text), "nothing is loaded"


def test_the_command_says_what_is_wrong_with_its_folders(tmp_path: Path) -> None:
    (tmp_path / "grades").mkdir()
    done = CliRunner().invoke(app, ["insights", str(tmp_path / "grades")])
    assert done.exit_code == 2 and "recdrop grade" in done.output
    done = CliRunner().invoke(
        app, ["insights", str(tmp_path / "grades"), "--predictions", str(tmp_path / "no")]
    )
    assert done.exit_code == 2 and "is not a folder" in done.output
