"""The cells of the tutorial run, and their outputs agree with its texts."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"


def _outputs(cells: list[Any]) -> str:
    """All that the cells printed or returned, as text."""
    outputs = [output for cell in cells if cell["cell_type"] == "code" for output in cell["outputs"]]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


def test_the_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert _outputs(notebook["cells"]) == ""


@pytest.mark.heavy
@pytest.mark.timeout(600)
def test_every_cell_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    said = _outputs(notebook["cells"])
    assert "adam: 0." in said
    assert "sgd: 0." in said
    assert "report.pdf" in said
    assert "test/accuracy" in said
