"""Optimizers, one module each. To add one, add a module here (and a YAML file in `conf/optimizer`)."""

import sys
from importlib import import_module

from nnbench.core import registry
from nnbench.optimizers.base import Optimizer

__all__ = ["Optimizer", "find", "known"]

# By its name: an import would make it, and the optimizers that it imports, a part of the source of every run.
_ADAPTER = "nnbench.optimizers._torch"


def known() -> tuple[str, ...]:
    """Return the sorted names of the optimizers in this package."""
    return registry.known(__name__)


def find(algorithm: str) -> type[Optimizer]:
    """Return the optimizer class `algorithm`: a module of this package, or `package.module:Class`, also one of PyTorch's.

    Raises:
        UserError: there is none.
    """
    return registry.find(Optimizer, __name__, algorithm, "optimizer.algorithm", _adapted)  # type: ignore[type-abstract]  # looked up, never made


def _adapted(kind: type) -> type[Optimizer] | None:
    """Return the adapter of a PyTorch optimizer; None for another class."""
    if "torch" not in sys.modules:  # which the module of such a class has imported
        return None
    adapter: type[Optimizer] | None = import_module(_ADAPTER).adapted(kind)
    return adapter
