"""Datasets, one module each. To add one, add a module here (and a YAML file in `conf/dataset`)."""

import inspect

from nnbench.core import registry
from nnbench.core.errors import UserError
from nnbench.datasets.base import Dataset, Distribution, Points, Splits, Table, checked_groups, checked_split

__all__ = ["Dataset", "Distribution", "Points", "Splits", "Table", "checked_groups", "checked_split", "find", "known"]


def known() -> tuple[str, ...]:
    """Return the sorted names of the datasets in this package."""
    return registry.known(__name__)


def find(name: str) -> type[Dataset]:
    """Return the dataset class `name`: a module of this package, or `package.module:Class`.

    Raises:
        UserError: there is none.
    """
    found = registry.find(Dataset, __name__, name, "dataset.name")  # type: ignore[type-abstract]  # looked up, never made
    if "split" in found.__abstractmethods__:
        for base, method in ((Distribution, "draw"), (Table, "load")):
            if inspect.isfunction(vars(found).get(method)):
                right = f"make it a subclass of nnbench.{base.__name__}"
                raise UserError(f"dataset.name={name}: a Dataset must define split, and it defines {method}; {right}")
    return found
