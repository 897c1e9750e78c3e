"""Makes your own repository ready for readers on the web: its badges, and lessons for Colab and Kaggle.

    python tools/hosted_notebooks.py --repository you/course          changes notebooks/ and README.md
    python tools/hosted_notebooks.py --repository you/course --into hosted/

README gets one line of badges below its title: tests, website, Binder and Colab. Each lesson gets badges and
a first cell that installs.

On Colab and Kaggle the first cell installs what is missing, from that repository; elsewhere it only loads the
extension that lets a lesson run without Keras or PyTorch Geometric.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
BADGES, FIRST = "hosted-badges", "without-frameworks"
EXTENSION = "%load_ext recdrop_lessons"
INSTALL = """\
# On Colab and Kaggle: the course, which is not there. Elsewhere nothing is installed.
import importlib.util
import os

on_colab, on_kaggle = "COLAB_RELEASE_TAG" in os.environ, "KAGGLE_KERNEL_RUN_TYPE" in os.environ
if (on_colab or on_kaggle) and importlib.util.find_spec("recdrop_lessons") is None:
    get_ipython().run_line_magic("pip", "install -q '{source}'")
if on_colab:  # Colab shows other people's widgets when it is asked to
    from google.colab import output

    output.enable_custom_widget_manager()
{extension}"""


def badges(repository: str, branch: str, name: str) -> str:
    """Two links, each with its picture."""
    at = f"github.com/{repository}/blob/{branch}/notebooks/{name}"
    colab = f"https://colab.research.google.com/{at.replace('github.com', 'github', 1)}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://{at}"
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}) "
        f"[![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle})"
    )


def with_badges(readme: str, repository: str, branch: str) -> str:
    """README with one line of badges below its title, or with this line renewed."""
    owner, _, name = repository.partition("/")
    first, hub = "notebooks/00_start_here.ipynb", "https://colab.research.google.com"
    tests = f"https://github.com/{repository}/actions/workflows/test.yml"
    binder = f"https://mybinder.org/v2/gh/{repository}/{branch}?urlpath=lab/tree/{first}"
    line = (
        f"[![Tests]({tests}/badge.svg)]({tests}) "
        f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder}) "
        f"[![Colab]({hub}/assets/colab-badge.svg)]({hub}/github/{repository}/blob/{branch}/{first}) "
        f"[The course as a website](https://{owner}.github.io/{name}/)"
    )
    title, _, rest = re.sub(r"^\[!\[Tests\].*\n\n", "", readme, flags=re.MULTILINE).partition("\n\n")
    return f"{title}\n\n{line}\n\n{rest}"


def prepare(notebook: nbformat.NotebookNode, repository: str, branch: str, name: str) -> None:
    """Put both cells first, or renew them."""
    notebook.cells = [cell for cell in notebook.cells if cell.id not in (BADGES, FIRST)]
    source = f"recdrop_lessons[course,frameworks] @ git+https://github.com/{repository}@{branch}"
    first = nbformat.v4.new_code_cell(INSTALL.format(source=source, extension=EXTENSION), id=FIRST)
    first.execution_count = 1  # as of a cell that has run: see tools/notebooks.py
    title = 1 if notebook.cells and notebook.cells[0].cell_type == "markdown" else 0
    shown = nbformat.v4.new_markdown_cell(badges(repository, branch, name), id=BADGES)
    notebook.cells[title:title] = [shown, first]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repository", required=True, help="on GitHub: you/course")
    parser.add_argument("--branch", default="main")
    parser.add_argument(
        "--into", type=Path, default=ROOT / "notebooks", help="a folder; by default notebooks/"
    )
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", options.repository):
        parser.error(f"--repository is owner/name, not {options.repository!r}")
    options.into.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        prepare(notebook, options.repository, options.branch, path.name)
        nbformat.write(notebook, options.into / path.name)
        print(options.into / path.name)
    if options.into.resolve() == ROOT / "notebooks":
        page = ROOT / "README.md"
        readme = with_badges(page.read_text(encoding="utf-8"), options.repository, options.branch)
        page.write_text(readme, encoding="utf-8")
        print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
