"""The optimizers against PyTorch's on the same gradients, where the definitions coincide.

PyTorch's schedulers multiply the whole update by the decayed rate. That is what RMSProp and Adam do here, too, and SGD with
rate_scales="velocity"; with "gradient", its velocity keeps the rates it was made with.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adagrad import AdaGrad
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.adamw import AdamW
from nnbench.optimizers.amsgrad import AMSGrad
from nnbench.optimizers.muon import Muon
from nnbench.optimizers.nadamw import NAdamW
from nnbench.optimizers.radam import RAdam
from nnbench.optimizers.rmsprop import RMSProp
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.optimizers.sgd import SGD
from nnbench.training.stepper import Stepper

torch: Any = pytest.importorskip("torch")
STEPS, SIZE, DECAY = 50, 40, 0.02


def gradients() -> FloatArray:
    """From 1e-12 to 1e3 in size, and one parameter that never gets any."""
    rng = np.random.default_rng(0)
    scale: FloatArray = np.logspace(-12, 3, SIZE) * rng.standard_normal((STEPS, SIZE))
    scale[:, 5] = 0.0
    return scale


def ours(optimizer: Optimizer) -> FloatArray:
    parameters, slopes = np.linspace(-1.0, 1.0, SIZE), np.zeros(SIZE)
    step = Stepper(optimizer, parameters, slopes, []).step
    for k, given in enumerate(gradients()):
        slopes[:] = given
        step(k)
    return parameters


def theirs(make: Callable[[list[Any]], Any], decay: float = 0.0) -> FloatArray:
    parameters = torch.linspace(-1.0, 1.0, SIZE, dtype=torch.float64, requires_grad=True)
    parameters.data = torch.tensor(np.linspace(-1.0, 1.0, SIZE))
    optimizer = make([parameters])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1.0 / (1.0 + decay * k))
    for given in gradients():
        parameters.grad = torch.tensor(given)
        optimizer.step()
        schedule.step()
    result: FloatArray = parameters.detach().numpy()
    return result


SAME = {
    "sgd": (SGD(learning_rate=0.1), lambda p: torch.optim.SGD(p, lr=0.1), 0.0),
    "sgd with momentum": (
        SGD(learning_rate=0.1, momentum=0.9),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        0.0,
    ),
    "sgd with decay": (SGD(learning_rate=0.1, decay=DECAY), lambda p: torch.optim.SGD(p, lr=0.1), DECAY),
    "sgd with momentum and decay, the rate on the velocity": (
        SGD(learning_rate=0.1, momentum=0.9, decay=DECAY, rate_scales="velocity"),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        DECAY,
    ),
    "sgd with Nesterov's momentum": (
        SGD(learning_rate=0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        0.0,
    ),
    "sgd with Nesterov's momentum and decay, the rate on the velocity": (
        SGD(learning_rate=0.1, momentum=0.9, nesterov=True, decay=DECAY, rate_scales="velocity"),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        DECAY,
    ),
    "adagrad with decay": (
        AdaGrad(learning_rate=0.5, decay=DECAY, epsilon=1e-7),
        lambda p: torch.optim.Adagrad(p, lr=0.5, lr_decay=DECAY, eps=1e-7),
        0.0,
    ),
    "rmsprop": (
        RMSProp(learning_rate=0.01, decay=0.0, rho=0.95, epsilon=1e-7),
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-7),
        0.0,
    ),
    "rmsprop with decay": (
        RMSProp(learning_rate=0.01, decay=DECAY, rho=0.95, epsilon=1e-7),
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-7),
        DECAY,
    ),
    "adam": (
        Adam(learning_rate=0.01, epsilon=1e-7),
        lambda p: torch.optim.Adam(p, lr=0.01, eps=1e-7),
        0.0,
    ),
    "adam with decay": (
        Adam(learning_rate=0.01, decay=DECAY, beta_1=0.8, beta_2=0.99, epsilon=1e-5),
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-5),
        DECAY,
    ),
    "adamw": (AdamW(), lambda p: torch.optim.AdamW(p), 0.0),
    "adamw with decay": (
        AdamW(learning_rate=0.02, weight_decay=0.3, decay=DECAY, beta_1=0.8, beta_2=0.99, epsilon=1e-5),
        lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.3, betas=(0.8, 0.99), eps=1e-5),
        DECAY,
    ),
    "amsgrad": (AMSGrad(), lambda p: torch.optim.Adam(p, amsgrad=True), 0.0),
    "amsgrad with decay": (
        AMSGrad(learning_rate=0.02, decay=DECAY, beta_1=0.8, beta_2=0.9, epsilon=1e-5),
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.9), eps=1e-5, amsgrad=True),
        DECAY,
    ),
    "radam": (RAdam(), lambda p: torch.optim.RAdam(p), 0.0),
    "radam with weight decay and decay": (
        RAdam(learning_rate=0.02, decay=DECAY, weight_decay=0.3, beta_1=0.8, beta_2=0.97, epsilon=1e-5),
        lambda p: torch.optim.RAdam(p, lr=0.02, betas=(0.8, 0.97), eps=1e-5, weight_decay=0.3, decoupled_weight_decay=True),
        DECAY,
    ),
}


@pytest.mark.parametrize(("optimizer", "make", "decay"), SAME.values(), ids=SAME)
def test_same(optimizer: Optimizer, make: Callable[[list[Any]], Any], decay: float) -> None:
    np.testing.assert_allclose(ours(optimizer), theirs(make, decay), rtol=1e-12, atol=1e-12)


@pytest.fixture
def double_precision() -> Iterator[None]:
    """Of the products that PyTorch's NAdam keeps, which are otherwise in single precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double_precision")
