"""How much memory one student's kernel takes with a notebook run to its end: what a hub must give each.

python tools/kernel_memory.py notebooks/03_where_dropout_happens.ipynb
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import nbformat
from nbclient import NotebookClient

# ipykernel brings psutil along.
ASK = """
import json, psutil
used = psutil.Process().memory_full_info()
print(json.dumps([used.rss, used.uss]))
"""


def kernel_memory(notebook: Path) -> tuple[int, int]:
    """Bytes that the kernel holds after the last cell: all, and those that no other process shares."""
    nb = nbformat.read(notebook, as_version=4)
    nb.cells.append(nbformat.v4.new_code_cell(ASK))
    NotebookClient(nb, resources={"metadata": {"path": str(notebook.parent)}}, allow_errors=True).execute()
    held, own = json.loads(nb.cells[-1].outputs[-1].text)
    return held, own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("notebook", type=Path, nargs="+")
    for path in parser.parse_args().notebook:
        held, own = kernel_memory(path)
        print(f"{path.stem}: {held / 1e6:.0f} MB, of which {own / 1e6:.0f} MB are its own")


if __name__ == "__main__":
    main()
