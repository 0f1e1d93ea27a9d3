"""Run docs/notebook.ipynb and keep what its cells show.

    python docs/run_notebook.py [FILE]

FILE, the notebook itself unless told, is written; a cell that fails ends the run.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"

#: Facts of the machine that ran it, which would change the file at every run.
_CHANCE = ("execution", "collapsed", "scrolled")


def run_notebook(source: Path = NOTEBOOK) -> nbformat.NotebookNode:
    """The notebook with the outputs of a run in its own folder.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    notebook = nbformat.read(source, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(source.parent)}},
    )
    client.execute()
    for cell in notebook.cells:
        for name in _CHANCE:
            cell.metadata.pop(name, None)
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def main() -> None:
    """Run it and write it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK
    nbformat.write(run_notebook(), target)


if __name__ == "__main__":
    main()
