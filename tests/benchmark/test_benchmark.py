"""The benchmark's own machinery: that it compares like with like and says what it found. Never how fast."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnbench.benchmark import naive
from nnbench.benchmark.training import SETTINGS, against_naive, compare
from nnbench.optimizers import known

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden_float64.npz"


def test_every_optimizer_is_compared() -> None:
    assert sorted(SETTINGS) == sorted(naive.OPTIMIZERS) == list(known())


def test_the_naive_loop_is_the_notebooks() -> None:
    with np.load(GOLDEN) as golden:
        start = [np.vstack([golden[f"seed0/adam/W{layer}"], np.zeros((1, width))]) for layer, width in ((1, 64), (2, 3))]
        rule = naive.Adam(learning_rate=0.05, decay=5e-7, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
        losses, accuracies = naive.train(start, golden["seed0/X"], golden["seed0/y"], rule, 101)
        np.testing.assert_allclose(losses, golden["seed0/adam/loss"], rtol=1e-11)
        np.testing.assert_array_equal(accuracies, golden["seed0/adam/accuracy"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_naive_loop_keeps_the_dtype(dtype: str) -> None:
    layer = naive.Dense(np.ones((3, 2), dtype))
    layer.backward(layer.forward(np.ones((4, 2), dtype)))
    for _ in range(2):
        naive.Adam(learning_rate=0.05, decay=0.0, beta_1=0.9, beta_2=0.999, epsilon=1e-7).update(layer)
    assert {layer.weights.dtype, layer.biases.dtype, *(s.dtype for s in layer.state.values())} == {np.dtype(dtype)}


def test_rounds_are_paired() -> None:
    theirs, ours = compare(against_naive, "adam", "float32", rounds=3, epochs=5)
    assert theirs.shape == ours.shape == (3,)
    assert (theirs > 0).all()
    assert (ours > 0).all()


@pytest.mark.parametrize("rival", ["naive", "torch"])
def test_the_command_prints_a_line_for_each_pair(rival: str) -> None:
    if rival == "torch":
        pytest.importorskip("torch")
    command = [sys.executable, "scripts/benchmark.py", "training", "--vs", rival, "--rounds", "1", "--epochs", "3"]
    printed = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in printed.splitlines()[2:]]
    assert [row[:2] for row in rows] == [[dtype, name] for dtype in ("float32", "float64") for name in SETTINGS]
    assert all(float(row[4]) > 0 for row in rows)
