"""Classification datasets, one module each. To add one, add a module here (and a YAML file in `conf/dataset`)."""

from nnbench.core import registry
from nnbench.datasets.base import Dataset, Points

__all__ = ["Dataset", "Points", "find", "known"]


def known() -> tuple[str, ...]:
    """Return the sorted names of the datasets in this package."""
    return registry.known(__name__)


def find(name: str) -> type[Dataset]:
    """Return the dataset class `name`: a module of this package, or `package.module:Class`.

    Raises:
        UserError: there is none.
    """
    return registry.find(Dataset, __name__, name, "dataset.name")  # type: ignore[type-abstract]  # looked up, never made
