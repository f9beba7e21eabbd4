"""The optimizers under test, a file each. A new one is a new file here (and a YAML in `conf/optimizer`)."""

from nnbench.core import registry
from nnbench.optimizers.base import Optimizer

__all__ = ["Optimizer", "find", "known"]


def known() -> tuple[str, ...]:
    """The names of the optimizers in this package, sorted."""
    return registry.known(__name__)


def find(algorithm: str) -> type[Optimizer]:
    """The optimizer called `algorithm`: a file of this package, or `package.module:Class` for one of your own.

    Raises:
        UserError: there is none.
    """
    return registry.find(Optimizer, __name__, algorithm, "optimizer.algorithm")  # type: ignore[type-abstract]  # looked up, never made
