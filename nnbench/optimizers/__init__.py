"""Optimizers, one module each. To add one, add a module here (and a YAML file in `conf/optimizer`)."""

from nnbench.core import registry
from nnbench.optimizers.base import Optimizer

__all__ = ["Optimizer", "find", "known"]


def known() -> tuple[str, ...]:
    """Return the sorted names of the optimizers in this package."""
    return registry.known(__name__)


def find(algorithm: str) -> type[Optimizer]:
    """Return the optimizer class `algorithm`: a module of this package, or `package.module:Class`.

    Raises:
        UserError: there is none.
    """
    return registry.find(Optimizer, __name__, algorithm, "optimizer.algorithm")  # type: ignore[type-abstract]  # looked up, never made
