"""Write docs/site/releases.md and its picture from the matrix of facts; `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from recdrop_lessons.plots import facts as pictures
from recdrop_lessons.releases import matrix, words

ROOT = Path(__file__).resolve().parent.parent
PICTURE = "docs/images/releases.svg"
INTRODUCTION = """\
# What each release does

We ran probes with the releases of Keras, PyTorch, PyTorch Geometric, fastai and DGL that are listed below.
The probes look from outside, without this library. They read masks through weights of 0 and 1, and compare
equal rows and zero matrices. They also look at which steps change when one input or one mask changes.
`tools/releases.py` runs each release in a separate environment. A test compares the installed releases with
this page.

`recdrop facts` prints the answers for your releases, and what an upgrade changes. `recdrop facts --keras
3.5 --backend jax` prints those of another release. The answers hold for the listed releases. We did not
test the releases between them.

"""
REPORTED = """\

## Reported, not run

Everything above was run on a CPU. This was reported by others and not run here:

- In Keras 3.4 to 3.8 with TensorFlow on a GPU, `LSTM(dropout=p)` and `GRU(dropout=p)` drop in evaluation mode
  too ([keras-team/keras, pull request 20983](https://github.com/keras-team/keras/pull/20983)).

The probes saw the cause on a CPU. In 3.5 to 3.8 the layer hands x times a mask to the fused kernel, in
evaluation mode too. On a CPU these releases refuse the fused kernel and run the layer's own loop, which
drops nothing in evaluation mode.
"""


def page(known: matrix.Matrix) -> str:
    """The whole page."""
    drawn = pictures.picture("Keras", known)
    parts = [INTRODUCTION, f"![{drawn.alt}](../images/releases.svg)\n\n{drawn.caption}\n"]
    for framework in known.frameworks:
        releases = [
            f"- {release}{f' ({backends})' if (backends := ', '.join(filter(None, backend))) else ''}"
            for release in known.releases(framework)
            for backend in [known.backends(framework, release)]
        ]
        parts.append(f"\n## {framework}\n\nWe tested these releases:\n\n")
        parts.append("\n".join(releases) + "\n\n| question | observed |\n|---|---|\n")
        parts += [
            f"| {fact.question} | {words.by_release(known, fact.fact, framework)} |\n"
            for fact in known.asked(framework)
        ]
    if known.refusals():
        parts.append("\n## Not tested\n\n| release | why not |\n|---|---|\n")
        for one in known.refusals():
            on = f" on {one.backend}" if one.backend else ""
            reason = one.observed.removeprefix("no: ").replace("|", r"\|")
            parts.append(f"| {one.framework} {one.release}{on}, Python {one.python} | {reason} |\n")
    parts.append(REPORTED)
    return "".join(parts)


def files(root: Path = ROOT) -> dict[Path, str]:
    """The page and its picture."""
    known = matrix.read()
    return {
        root / "docs" / "site" / "releases.md": page(known),
        root / PICTURE: pictures.picture("Keras", known).svg + "\n",
    }


def main(arguments: list[str]) -> int:
    behind = [
        path
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in behind:
            print(f"{path.name} is behind the matrix: run `python tools/releases_page.py`.", file=sys.stderr)
        return 1 if behind else 0
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
