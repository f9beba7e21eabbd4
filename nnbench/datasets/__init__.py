"""The classification problems, a file each. A new one is a new file here (and a YAML in `conf/dataset`)."""

from nnbench.core import registry
from nnbench.datasets.base import Dataset, Points

__all__ = ["Dataset", "Points", "find", "known"]


def known() -> tuple[str, ...]:
    """The names of the datasets in this package, sorted."""
    return registry.known(__name__)


def find(name: str) -> type[Dataset]:
    """The dataset called `name`: a file of this package, or `package.module:Class` for one of your own.

    Raises:
        UserError: there is none.
    """
    return registry.find(Dataset, __name__, name, "dataset.name")  # type: ignore[type-abstract]  # looked up, never made
