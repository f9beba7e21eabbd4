"""Seeded, tracked benchmark of optimizers on a NumPy network.

The names in `__all__` are the public interface. Each is imported at its first use, so that `import nnbench`, which every
worker process does, loads only this module.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnbench.api.compare import compare
    from nnbench.api.run import run
    from nnbench.api.study import Study, load_study
    from nnbench.api.train import train
    from nnbench.api.trained import Run
    from nnbench.core.arrays import FloatArray
    from nnbench.core.constraints import Fraction, NonNegative, Positive, Share
    from nnbench.core.errors import UserError
    from nnbench.datasets.base import Dataset, Distribution, Points, Splits, Table
    from nnbench.optimizers.base import Optimizer
    from nnbench.records.history import History
    from nnbench.schedules.base import Schedule

__version__ = "0.1.0"

__all__ = [
    "Dataset",
    "Distribution",
    "FloatArray",
    "Fraction",
    "History",
    "NonNegative",
    "Optimizer",
    "Points",
    "Positive",
    "Run",
    "Schedule",
    "Share",
    "Splits",
    "Study",
    "Table",
    "UserError",
    "__version__",
    "compare",
    "load_study",
    "run",
    "train",
]

# Public name -> the module that defines it.
_HOMES = {
    "Dataset": "nnbench.datasets.base",
    "Distribution": "nnbench.datasets.base",
    "FloatArray": "nnbench.core.arrays",
    "Fraction": "nnbench.core.constraints",
    "History": "nnbench.records.history",
    "NonNegative": "nnbench.core.constraints",
    "Optimizer": "nnbench.optimizers.base",
    "Points": "nnbench.datasets.base",
    "Positive": "nnbench.core.constraints",
    "Run": "nnbench.api.trained",
    "Schedule": "nnbench.schedules.base",
    "Share": "nnbench.core.constraints",
    "Splits": "nnbench.datasets.base",
    "Study": "nnbench.api.study",
    "Table": "nnbench.datasets.base",
    "UserError": "nnbench.core.errors",
    "compare": "nnbench.api.compare",
    "load_study": "nnbench.api.study",
    "run": "nnbench.api.run",
    "train": "nnbench.api.train",
}

# Hydra searches sys.path for its plugins. An installation puts them there; a checkout that is only on the path does not.
_PLUGINS = Path(__file__).parent / "plugins"
if _PLUGINS.is_dir() and str(_PLUGINS) not in sys.path:
    sys.path.append(str(_PLUGINS))


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
