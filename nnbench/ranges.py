"""The ranges that hyperparameters and settings live in, stated once, beside the value they bound.

They are annotations: `nnbench.config` checks what a user wrote against them and words its messages from them.
"""

from typing import Annotated

from annotated_types import Ge, Gt, Lt

Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Lt(1)]  # a momentum, a decay rate of a moving average
Count = Annotated[int, Ge(1)]
Index = Annotated[int, Ge(0)]
