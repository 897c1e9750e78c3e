"""Where a model draws outside torch: the line after which a generator of NumPy or Python has moved on."""

from __future__ import annotations

import linecache
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from recdrop_lessons.xray.lines import Line, is_own

_NAMES = re.compile(r"\b(np|numpy)\.random\.|\brandom\.\w+\(|\bdefault_rng\(|\brng\.")


@contextmanager
def watched(generators: Iterable[Any], found: list[Line]) -> Iterator[None]:
    """Within it each line of the reader's code is watched; `found` gets the line that draws, if there is one.

    A generator that is made anew in each pass is unknown here: then it is the first line that names one.
    """
    own, last, named, before = list(generators), list[Any](), [Line()], sys.gettrace()

    def enter(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if not is_own(frame.f_code):
            return None
        at = [frame.f_lineno]
        if not last:  # the pass begins
            last.append(_states(own))

        def step(frame: FrameType, event: str, _: Any) -> Any:
            place = Line(frame.f_code.co_filename, at[0], frame.f_code.co_name)
            if not named[0].line and _NAMES.search(linecache.getline(place.file, place.line)):
                named[0] = place
            if (now := _states(own)) != last[0]:
                found.append(place)
                last[0] = now
            at[0] = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)
        found.append(named[0])


def _states(generators: Iterable[Any]) -> list[Any]:
    state = np.random.get_state(legacy=False)  # noqa: NPY002 (a model may use it)
    return [state["state"]["pos"], hash(random.getstate()), *(_state(one) for one in generators)]


def _state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return hash(generator.getstate())
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    return str(bits.state)
