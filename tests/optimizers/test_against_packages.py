"""The optimizers against implementations in PyTorch packages, on the same gradients.

Where a package differs from the paper, the test says in what and removes the difference.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer
from nnbench.optimizers.lion import Lion
from nnbench.optimizers.signum import Signum
from nnbench.training.stepper import Stepper

torch: Any = pytest.importorskip("torch")
packages: Any = pytest.importorskip("pytorch_optimizer")
STEPS, SIZE = 100, 40
Make = Callable[[list[Any]], Any]


def gradients() -> FloatArray:
    """From 1e-6 to 1e3 in size, and one parameter that never gets any."""
    scale: FloatArray = np.logspace(-6, 3, SIZE) * np.random.default_rng(0).standard_normal((STEPS, SIZE))
    scale[:, 5] = 0.0
    return scale


def assert_same(optimizer: Optimizer, make: Make, given: FloatArray | None = None, *, rtol: float = 1e-10) -> None:
    """Compare the parameters after each step."""
    given = gradients() if given is None else given
    start = np.linspace(-1.0, 1.0, given[0].size)
    parameters, slopes = start.copy(), np.zeros_like(start)
    step = Stepper(optimizer, parameters, slopes).step
    tensor = torch.tensor(start, requires_grad=True)
    theirs = make([tensor])
    for k, each in enumerate(given):
        slopes[:] = each
        step(k)
        tensor.grad = torch.tensor(each)
        theirs.step()
        np.testing.assert_allclose(parameters, tensor.detach().numpy(), rtol=rtol, atol=1e-12, err_msg=f"step {k}")


SAME: dict[str, tuple[Optimizer, Make]] = {
    "lion": (Lion(), lambda p: packages.Lion(p, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0)),
    "lion with weight decay": (
        Lion(learning_rate=0.02, beta_1=0.8, beta_2=0.95, weight_decay=0.3),
        lambda p: packages.Lion(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.3, weight_decouple=True),
    ),
    "signum": (Signum(), lambda p: packages.SignSGD(p, lr=1e-4, momentum=0.9)),
    "signum without momentum": (Signum(learning_rate=0.1, momentum=0.0), lambda p: packages.SignSGD(p, lr=0.1, momentum=0.0)),
}


@pytest.mark.parametrize(("optimizer", "make"), SAME.values(), ids=SAME)
def test_same(optimizer: Optimizer, make: Make) -> None:
    assert_same(optimizer, make)
