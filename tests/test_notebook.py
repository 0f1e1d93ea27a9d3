"""The notebook runs from its first cell to its last, and shows the model that is shipped."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient", reason="nbclient is not installed: the extra [dev]")
pytest.importorskip("ipykernel", reason="ipykernel is not installed: the extra [dev]")

import nbformat

from detector.model.bundle import Bundle

DOCS = Path(__file__).parents[1] / "docs"
AGAIN = "python docs/run_notebook.py shows what it shows now"


def list_outputs(notebook: Any) -> list[tuple[str, list[str]]]:
    """What kinds of output each cell has."""
    return [
        (cell.id, sorted(kind for output in cell.outputs for kind in output.get("data", ["text"])))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.fixture(scope="module")
def kept() -> Any:
    return nbformat.read(DOCS / "notebook.ipynb", as_version=4)


def test_what_the_notebook_shows_is_of_the_shipped_model(kept: Any) -> None:
    nbformat.validate(kept)
    model = Bundle.open(None).identifier
    shown = "".join(str(cell.get("outputs", "")) for cell in kept.cells)
    assert f"<Detector {model}," in shown, AGAIN
    assert f"|model:{model}|" in shown, AGAIN
    assert "mt-detector" in shown


@pytest.mark.slow
def test_every_cell_runs(kept: Any) -> None:
    run_notebook = runpy.run_path(str(DOCS / "run_notebook.py"))["run_notebook"]
    answered = run_notebook(DOCS / "notebook.ipynb")
    assert list_outputs(answered) == list_outputs(kept), AGAIN
    assert not [
        o for c in answered.cells for o in c.get("outputs", []) if o.get("name") == "stderr"
    ]
    html = [o.data["text/html"] for c in answered.cells if c.id == "compare" for o in c.outputs]
    assert "flagged" in html[0]
    assert "machine-rewritten" in html[0]
