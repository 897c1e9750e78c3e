"""For authors: run the notebooks in place, keep them quiet in diffs, and say what is wrong with them.

.venv/bin/python tools/notebooks.py run notebooks/01_cells.ipynb
.venv/bin/python tools/notebooks.py check notebooks/*.ipynb

Long because it has one sentence for each of the many things that can be wrong with a stored notebook.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Annotated

import nbformat
import typer
from nbformat import NotebookNode

from recdrop_lessons.course.predictions import find, predict
from recdrop_lessons.course.predictions.predictions_shown import page_html
from recdrop_lessons.course.slides import set_slides

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 2_000_000
# The one execution count that is ever stored. nbval takes a cell without a count for one that never ran and
# compares nothing there; true counts change on every cell below an inserted one.
RAN = 1
KEPT_CELL_METADATA = {"tags", "nbgrader", "deletable", "editable", "jupyter", "recdrop", "slideshow"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
IMAGES = ("image/png", "image/jpeg", "image/gif")

SLUG = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
RANDOM_ID = re.compile(r"[0-9a-f]{8}|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MARK = re.compile(r"^\s*#+\s*NBVAL_CHECK_OUTPUT\s*$", re.MULTILINE)
RAISES = re.compile(r"^\s*#+\s*NBVAL_RAISES_EXCEPTION\s*$", re.MULTILINE)
MACHINE_PATH = re.compile(
    r"(?<![\w./-])(?:/(?:home|Users|root|tmp|work|mnt|srv|var|opt|private)/[\w.~-]+|[A-Z]:\\+Users\\)"
    r"|/site-packages/"
)
TIMING = re.compile(r"Wall time:|CPU times:|± \S+ .?s per loop|\[\d\d:\d\d[<,]")
PROGRESS = re.compile(r"\[\d\d:\d\d[<,]")  # how tqdm ends a line: [00:01<00:00, 12.3it/s]
ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)\s>]+)")
HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
HTML_ALT = re.compile(r"""\balt\s*=\s*(?:"[^"]*[^"\s][^"]*"|'[^']*[^'\s][^']*')""", re.IGNORECASE)
SVG = re.compile(r"<svg\b.*?</svg>", re.IGNORECASE | re.DOTALL)
SVG_NAME = re.compile(
    r"""^<svg\b[^>]*\b(?:aria-label(?:ledby)?\s*=\s*["'][^"']*[^"'\s]|aria-hidden\s*=\s*["']true)|<title\b[^>]*>\s*[^<\s]""",
    re.IGNORECASE,
)
PREDICT = re.compile(r"""^predict\(["']([\w-]+)["']\)\s*\Z""", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)


# ---------------------------------------------------------------- small readers of a cell


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def is_marked(cell: NotebookNode) -> bool:
    """True where nbval compares the stored output with a new run."""
    return cell.cell_type == "code" and bool(MARK.search(cell.source) or "nbval-check-output" in tags(cell))


def may_raise(cell: NotebookNode) -> bool:
    return "raises-exception" in tags(cell) or bool(RAISES.search(cell.source))


def texts(output: NotebookNode) -> Iterator[str]:
    """Every text that an output stores, base64 pictures left out."""
    if output.output_type == "stream":
        yield output.text
    elif output.output_type == "error":
        yield "\n".join([output.evalue, *output.traceback])
    else:
        for mime, data in output.data.items():
            if isinstance(data, str) and mime not in IMAGES:
                yield re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+", "data:", data)


# ---------------------------------------------------------------- normalise


def slug_for(cell: NotebookNode, taken: set[str]) -> str:
    """A readable id from the cell's first heading, definition or words."""
    lines = [line for line in cell.source.splitlines() if line.strip() and "NBVAL_" not in line] or ["empty"]
    definition = re.match(r"(?:def|class) (\w+)", lines[0])
    words = definition[1] if definition else lines[0]
    base = "-".join(re.findall(r"[a-z0-9]+", words.lower())[:5])[:48] or "cell"
    base = base if base[0].isalpha() else f"{cell.cell_type}-{base}"
    slug, n = base, 2
    while slug in taken or RANDOM_ID.fullmatch(slug):
        slug, n = f"{base}-{n}", n + 1
    return slug


