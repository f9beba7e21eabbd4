"""Annotated types with the ranges of configuration values.

`nnbench.config.validate` checks values against them and builds its messages from them. Each range has an upper bound, so that
a typing error is reported before it exhausts the memory.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt

Positive = Annotated[float, Gt(0), Le(1e30)]  # float32 represents more, but its squares would overflow
NonNegative = Annotated[float, Ge(0), Le(1e30)]
Fraction = Annotated[float, Ge(0), Lt(1)]  # a momentum, a decay rate of a moving average
Share = Annotated[float, Gt(0), Le(1)]
Portion = Annotated[float, Ge(0), Le(1)]
Count = Annotated[int, Ge(1), Le(10_000_000)]
Index = Annotated[int, Ge(0), Le(2**32 - 1)]  # NumPy's older generators take no larger seed

# Runs needed for a 95 % interval: its actual coverage is 50 % with two runs, 89 % with five and 91 % with six.
MINIMUM_RUNS = 6
MINIMUM_SEARCHES = 3  # of two, both may be far from the mean by chance, and look as if searches did not differ


@dataclass(frozen=True)
class Needs:
    """Condition under which a field has an effect: `nesterov: Annotated[bool, Needs("momentum")]`.

    Attributes:
        fields: other fields of the same section, or dotted keys of the config, of which one must have one of the values.
        values: without any, each but 0, false, null and an empty list.
    """

    fields: tuple[str, ...]
    values: tuple[Any, ...] = ()

    def __init__(self, *fields: str, values: tuple[Any, ...] = ()) -> None:
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "values", values)
