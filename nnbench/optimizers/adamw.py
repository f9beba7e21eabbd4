"""AdamW: Adam with decoupled weight decay."""

from dataclasses import dataclass

import numpy as np
from numpy import multiply

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import NonNegative, Positive
from nnbench.optimizers.adam import CORRECTED, MOMENTS, Adam


@dataclass(kw_only=True)
class AdamW(Adam):
    """w *= 1 - rate * weight_decay, then Adam's update with the same rate, which is that of Adam before bias correction.

    Loshchilov and Hutter, ICLR 2019, algorithm 2, with the decay multiplied by the learning rate, as in PyTorch, whose
    defaults these are. All parameters decay, biases included; `training.weight_decay` with Adam exempts them.

    Not where weights should stay as large as the loss wants them: without a schedule, the decay pulls them to zero for ever.
    """

    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.01

    def formula(self) -> tuple[str, ...]:
        return (*MOMENTS, *CORRECTED, r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,\hat{m} / (\sqrt{\hat{v}} + \epsilon)")

    def allocate(self, parameters: FloatArray) -> None:
        super().allocate(parameters)
        self.shrinkage = np.zeros((), parameters.dtype)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        self.shrink(parameters, iteration)
        super().update(parameters, gradients, iteration)

    def shrink(self, parameters: FloatArray, iteration: int) -> None:
        """w *= 1 - rate * weight_decay."""
        if self.weight_decay:
            self.shrinkage[()] = 1.0 - self.weight_decay * self.learning_rate / (1.0 + self.decay * iteration)
            multiply(parameters, self.shrinkage, parameters)