def give_ids(nb: NotebookNode) -> None:
    """Cells with a random id get a slug; ids that are slugs stay for ever."""
    taken = {cell.get("id", "") for cell in nb.cells}
    for cell in nb.cells:
        if not has_slug(cell):
            cell["id"] = slug_for(cell, taken)
            taken.add(cell["id"])


def has_slug(cell: NotebookNode) -> bool:
    cell_id = cell.get("id", "")
    return bool(SLUG.fullmatch(cell_id)) and not RANDOM_ID.fullmatch(cell_id)


def quiet(text: str) -> str:
    """The text without what belongs to one machine or one run."""
    text = re.sub(r"\S*/ipykernel_\d+/\d+\.py:\d+", "this cell", text)
    text = re.sub(r"(?:[A-Z]:)?[\w./\\~ -]*[/\\]site-packages[/\\]([\w./\\-]+):\d+", r"\1", text)
    text = text.replace(f"{ROOT}{os.sep}", "")
    return ADDRESS.sub("", text)


def normal_output(output: NotebookNode) -> NotebookNode | None:
    """The output as it is stored; None where nothing is worth storing."""
    if output.output_type == "stream":
        kept = [line for line in quiet(output.text).splitlines(keepends=True) if not PROGRESS.search(line)]
        output.text = "".join(kept)
        return output if output.text.strip() else None
    if output.output_type == "error":
        # The frames hold paths and line numbers; what the lesson is about is the message.
        output.evalue = quiet(output.evalue)
        output.traceback = [f"{output.ename}: {output.evalue}"]
        return output
    if output.data.pop(WIDGET_VIEW, None) and "text/html" not in output.data:
        return None  # model ids are random, and a widget needs a kernel: a static picture stands beside it
    for mime, data in output.data.items():
        if mime.startswith("text/") and isinstance(data, str):
            output.data[mime] = quiet(data)
    if output.output_type == "execute_result":
        output.execution_count = RAN
    return output


def normalise(nb: NotebookNode) -> NotebookNode:
    """Same lesson, same bytes: nothing stays that changes from run to run or from machine to machine."""
    give_ids(nb)
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in nb.cells:
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})
        if cell.cell_type == "code":
            cell.execution_count = RAN
            cell.outputs = [kept for output in cell.outputs if (kept := normal_output(output)) is not None]
    return nb


# ---------------------------------------------------------------- run


def execute(path: Path, nb: NotebookNode, timeout: int) -> dict[str, float]:
    """Runs every cell in a fresh kernel of this very environment; returns seconds by cell id."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    from nbclient import NotebookClient

    began: dict[str, float] = {}
    seconds: dict[str, float] = {}

    def start(cell: NotebookNode, **_: object) -> None:
        began[cell.id] = time.perf_counter()

    def end(cell: NotebookNode, **_: object) -> None:
        seconds[cell.id] = time.perf_counter() - began.get(cell.id, time.perf_counter())

    client = NotebookClient(
        nb,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
        on_cell_execute=start,
        on_cell_executed=end,
    )
    # A learner's shell has no KERAS_BACKEND, so the kernel has none either.
    env = {k: v for k, v in os.environ.items() if k not in {"KERAS_BACKEND", "MPLBACKEND"}}
    # The author's own progress in the course stays out of what is stored.
    with tempfile.TemporaryDirectory() as not_yet_begun:
        client.execute(env=env | {"RECDROP_FOLDER": not_yet_begun})
    return seconds


def unstable_marks(nb: NotebookNode) -> list[str]:
    """Marked cells that print what no other run can repeat: nbval would compare it and fail."""
    problems = []
    for cell in nb.cells:
        if not is_marked(cell):
            continue
        raw = [output for output in cell.outputs if output.output_type != "error"]
        normal = [kept for output in raw if (kept := normal_output(deepcopy(output))) is not None]
        if [list(texts(output)) for output in normal] != [list(texts(output)) for output in raw]:
            problems.append(
                f"cell {cell.id}: is marked NBVAL_CHECK_OUTPUT but shows a widget, a progress bar, a path or "
                "an address, which differ at the next run; print the claim alone in the marked cell."
            )
    return problems


@app.command()
def run(
    files: list[Path],
    timeout: Annotated[int, typer.Option(help="Seconds one cell may take.")] = 120,
) -> None:
    """Run notebooks top to bottom, store their outputs, and normalise the file."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    failed = False
    for path in files:
        nb = read(path)
        give_ids(nb)
        began = time.perf_counter()
        try:
            seconds = execute(path.resolve(), nb, timeout)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path}: not written, a cell failed.\n{error}")
            failed = True
            continue
        took = time.perf_counter() - began
        problems = unstable_marks(nb)
        normalise(nb)
        if is_lesson(path):
            set_slides(nb)
        nbformat.write(nb, path)
        problems += check_notebook(path)
        slowest = max(seconds, key=seconds.__getitem__, default=None)
        where = f", slowest {slowest} {seconds[slowest]:.1f} s" if slowest else ""
        print(f"{path}: {took:.1f} s{where}, {path.stat().st_size / 1000:.0f} kB")
        failed |= report(path, problems)
    raise typer.Exit(int(failed))


