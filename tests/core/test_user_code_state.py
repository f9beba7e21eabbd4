"""Process-wide settings that a user's code changes are restored."""

from pathlib import Path

import numpy as np
import pytest

from nnbench import optimizers
from nnbench.sweep.failure import attempt

MODULE = """
from dataclasses import dataclass
import warnings
import numpy as np
from nnbench.optimizers.base import Optimizer

np.seterr(all="raise")
warnings.simplefilter("ignore")

@dataclass(kw_only=True)
class Strict(Optimizer):
    def update(self, parameters, gradients, iteration):
        parameters -= gradients
"""


def test_an_import_changes_neither_numpys_errors_nor_the_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    (tmp_path / "strict_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    errors, filters = np.geterr(), list(warnings.filters)
    assert optimizers.find("strict_module:Strict").__name__ == "Strict"
    assert np.geterr() == errors
    assert list(warnings.filters) == filters


def test_a_job_does_not_change_numpys_error_handling() -> None:
    errors = np.geterr()
    attempt(lambda: np.seterr(all="raise"))
    assert np.geterr() == errors
