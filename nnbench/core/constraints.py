"""The ranges that hyperparameters and settings live in, stated once, beside the value they bound.

They are annotations: `nnbench.config.validate` checks what a user wrote against them and words its messages from them. Every
one has an upper end, so that a slip of the finger is told of at once, instead of by a machine without memory.
"""

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

Positive = Annotated[float, Gt(0), Le(1e30)]  # float32 holds more, but could not compute with it
NonNegative = Annotated[float, Ge(0), Le(1e30)]
Fraction = Annotated[float, Ge(0), Lt(1)]  # a momentum, a decay rate of a moving average
Count = Annotated[int, Ge(1), Le(10_000_000)]
Index = Annotated[int, Ge(0), Le(2**32 - 1)]  # NumPy's older generators take no larger seed

# Runs for a 95 % interval: a nominal one of two values holds the truth in half of the cases, of five 89 %, of six 91 %.
MINIMUM_RUNS = 6
