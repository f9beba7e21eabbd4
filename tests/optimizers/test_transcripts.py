"""The optimizers against transcripts of their papers, step by step in float64.

Famous implementations have been wrong, so that one witness is not enough. The other is in `test_against_torch.py`,
`test_against_packages.py` and `test_lbfgs.py`.
"""

from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer, find, known
from nnbench.sweep.repeatability import SHIPPED
from nnbench.training.stepper import Stepper
from tests.optimizers.transcripts import TRANSCRIPTS, transcript

STEPS = 100
MATRICES = {"muon", "soap"}  # rules for weight matrices
LINE_SEARCH = {"lbfgs"}  # its transcript, of steps of a fixed length, and its line search are in test_lbfgs.py

# Hyperparameters far from the defaults, which are the other half of the cases.
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"learning_rate": 0.03, "momentum": 0.8}),
    ("sgd", {"learning_rate": 0.03, "momentum": 0.8, "nesterov": True}),
    ("adagrad", {"learning_rate": 0.3, "decay": 0.02, "epsilon": 1e-4}),
    ("rmsprop", {"learning_rate": 0.03, "decay": 0.02, "rho": 0.7, "epsilon": 1e-4}),
    ("adam", {"learning_rate": 0.03, "decay": 0.02, "beta_1": 0.8, "beta_2": 0.97, "epsilon": 1e-4}),
    ("adamw", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.97, "epsilon": 1e-4}),
    ("nadamw", {"learning_rate": 0.03, "beta_1": 0.8, "beta_2": 0.97, "epsilon": 1e-4, "momentum_decay": 0.3}),
    ("nadamw", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.0}),
    ("amsgrad", {"learning_rate": 0.03, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}),
    ("amsgrad", {"learning_rate": 0.03, "bias_correction": False, "beta_2": 0.9}),
    ("radam", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "epsilon": 1e-4, "threshold": 4.0}),
    ("radam", {"learning_rate": 0.03, "beta_2": 0.7}),  # its average is never long enough
    ("ademamix", {"learning_rate": 0.01, "weight_decay": 0.1, "beta_1": 0.8, "beta_3": 0.99, "warmup_steps": 60}),
    ("cautious_adamw", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.97, "epsilon": 1e-4}),
    ("mars", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.97, "gamma": 0.1, "epsilon": 1e-4}),
    ("adopt", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.97, "epsilon": 0.1}),
    ("adopt", {"learning_rate": 0.01, "clipping": False}),
    ("soap", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4, "frequency": 3}),
    ("prodigy", {"weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.97, "epsilon": 1e-4, "d_0": 1e-3, "d_coefficient": 0.5}),
    ("prodigy", {"learning_rate": 0.5, "d_0": 1e-2, "bias_correction": True}),
    ("prodigy", {"learning_rate": 0.5, "d_0": 1e-2, "safeguard_warmup": True}),
    ("lion", {"learning_rate": 0.03, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.97}),
    ("signum", {"learning_rate": 0.03, "momentum": 0.7}),
    ("muon", {"learning_rate": 0.03, "momentum": 0.8, "weight_decay": 0.1}),
    ("muon", {"learning_rate": 0.03, "momentum": 0.8, "nesterov": False}),
    (
        "schedule_free_adamw",
        {"learning_rate": 0.05, "weight_decay": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4, "warmup_steps": 7},
    ),
]
CASES: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in TRANSCRIPTS] + OTHERS
LABELS = [f"{name} {' '.join(f'{key}={value}' for key, value in changes.items())}" for name, changes in CASES]


def gradient(weights: FloatArray, t: int) -> FloatArray:
    """Of a valley along the axes, with noise that depends on the step alone."""
    flat = weights.ravel()
    noise = np.random.default_rng(t).standard_normal(flat.size)
    return np.asarray((np.logspace(-2, 0, flat.size) * (flat - 0.3) + 0.1 * noise).reshape(weights.shape))


def assert_follows(name: str, optimizer: Optimizer, shape: tuple[int, int]) -> None:
    """Compare 100 steps; a rule for matrices gets the weights of one layer, the others a vector."""
    matrix = name in MATRICES
    start: FloatArray = np.linspace(-1.0, 1.0, shape[0] * shape[1]).reshape(shape)
    # A layer has a bias too, the last row, which is AdamW's in a rule for matrices.
    whole, slopes = np.vstack([start, np.zeros(shape[1])]), np.zeros((shape[0] + 1, shape[1]))
    weights: FloatArray = whole[:-1]
    gradients: FloatArray = slopes[:-1]
    if matrix:
        stepper = Stepper(optimizer, whole.ravel(), slopes.ravel(), [(whole, slopes)])
    else:
        start, weights, gradients = start.ravel(), weights.ravel(), gradients.ravel()
        stepper = Stepper(optimizer, weights, gradients)
    for k, expected in zip(range(STEPS), transcript(name, optimizer, start, gradient), strict=False):
        gradients[:] = gradient(weights, k + 1)
        stepper.step(k)
        both = len(expected) > len(weights)
        found = np.concatenate([weights, stepper.evaluation_parameters()]) if both else weights
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12, err_msg=f"step {k}")


def test_every_optimizer_has_a_transcript() -> None:
    assert {*TRANSCRIPTS} | LINE_SEARCH == {*known()} & SHIPPED["optimizer"]


@pytest.fixture
def unique_eigenvectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make small eigenvalues differ.

    SOAP takes all eigenvectors of G^T G, of which those of the eigenvalue zero, if G is not square, are arbitrary: they
    depend on rounding.
    """
    eigh = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda a: eigh(a + np.diag(1e-3 * np.arange(len(a)))))


@pytest.mark.usefixtures("unique_eigenvectors")
@pytest.mark.parametrize(("name", "changes"), CASES, ids=LABELS)
def test_follows_its_paper(name: str, changes: dict[str, Any]) -> None:
    settings = {"matrices": "all"} if name == "muon" else {}
    optimizer = find(name)(**settings, **changes)
    for shape in [(3, 5), (5, 3), (4, 4)] if name in MATRICES else [(3, 4)]:
        assert_follows(name, optimizer, shape)


def test_muon_applies_its_polynomial_to_the_singular_values() -> None:
    """Of a matrix whose own span two orders of magnitude; the results are between 0.5 and 1.5, as its authors say."""
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.standard_normal((6, 6)))[0] for _ in range(2))
    expected = np.logspace(-1.5, 0, 6) / np.linalg.norm(np.logspace(-1.5, 0, 6))
    for _ in range(5):
        expected = 3.4445 * expected - 4.7750 * expected**3 + 2.0315 * expected**5
    weights, gradients = np.zeros((7, 6)), np.zeros((7, 6))
    gradients[:-1] = (u * np.logspace(-1.5, 0, 6)) @ v
    settings: dict[str, Any] = {"learning_rate": 1.0, "momentum": 0.0, "matrices": "all"}
    Stepper(find("muon")(**settings), weights.ravel(), gradients.ravel(), [(weights, gradients)]).step(0)
    np.testing.assert_allclose(weights[:-1], -(u * expected) @ v, rtol=0, atol=1e-5)  # 1e-7 is added to the norm
    assert ((expected > 0.5) & (expected < 1.5)).all()