def is_lesson(path: Path) -> bool:
    """A notebook of notebooks/: those become slides too."""
    return path.resolve().parent.name == "notebooks"


@app.command()
def slides(files: list[Path]) -> None:
    """Set which cells are slides, and nothing else."""
    for path in files:
        nb = read(path)
        if set_slides(nb):
            nbformat.write(nb, path)


@app.command()
def predictions(files: list[Path]) -> None:
    """Store each prediction's question as data/predictions.toml has it now; no cell is run."""
    for path in files:
        nb = read(path)
        for cell in nb.cells:
            if cell.cell_type == "code" and (asked := PREDICT.search(cell.source)):
                data = {"text/plain": repr(predict(asked[1])), "text/html": page_html(find(asked[1]))}
                result = nbformat.v4.new_output("execute_result", data=data, execution_count=RAN)
                cell.outputs, cell.execution_count = [result], RAN
        nbformat.write(nb, path)


# ---------------------------------------------------------------- check


def image_problems(cell: NotebookNode, folder: Path) -> Iterator[str]:
    """Pictures that a reader who does not see them would miss."""
    if cell.cell_type == "markdown":
        prose = FENCE.sub("", cell.source)
        for alt, target in MARKDOWN_IMAGE.findall(prose):
            if not alt.strip():
                yield f"the picture {target} has no alt text; write ![what it shows]({target})."
            is_file = "://" not in target and not target.startswith("attachment:")
            if is_file and not (folder / target).exists():
                yield f"the picture {target} does not exist."
        yield from html_image_problems(prose)
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        for mime in IMAGES:
            metadata = output.get("metadata", {})
            if mime in data and not (metadata.get("alt") or metadata.get(mime, {}).get("alt")):
                yield "shows a picture without alt text; show it with plots.show(fig, alt=…, caption=…)."
        for mime in ("text/html", "image/svg+xml"):
            yield from html_image_problems(str(data.get(mime, "")))


def html_image_problems(html: str) -> Iterator[str]:
    for tag in HTML_IMAGE.findall(html):
        if not HTML_ALT.search(tag):
            yield f"an <img> has no alt text: {tag[:60]}…"
    for svg in SVG.findall(html):
        if not SVG_NAME.search(svg):
            yield "an <svg> has no name; give it role=img and aria-label, or a <title>."
        if "<dc:date>" in svg:
            yield "an <svg> holds the date it was drawn; save it with metadata={'Date': None}."


def summary_problems(prose: str) -> Iterator[str]:
    for summary in re.findall(r"<summary>(.*?)</summary>", prose, flags=re.DOTALL):
        if found := re.search(r"[`$]|\*\*|\]\(", summary):
            yield f"a <summary> holds {found[0]!r}; it is HTML and shown as it stands: write <code> or <i>."


