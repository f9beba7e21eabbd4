"""Cautious AdamW: AdamW that leaves parameters unchanged where its step opposes the gradient."""

from dataclasses import dataclass

import numpy as np
from numpy import copyto, count_nonzero, greater, multiply

from nnbench.core.arrays import FloatArray
from nnbench.optimizers.adam import CORRECTED, MOMENTS
from nnbench.optimizers.adamw import AdamW


@dataclass(kw_only=True)
class CautiousAdamW(AdamW):
    """AdamW with the step u where u * g > 0 and zero elsewhere, times n / (k + 1) where k of the n parameters keep theirs.

    Liang et al., "Cautious Optimizers: Improving Training with One Line of Code", 2024, arXiv:2411.16085, algorithm 1 and its
    default scale; n is the number of all parameters of the network. Its authors' code counts in each tensor on its own.

    Not for small batches: where gradients are mostly noise, half of the signs disagree by chance, and the other steps double.
    """

    indivisible = True

    def formula(self) -> tuple[str, ...]:
        return (
            *MOMENTS,
            *CORRECTED,
            r"u = \hat{m} / (\sqrt{\hat{v}} + \epsilon)",
            r"\phi = [u\,g > 0]",
            r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,\phi\,u\,N / (\Vert\phi\Vert_1 + 1)",
        )

    def allocate(self, parameters: FloatArray) -> None:
        super().allocate(parameters)
        self.direction = np.zeros_like(parameters)
        self.kept = np.zeros(parameters.shape, bool)
        self.share = 1.0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        first, direction, kept = self.first, self.direction, self.kept
        copyto(direction, gradients)
        self.shrink(parameters, iteration)
        self.set_factors(iteration)
        self.average(gradients)
        multiply(direction, first, direction)
        greater(direction, 0.0, kept)
        count = count_nonzero(kept)
        self.share = count / kept.size
        copyto(direction, kept)
        multiply(direction, first, direction)
        multiply(self.rate, kept.size / (count + 1.0), self.rate)
        self.descend(parameters, direction, self.second, gradients)

    def diagnostics(self) -> dict[str, float]:
        """Return `kept_share`, the share of the parameters that the last step has changed."""
        return {"kept_share": self.share}
