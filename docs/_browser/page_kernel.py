"""Python's side of a page, in its worker: texts go in, and one text comes out, as JSON.

`torch` is browser/torch, which stands in for it on NumPy; where a real one is for WebAssembly, it goes first.
"""

from __future__ import annotations

import json
import os
import secrets
from importlib import import_module
from pathlib import Path
from typing import Any

opened: dict[str, Any] = {}


def ready() -> str:
    """Python runs."""
    return "null"


def change(name: str, settings: str) -> str:
    """The explorer's frame at these settings (JSON), or with the reason why there is none."""
    wanted = json.loads(settings)
    if name not in opened:
        opened[name] = import_module(f"recdrop_lessons.explorers.{name}").view()
    explorer = opened[name]
    try:
        explorer._changed({"new": {**explorer.settings, **wanted}})
    except Exception:
        if not explorer.frame["error"]:  # else the frame has the reason in words
            raise
    return json.dumps({"settings": explorer.settings, "frame": explorer.frame})


def check(number: str, source: str, before: str, progress: str, seed: str = "") -> str:
    """Check a part's source after what runs `before` it, and count it in the learner's progress.

    `seed`: of the inputs, a whole number; by default another at each check.

    An answer that uses what the browser lacks is not counted: nothing is said of it.
    """
    import missing_packages

    from recdrop_lessons.checks import from_source

    missing_packages.announce()
    keep_progress(progress)
    drawn = int(seed) if seed else secrets.randbits(32)
    record = from_source.check(number, source, drawn, before=before, counted=True)
    record["progress"] = (
        _progress_file().read_text(encoding="utf-8") if _progress_file().exists() else progress
    )
    return json.dumps(record)


def ask_framework(package: str, facts: str, seed: str) -> str:
    """What the probes of "keras" or "torch" observe at this seed, fact by fact, and the release asked.

    `facts`: their names (JSON). Keras is PyPI's on its NumPy backend; torch is what stands in for it here.
    """
    from probes import asking

    probes, release, set_seed = _keras_probes() if package == "keras" else _torch_probes()
    observed = []
    for probe in probes:
        if probe.fact in json.loads(facts):
            set_seed(int(seed))
            said, message = asking.answer(probe)
            observed.append(
                {"fact": probe.fact, "question": probe.question, "observed": said, "error": message}
            )
    return json.dumps({"release": release, "observed": observed})


def _keras_probes() -> tuple[Any, str, Any]:
    import keras_in_browser

    keras_in_browser.prepare()
    import keras
    from probes import keras_probes

    return keras_probes.PROBES, f"Keras {keras.__version__}", keras.utils.set_random_seed


def _torch_probes() -> tuple[Any, str, Any]:
    import torch
    from probes import pytorch_probes

    return pytorch_probes.PROBES, "the browser's torch", torch.manual_seed


def keep_progress(text: str) -> str:
    """Put the learner's progress where the course looks for it; no text is a course not yet begun."""
    if text:
        _progress_file().parent.mkdir(parents=True, exist_ok=True)
        _progress_file().write_text(text, encoding="utf-8")
    else:
        _progress_file().unlink(missing_ok=True)
    return "null"


def _progress_file() -> Path:
    return Path(os.environ["RECDROP_FOLDER"]) / ".recdrop" / "progress.json"
