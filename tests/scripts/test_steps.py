"""The measurement of a step of each optimizer."""

from nnbench.core.registry import known
from scripts.benchmarks.steps import measure
from tests.optimizers.transcripts import TRANSCRIPTS


def test_every_optimizer_is_timed() -> None:
    found = measure([8], "float32", steps=20, rounds=2)
    assert set(found.steps) == set(known("nnbench.optimizers"))
    assert found.gradient > 0
    assert found.steps["muon"] > found.steps["sgd"]  # five products of matrices for each layer
    assert set(found.transcripts) == set(TRANSCRIPTS)
