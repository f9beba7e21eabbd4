"""The optimizers against implementations in PyTorch packages, on the same gradients.

Where a package differs from the paper, the test says in what and removes the difference.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer
from nnbench.optimizers.ademamix import AdEMAMix
from nnbench.optimizers.adopt import ADOPT
from nnbench.optimizers.cautious_adamw import CautiousAdamW
from nnbench.optimizers.lion import Lion
from nnbench.optimizers.mars import MARS
from nnbench.optimizers.prodigy import Prodigy
from nnbench.optimizers.signum import Signum
from nnbench.optimizers.soap import SOAP
from nnbench.training.stepper import Stepper

torch: Any = pytest.importorskip("torch")
packages: Any = pytest.importorskip("pytorch_optimizer")
prodigyopt: Any = pytest.importorskip("prodigyopt")
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


def small_gradients() -> FloatArray:
    """Of norms from 0.1 to 10."""
    rng = np.random.default_rng(0)
    given: FloatArray = np.logspace(-1, 1, STEPS)[:, None] * rng.standard_normal((STEPS, SIZE)) / SIZE**0.5
    return given


SAME: dict[str, tuple[Optimizer, Make]] = {
    "lion": (Lion(), lambda p: packages.Lion(p, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0)),
    "lion with weight decay": (
        Lion(learning_rate=0.02, beta_1=0.8, beta_2=0.95, weight_decay=0.3),
        lambda p: packages.Lion(p, lr=0.02, betas=(0.8, 0.95), weight_decay=0.3, weight_decouple=True),
    ),
    "signum": (Signum(), lambda p: packages.SignSGD(p, lr=1e-4, momentum=0.9)),
    "signum without momentum": (Signum(learning_rate=0.1, momentum=0.0), lambda p: packages.SignSGD(p, lr=0.1, momentum=0.0)),
    # The authors' code has the same schedules with 1e-8 added to the betas.
    "ademamix": (AdEMAMix(), lambda p: packages.AdEMAMix(p, lr=1e-3, betas=(0.9, 0.999, 0.9999), alpha=5.0, eps=1e-8)),
    "ademamix with weight decay and warm-up": (
        AdEMAMix(learning_rate=0.02, beta_1=0.8, beta_2=0.97, beta_3=0.99, alpha=8.0, warmup_steps=60, weight_decay=0.3),
        lambda p: packages.AdEMAMix(
            p, lr=0.02, betas=(0.8, 0.97, 0.99), alpha=8.0, t_alpha_beta3=60, weight_decay=0.3, weight_decouple=True
        ),
    ),
    # Without its slow average, the package's cautious AdEMAMix is cautious AdamW; one tensor is then all parameters.
    "cautious adamw": (
        CautiousAdamW(learning_rate=0.02, beta_1=0.8, beta_2=0.97, weight_decay=0.3),
        lambda p: packages.AdEMAMix(
            p, lr=0.02, betas=(0.8, 0.97, 0.9), alpha=0.0, weight_decay=0.3, weight_decouple=True, cautious=True
        ),
    ),
    # The package clips its first step, its second call, to 2^(1/4), where the paper has 1.
    "adopt": (ADOPT(), lambda p: packages.ADOPT(p, lr=1e-3, clip_lambda=lambda step: (step - 1) ** 0.25)),
    "adopt with weight decay": (
        ADOPT(learning_rate=0.02, beta_1=0.8, beta_2=0.97, epsilon=0.1, weight_decay=0.3, clipping=False),
        lambda p: packages.ADOPT(
            p, lr=0.02, betas=(0.8, 0.97), eps=0.1, weight_decay=0.3, weight_decouple=True, clip_lambda=None
        ),
    ),
    # The authors add the new d times epsilon to sqrt(v), the paper the old one: an epsilon of nearly zero is the same.
    "prodigy": (Prodigy(epsilon=1e-30), lambda p: prodigyopt.Prodigy(p, eps=1e-30)),
    "prodigy with its options": (
        Prodigy(
            learning_rate=0.5,
            d_0=1e-3,
            d_coefficient=2.0,
            weight_decay=0.1,
            bias_correction=True,
            safeguard_warmup=True,
            epsilon=1e-30,
        ),
        lambda p: prodigyopt.Prodigy(
            p, lr=0.5, d0=1e-3, d_coef=2.0, weight_decay=0.1, use_bias_correction=True, safeguard_warmup=True, eps=1e-30
        ),
    ),
}


@pytest.mark.parametrize(("optimizer", "make"), SAME.values(), ids=SAME)
def test_same(optimizer: Optimizer, make: Make) -> None:
    assert_same(optimizer, make)


@pytest.mark.parametrize("gamma", [0.0, 0.025, 0.1])
def test_mars_is_its_authors_but_for_the_first_step(gamma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package, as the authors' code, takes zero for the gradient before the first; the paper, the same point twice.

    The package also adds 1e-15 to v, and epsilon before Adam's correction; the authors' code does neither.
    """
    for name in ("apply_ams_bound", "apply_ams_bound_foreach"):
        exact = partial(getattr(packages.MARS, name), exp_avg_sq_eps=0.0)
        monkeypatch.setattr(packages.MARS, name, staticmethod(exact))
    given = small_gradients()

    def make(parameters: list[Any]) -> Any:
        settings: dict[str, Any] = {"gamma": gamma, "optimize_1d": True, "weight_decay": 0.1, "eps": 1e-30}
        theirs = packages.MARS(parameters, lr=0.003, **settings)
        parameters[0].grad = torch.tensor(given[0])
        theirs.init_group(theirs.param_groups[0])
        theirs.state[parameters[0]]["last_grad"] = torch.tensor(given[0])
        return theirs

    assert_same(MARS(gamma=gamma, weight_decay=0.1, epsilon=1e-30), make, given)


def shifted(matrix: FloatArray) -> FloatArray:
    """A matrix whose small eigenvalues differ."""
    return np.asarray(matrix + np.diag(1e-3 * np.arange(len(matrix))))


@pytest.mark.parametrize("shape", [(4, 4), (3, 5)], ids=str)
def test_soap_is_that_of_the_package(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """With orthogonal factors in double precision, where the package has single precision.

    If a matrix is not square, the eigenvectors of the eigenvalue zero are arbitrary: small eigenvalues are made to differ.
    """
    monkeypatch.setattr(torch, "float32", torch.float64)
    eigh = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda a: eigh(shifted(a)))
    monkeypatch.setattr(torch.linalg, "eigh", lambda a: tuple(torch.tensor(part) for part in eigh(shifted(a.numpy()))))
    weights, slopes = np.ones((shape[0] + 1, shape[1])), np.zeros((shape[0] + 1, shape[1]))
    step = Stepper(SOAP(frequency=3), weights.ravel(), slopes.ravel(), [(weights, slopes)]).step
    matrix = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    theirs = packages.SOAP([matrix], lr=0.003, betas=(0.95, 0.95), precondition_frequency=3, weight_decay=0.01)
    for k in range(STEPS):
        given = np.random.default_rng(k).standard_normal(shape)
        slopes[:-1] = given
        step(k)
        matrix.grad = torch.tensor(given)
        theirs.step()
        np.testing.assert_allclose(weights[:-1], matrix.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=f"step {k}")
