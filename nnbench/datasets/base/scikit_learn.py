"""Tables included in scikit-learn, read from its files, since importing its datasets takes a second in every worker."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt


def read(name: str, delimiter: str | None = None) -> npt.NDArray[np.float64]:
    """Return the numbers of a file in `sklearn/datasets/data`, one row per line.

    Args:
        name: of the file.
        delimiter: between the numbers of a line; white space by default.
    """
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("scikit-learn is not installed, and this dataset is read from its files")
    return np.loadtxt(Path(spec.submodule_search_locations[0], "datasets", "data", name), delimiter=delimiter)
