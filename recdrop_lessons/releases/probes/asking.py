"""What a probe is: a question about a framework, and a function that finds the answer from outside.

The files of this folder import nothing of the course, so that they run in an environment that has a framework
and NumPy and nothing else: `python -m probes keras` in the folder above prints what was observed, as JSON.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Probe:
    """A fact's name, its question in one sentence, and a sentence about what was `{observed}`."""

    fact: str
    question: str
    says: str
    observe: Callable[[], str]


class Probes(list[Probe]):
    """The probes of one framework, in reading order."""

    def ask(self, fact: str, question: str, says: str, **over: tuple[str, ...]) -> Callable[[Any], Any]:
        """Make the decorated function a probe; with `kind=("LSTM", "GRU")` one for each kind.

        `{kind}` in the three texts stands for the kind, and the function gets it as an argument.
        """

        def add(function: Callable[..., str]) -> Callable[..., str]:
            for chosen in itertools.product(*over.values()):
                values = dict(zip(over, chosen, strict=True))
                self.append(
                    Probe(
                        fact.format(**values),
                        question.format(**values),
                        says.format(observed="{observed}", **values),
                        partial(function, **values),
                    )
                )
            return function

        return add


class Unexplained(Exception):
    """A probe reads what no answer of its own explains."""


def answer(probe: Probe) -> tuple[str, str]:
    """What the probe observed, in a few words; and the message where the framework raised an error."""
    try:
        return probe.observe(), ""
    except Unexplained as error:
        return str(error), ""
    except Exception as error:  # whatever a release raises is what was to be found out
        unknown = isinstance(error, TypeError | ValueError) and re.search(
            r"Unrecognized keyword|unexpected keyword|Keyword argument not understood", str(error)
        )
        return "no such argument" if unknown else f"raises {type(error).__name__}", str(error)