def output_problems(cell: NotebookNode) -> Iterator[str]:
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if is_marked(cell) and not cell.outputs:
        yield "is marked NBVAL_CHECK_OUTPUT but stores no output, so nothing is checked; run the notebook."
    if errors and not may_raise(cell):
        yield f"stores the error {errors[0].ename}; fix it, or tag the cell raises-exception."
    if may_raise(cell) and not errors:
        yield "promises an error but stores none; run the notebook, or take the tag raises-exception away."
    counts = [cell.execution_count, *(output.get("execution_count", RAN) for output in cell.outputs)]
    if any(count not in (RAN, None) for count in counts):
        yield f"stores an execution count other than {RAN}, which churns; run the notebook."
    if cell.outputs and cell.execution_count is None:
        yield "stores an output but no execution count, so nbval takes it for never run; run the notebook."
    for output in cell.outputs:
        if WIDGET_VIEW in output.get("data", {}):
            yield "stores a widget view, which no reader without a kernel can see; normalise it away."
        for text in texts(output):
            if ADDRESS.search(text):
                yield "stores a memory address, which changes at each run."
            if found := TIMING.search(text):
                yield f"stores a timing or a progress bar ({found[0].strip()}), which changes at each run."


def cell_problems(cell: NotebookNode, folder: Path) -> Iterator[str]:
    if not has_slug(cell):
        yield "its id is not a slug such as gate-order; run the notebook to get one."
    for key in sorted(set(cell.metadata) - KEPT_CELL_METADATA):
        yield f"carries stray metadata {key!r}."
    shown = [cell.source] + [text for output in cell.get("outputs", []) for text in texts(output)]
    for text in shown:
        if found := MACHINE_PATH.search(text):
            yield f"holds a machine path, {found[0]}."
    if cell.cell_type == "code":
        yield from output_problems(cell)
    if cell.cell_type == "markdown":
        yield from summary_problems(cell.source)
    yield from image_problems(cell, folder)


def check_notebook(path: Path) -> list[str]:
    """One sentence for each thing that is wrong with the file; an empty list when all is well."""
    nb = read(path)
    problems = []
    ids = Counter(cell.get("id") for cell in nb.cells)
    problems += [f"cell {cell_id}: its id is used {n} times." for cell_id, n in ids.items() if n > 1]
    for i, cell in enumerate(nb.cells):
        name = cell.get("id") or f"number {i}"
        problems += [f"cell {name}: {problem}" for problem in cell_problems(cell, path.parent)]
    if stray := sorted(set(nb.metadata) - {"kernelspec", "language_info"}):
        problems.append(f"the notebook carries stray metadata: {', '.join(stray)}.")
    if nb.metadata.get("kernelspec", {}).get("name") != "python3":
        problems.append("its kernel is not python3.")
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    is_assignment = any("nbgrader" in cell.metadata for cell in nb.cells)
    if code and not is_assignment and not any(cell.outputs for cell in code):
        problems.append("no cell stores an output; run the notebook.")
    if (size := path.stat().st_size) > MAX_BYTES:
        problems.append(
            f"it weighs {size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f}; draw lighter pictures."
        )
    return problems


def read(path: Path) -> NotebookNode:
    """The notebook as stored; a sentence instead of a traceback when it cannot be read."""
    warnings.simplefilter("ignore", nbformat.warnings.DuplicateCellId)  # it becomes a sentence of ours
    try:
        # nbformat.read would change doubled ids in silence
        nb = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        nbformat.validate(deepcopy(nb))
    except FileNotFoundError:
        raise typer.BadParameter(f"{path} does not exist.") from None
    except Exception as error:
        raise typer.BadParameter(f"{path} is not a valid notebook (format 4.5): {error}") from error
    return nb


def report(path: Path, problems: list[str]) -> bool:
    for problem in problems:
        print(f"{path}: {problem}", file=sys.stderr)
    return bool(problems)


@app.command()
def check(files: list[Path]) -> None:
    """Say, in a sentence each, what would churn in diffs, hide from readers, or check nothing."""
    failed = [path for path in files if report(path, check_notebook(path))]
    print(f"{len(files)} notebooks checked, {len(failed)} with problems.")
    raise typer.Exit(int(bool(failed)))


if __name__ == "__main__":
    app()
