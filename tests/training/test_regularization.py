"""Weight decay, penalty, clipping and the schedule, against PyTorch where available."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.adamw import AdamW
from nnbench.optimizers.base import Layers
from nnbench.optimizers.muon import Muon
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.optimizers.sgd import SGD
from nnbench.schedules.cosine import Cosine
from nnbench.training.regularization import Clipping, Penalty, Regularization
from nnbench.training.stepper import Stepper

STEPS = 25
SHAPES = ((3, 4), (5, 4), (5, 2))  # of the layers' matrices, the last row of each the bias


def problem() -> tuple[FloatArray, FloatArray, Layers]:
    """Parameters and gradients as vectors, and as the matrices of layers."""
    sizes = [rows * columns for rows, columns in SHAPES]
    vectors = [np.linspace(-1.0, 1.0, sum(sizes)), np.zeros(sum(sizes))]
    views = [
        [part.reshape(shape) for part, shape in zip(np.split(vector, np.cumsum(sizes)[:-1]), SHAPES, strict=True)]
        for vector in vectors
    ]
    return vectors[0], vectors[1], list(zip(*views, strict=True))


def drawn() -> Iterator[FloatArray]:
    rng = np.random.default_rng(0)
    return (rng.standard_normal(problem()[1].size) for _ in range(STEPS))


def ours(optimizer: Optimizer, regularization: Regularization, **options: Any) -> FloatArray:
    parameters, gradients, layers = problem()
    step = Stepper(optimizer, parameters, gradients, layers, regularization=regularization, **options).step
    for k, given_gradient in enumerate(drawn()):
        gradients[:] = given_gradient
        step(k)
    return parameters


def theirs(name: str, *, biases: bool, limit: float | None = None, schedule: bool = False, **settings: Any) -> FloatArray:
    """PyTorch's, with a tensor for the weights and one for the bias of each layer."""
    torch: Any = pytest.importorskip("torch")
    parameters, gradients, layers = problem()
    tensors = [torch.tensor(part, requires_grad=True) for values, _ in layers for part in (values[:-1], values[-1])]
    decay = settings.pop("weight_decay", 0.0)
    groups = [
        {"params": tensors[::2], "weight_decay": decay},
        {"params": tensors[1::2], "weight_decay": decay if biases else 0.0},
    ]
    optimizer = getattr(torch.optim, name)(groups, **settings)
    multiplier = (lambda k: Cosine().multiplier(k, STEPS)) if schedule else (lambda k: 1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, multiplier)
    for given_gradient in drawn():
        gradients[:] = given_gradient
        slopes = [part.copy() for _, matrix in layers for part in (matrix[:-1], matrix[-1])]
        for tensor, slope in zip(tensors, slopes, strict=True):
            tensor.grad = torch.tensor(slope)
        if limit is not None:
            torch.nn.utils.clip_grad_norm_(tensors, limit)
        optimizer.step()
        scheduler.step()
    for (values, _), weights, bias in zip(layers, tensors[::2], tensors[1::2], strict=True):
        values[:-1], values[-1] = weights.detach().numpy(), bias.detach().numpy()
    return parameters


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("schedule", [False, True])
def test_weight_decay_makes_adamw_of_adam(biases: bool, schedule: bool) -> None:
    multiplier = (lambda k: Cosine().multiplier(k, STEPS)) if schedule else None
    regularization = Regularization(weight_decay=0.3, decay_biases=biases)
    found = ours(Adam(learning_rate=0.05, epsilon=1e-8), regularization, multiplier=multiplier)
    expected = theirs("AdamW", biases=biases, schedule=schedule, lr=0.05, weight_decay=0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(
    ("optimizer", "name", "settings"),
    [
        (SGD(learning_rate=0.1, momentum=0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
        (Adam(learning_rate=0.05, epsilon=1e-8), "Adam", {"lr": 0.05}),
    ],
)
def test_the_penalty_is_what_torch_calls_weight_decay(
    optimizer: Optimizer, name: str, settings: dict[str, Any], biases: bool
) -> None:
    found = ours(optimizer, Regularization(l2=0.2, decay_biases=biases))
    np.testing.assert_allclose(found, theirs(name, biases=biases, weight_decay=0.2, **settings), rtol=1e-10, atol=1e-12)


def test_clipping_is_torchs_but_for_the_millionth_that_it_adds_to_the_norm() -> None:
    found = ours(SGD(learning_rate=0.1), Regularization(clip_norm=2.0))
    np.testing.assert_allclose(found, theirs("SGD", biases=True, limit=2.0, lr=0.1), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(exponent=st.integers(-30, 30), limit=st.floats(1e-6, 1e6))
def test_a_clipped_gradient_keeps_its_direction(dtype: str, exponent: int, limit: float) -> None:
    """Also where the squares of the gradients exceed the largest number of float32."""
    start = np.array([3.0, -4.0, 0.0], dtype) * np.asarray(10.0**exponent, dtype)
    gradients = start.copy()
    clipping = Clipping(limit, gradients)
    with np.errstate(all="ignore"):
        clipping.apply()
    norm = 5.0 * 10.0**exponent
    np.testing.assert_allclose(gradients, start * min(1.0, limit / norm), rtol=1e-5, atol=float(np.finfo(dtype).tiny) * 10)
    assert clipping.share == float(norm > limit)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_gradients_that_are_not_finite_stay_so(bad: float) -> None:
    gradients = np.array([1.0, bad, 2.0])
    Clipping(0.1, gradients).apply()
    np.testing.assert_array_equal(gradients, [1.0, bad, 2.0])


def test_the_penalty_s_gradient_is_its_derivative() -> None:
    weights, gradients = np.array([1.0, -2.0, 0.5]), np.zeros(3)
    penalty = Penalty(0.3, [(weights, gradients)])
    penalty.add_gradient()
    for i in range(3):
        weights[i] += 1e-6
        above = penalty.value()
        weights[i] -= 2e-6
        below = penalty.value()
        weights[i] += 1e-6
        assert gradients[i] == pytest.approx((above - below) / 2e-6, rel=1e-6)


def test_each_part_decays_by_its_own_learning_rate() -> None:
    """Muon's hidden weights and AdamW's others, without any gradient."""
    parameters, gradients, layers = problem()
    before = [values.copy() for values, _ in layers]
    optimizer = Muon(learning_rate=0.5, adamw_learning_rate=0.1)
    Stepper(optimizer, parameters, gradients, layers, regularization=Regularization(weight_decay=0.2)).step(0)
    for (values, _), start, rate in zip(layers, before, (0.1, 0.5, 0.1), strict=True):
        np.testing.assert_allclose(values[:-1], start[:-1] * (1 - 0.2 * rate), rtol=1e-12)
        np.testing.assert_array_equal(values[-1], start[-1])


def test_weight_decay_that_would_be_lost_is_refused() -> None:
    with pytest.raises(ValueError, match="ScheduleFreeAdamW has its own weight decay"):
        ours(ScheduleFreeAdamW(), Regularization(weight_decay=0.1))


def test_options_that_are_off_change_nothing() -> None:
    np.testing.assert_array_equal(ours(AdamW(), Regularization()), ours(AdamW(), Regularization(clip_norm=1e9)))
