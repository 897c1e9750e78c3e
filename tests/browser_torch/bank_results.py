"""What the checks say of the answers in the banks, as JSON: run with and without the browser's torch.

    python bank_results.py SEED EVERY FIRST [PART ...]

Every EVERY-th answer from the FIRST on. The first line is torch's version; then one line an answer: its place,
part and name, then status, misconception and message.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(seed: int, every: int, first: int, *only: str) -> None:
    sys.path.insert(0, str(ROOT / "tests" / "answers"))
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    print(json.dumps(torch.__version__), flush=True)
    from bank import banks

    from recdrop_lessons.checks import LocalAnswer, part, run

    answers = [
        (number, getattr(answer, "__name__", "?"), answer)
        for number, bank in banks().items()
        for answer in [*bank.RIGHT, *(wrong for _, wrong in bank.WRONG)]
    ]
    for k, (number, name, answer) in list(enumerate(answers))[first::every]:
        if only and number not in only:
            continue
        try:
            found = run(part(number), LocalAnswer(answer), seed)
            said = [str(found.status), found.misconception, found.message[:300]]
        except Exception as error:
            said = [f"raised {type(error).__name__}", None, str(error)[:300]]
        print(json.dumps([k, number, name, *said]), flush=True)


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:4]), *sys.argv[4:])
