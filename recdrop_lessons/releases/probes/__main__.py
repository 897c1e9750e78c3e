"""`python -m probes keras` in the folder above: what this environment's framework does, as JSON.

Patterns after the framework choose facts: `python -m probes keras 'ConvLSTM*'`.
"""

from __future__ import annotations

import importlib
import json
import sys
from fnmatch import fnmatchcase

from .asking import answer


def main(framework: str, *facts: str) -> None:
    module = importlib.import_module(f".{framework}_probes", __package__)
    answers = {
        probe.fact: answer(probe)
        for probe in module.PROBES
        if not facts or any(fnmatchcase(probe.fact, one) for one in facts)
    }
    record = {
        **module.about(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "observed": {fact: word for fact, (word, _) in answers.items()},
        "messages": {fact: message for fact, (_, message) in answers.items() if message},
        "questions": {probe.fact: probe.question for probe in module.PROBES},
        "says": {probe.fact: probe.says for probe in module.PROBES},
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main(*sys.argv[1:])
