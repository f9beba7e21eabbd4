"""Schedules of the learning rate, one module each. To add one, add a module here (and a YAML file in `conf/schedule`)."""

from nnbench.core import registry
from nnbench.schedules.base import Schedule

__all__ = ["Schedule", "find", "known"]


def known() -> tuple[str, ...]:
    """Return the sorted names of the schedules in this package."""
    return registry.known(__name__)


def find(name: str) -> type[Schedule]:
    """Return the schedule class `name`: a module of this package, or `package.module:Class`.

    Raises:
        UserError: there is none.
    """
    return registry.find(Schedule, __name__, name, "schedule.name")  # type: ignore[type-abstract]  # looked up, never made