def test_nadamw_is_pytorchs_with_a_constant_momentum() -> None:
    """A large momentum_decay; see the next test."""
    settings: dict[str, Any] = {"weight_decay": 0.01, "momentum_decay": 1e6}
    there = theirs(lambda p: torch.optim.NAdam(p, **settings, decoupled_weight_decay=True))
    np.testing.assert_allclose(ours(NAdamW(**settings)), there, rtol=1e-12, atol=1e-12)


def test_pytorchs_nadam_averages_by_another_momentum_than_the_paper() -> None:
    """By beta_1, where the paper has mu_t, which PyTorch takes for the step alone."""
    here = ours(NAdamW(weight_decay=0.0))
    there = theirs(lambda p: torch.optim.NAdam(p))
    assert np.abs(here - there).max() > 1e-3


def test_momentum_under_decay_differs() -> None:
    here = ours(SGD(learning_rate=0.1, momentum=0.9, decay=DECAY))
    there = theirs(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), DECAY)
    assert np.abs(here - there).max() > 0.01


@pytest.mark.parametrize("warmup", [0, 8])
def test_schedule_free_adamw_is_that_of_its_authors(warmup: int) -> None:
    authors: Any = pytest.importorskip("schedulefree")
    settings: dict[str, Any] = {"weight_decay": 0.1, "warmup_steps": warmup}
    start = np.linspace(-1.0, 1.0, SIZE)
    parameters, slopes = start.copy(), np.zeros(SIZE)
    stepper = Stepper(ScheduleFreeAdamW(learning_rate=0.02, beta_1=0.8, beta_2=0.99, **settings), parameters, slopes)
    their_parameters = torch.tensor(start, requires_grad=True)
    theirs = authors.AdamWScheduleFreePaper([their_parameters], lr=0.02, betas=(0.8, 0.99), **settings)
    for k, given in enumerate(gradients()):
        slopes[:] = given
        stepper.step(k)
        theirs.train()
        their_parameters.grad = torch.tensor(given)
        theirs.step()
        np.testing.assert_allclose(parameters, their_parameters.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=f"{k}")
        theirs.eval()
        judged = stepper.evaluation_parameters()
        np.testing.assert_allclose(judged, their_parameters.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=f"{k}")


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)], ids=str)
@pytest.mark.parametrize(("exact", "tolerance"), [(True, 2e-6), (False, 2**-5)])
def test_muon_is_torchs(shape: tuple[int, int], exact: bool, tolerance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a few times 2^-8 of each step: PyTorch's orthogonalises in bfloat16.

    Kept from that, it is the same but for the 1e-7 that Jordan's code adds to the norm.
    """
    if exact:
        monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    rng = np.random.default_rng(0)
    settings: dict[str, Any] = {"weight_decay": 0.1}
    weights, slopes = np.ones((shape[0] + 1, shape[1])), np.zeros((shape[0] + 1, shape[1]))
    optimizer = Muon(learning_rate=0.1, matrices="all", **settings)
    step = Stepper(optimizer, weights.ravel(), slopes.ravel(), [(weights, slopes)]).step
    matrix = torch.ones(shape[::-1], dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.Muon([matrix], lr=0.1, **settings)
    for k in range(10):
        given = rng.standard_normal(shape)
        before, their_before = weights[:-1].copy(), matrix.detach().numpy().T.copy()
        slopes[:-1] = given
        step(k)
        matrix.grad = torch.tensor(given.T)
        theirs.step()
        ours, expected = weights[:-1] - before, matrix.detach().numpy().T - their_before
        assert np.linalg.norm(ours - expected) < tolerance * np.linalg.norm(expected)
