"""The optimizers against transcripts of their papers, step by step in float64.

A transcript says what the paper says, in its order and without regard to speed; famous implementations have been wrong, so
that one witness is not enough. The other is in `test_against_torch.py` and `test_lbfgs.py`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adamw import AdamW
from nnbench.optimizers.muon import Muon
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.training.stepper import Stepper

STEPS = 40
Gradient = Callable[[FloatArray, int], FloatArray]
Transcript = Callable[..., Iterator[FloatArray]]


def gradient(weights: FloatArray, k: int) -> FloatArray:
    """Of a valley along the axes, with noise that depends on the step alone."""
    flat = weights.ravel()
    noise = np.random.default_rng(k).standard_normal(flat.size)
    return np.asarray((np.logspace(-2, 1, flat.size) * (flat - 0.3) + 0.1 * noise).reshape(weights.shape))


def adamw(w: FloatArray, *, rate: float, decay: float, b1: float, b2: float, epsilon: float) -> Iterator[FloatArray]:
    """Loshchilov and Hutter 2019, algorithm 2, with lambda * alpha in place of lambda."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, STEPS + 1):
        g = gradient(w, t)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        w = w - rate * (m_hat / (np.sqrt(v_hat) + epsilon) + decay * w)
        yield w


def schedule_free(
    w: FloatArray, *, rate: float, decay: float, b1: float, b2: float, epsilon: float, warmup: int
) -> Iterator[FloatArray]:
    """Defazio et al. 2024, algorithm 1; yields y, at which the next gradient is taken, stacked on x."""
    x, z, v, total = w, w, np.zeros_like(w), 0.0
    for t in range(1, STEPS + 1):
        y = (1 - b1) * z + b1 * x
        g = gradient(y, t)
        v = b2 * v + (1 - b2) * g**2
        gamma = rate * np.sqrt(1 - b2**t) * min(1, t / warmup)
        z = z - gamma * g / (np.sqrt(v) + epsilon) - gamma * decay * y
        total += gamma**2
        c = gamma**2 / total
        x = (1 - c) * x + c * z
        yield np.concatenate([(1 - b1) * z + b1 * x, x])


def muon(w: FloatArray, *, rate: float, momentum: float, nesterov: bool, decay: float) -> Iterator[FloatArray]:
    """Jordan et al. 2024. The polynomial acts on singular values alone, so it is applied to those of a decomposition."""
    w, m = w.T, np.zeros_like(w.T)  # their matrices are (outputs, inputs)
    for t in range(1, STEPS + 1):
        g = gradient(w.T, t).T
        m = momentum * m + (1 - momentum) * g
        update = (1 - momentum) * g + momentum * m if nesterov else m
        u, s, v = np.linalg.svd(update / (np.linalg.norm(update) + 1e-7), full_matrices=False)
        for _ in range(5):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        w = w * (1 - rate * decay) - rate * max(1, w.shape[0] / w.shape[1]) ** 0.5 * (u * s) @ v
        yield w.T


CASES: dict[str, tuple[Optimizer, Transcript, dict[str, Any]]] = {
    "AdamW": (
        AdamW(learning_rate=0.03, weight_decay=0.1, beta_1=0.8, beta_2=0.97, epsilon=1e-6),
        adamw,
        {"rate": 0.03, "decay": 0.1, "b1": 0.8, "b2": 0.97, "epsilon": 1e-6},
    ),
    "AdamW's defaults": (AdamW(), adamw, {"rate": 0.001, "decay": 0.01, "b1": 0.9, "b2": 0.999, "epsilon": 1e-8}),
    "Schedule-Free AdamW": (
        ScheduleFreeAdamW(learning_rate=0.05, weight_decay=0.1, beta_1=0.8, beta_2=0.95, epsilon=1e-6, warmup_steps=7),
        schedule_free,
        {"rate": 0.05, "decay": 0.1, "b1": 0.8, "b2": 0.95, "epsilon": 1e-6, "warmup": 7},
    ),
    "Schedule-Free AdamW's defaults": (
        ScheduleFreeAdamW(),
        schedule_free,
        {"rate": 0.0025, "decay": 0.0, "b1": 0.9, "b2": 0.999, "epsilon": 1e-8, "warmup": 1},
    ),
}


@pytest.mark.parametrize(("optimizer", "transcript", "settings"), CASES.values(), ids=CASES)
def test_follows_its_paper(optimizer: Optimizer, transcript: Transcript, settings: dict[str, Any]) -> None:
    start = np.linspace(-1.0, 1.0, 12)
    weights, gradients = start.copy(), np.zeros(12)
    stepper = Stepper(optimizer, weights, gradients)
    for k, expected in enumerate(transcript(start, **settings)):
        gradients[:] = gradient(weights, k + 1)
        stepper.step(k)
        found = weights
        if len(expected) > len(weights):
            found = np.concatenate([weights, stepper.evaluation_parameters()])
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13, err_msg=f"step {k}")


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)], ids=str)
@pytest.mark.parametrize(("nesterov", "decay"), [(True, 0.0), (False, 0.1)])
def test_muon_follows_its_paper(shape: tuple[int, int], nesterov: bool, decay: float) -> None:
    optimizer = Muon(learning_rate=0.03, momentum=0.8, nesterov=nesterov, weight_decay=decay, matrices="all")
    start = np.linspace(-1.0, 1.0, shape[0] * shape[1]).reshape(shape)
    # A layer has a bias, too, which is AdamW's: the last row.
    weights, gradients = np.vstack([start, np.zeros(shape[1])]), np.zeros((shape[0] + 1, shape[1]))
    step = Stepper(optimizer, weights.ravel(), gradients.ravel(), [(weights, gradients)]).step
    for k, expected in enumerate(muon(start, rate=0.03, momentum=0.8, nesterov=nesterov, decay=decay)):
        gradients[:-1] = gradient(weights[:-1], k + 1)
        step(k)
        np.testing.assert_allclose(weights[:-1], expected, rtol=1e-9, atol=1e-11, err_msg=f"step {k}")


def test_orthogonalised_singular_values_are_near_one() -> None:
    """Of a matrix whose own span two orders of magnitude."""
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.standard_normal((6, 6)))[0] for _ in range(2))
    weights, gradients = np.zeros((7, 6)), np.zeros((7, 6))
    gradients[:-1] = (u * np.logspace(-1.5, 0, 6)) @ v
    optimizer = Muon(learning_rate=1.0, momentum=0.0, matrices="all")
    Stepper(optimizer, weights.ravel(), gradients.ravel(), [(weights, gradients)]).step(0)
    values = np.linalg.svd(weights[:-1], compute_uv=False)
    assert ((values > 0.5) & (values < 1.5)).all()
