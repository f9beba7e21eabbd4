"""Modular addition: the table by its definition, and decoupled weight decay."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

import nnbench
from nnbench.core.random import streams
from nnbench.datasets.modular_addition import MODULI, ModularAddition
from nnbench.optimizers.adamw import AdamW
from nnbench.training.references import references


@pytest.mark.parametrize("difficulty", MODULI)
def test_the_table_has_every_pair_once_with_its_sum(difficulty: Literal["easy", "medium", "hard"]) -> None:
    points, p = ModularAddition(difficulty=difficulty).load(), MODULI[difficulty]
    rows = [(np.flatnonzero(row[:p]), np.flatnonzero(row[p:])) for row in points.x]
    pairs = {(int(first), int(second)): int(label) for ((first,), (second,)), label in zip(rows, points.labels, strict=True)}
    assert pairs == {(first, second): (first + second) % p for first in range(p) for second in range(p)}
    assert set(np.unique(points.x)) == {0, 1}


def test_the_inputs_are_not_standardised() -> None:
    splits = ModularAddition().split(streams(0))
    assert splits.test is not None
    assert set(np.unique(splits.train.x)) == set(np.unique(splits.test.x)) == {0, 1}
    assert (len(splits.train), len(splits.test)) == (769, 96)


def test_the_best_possible_predictions_are_the_rule() -> None:
    dataset = ModularAddition()
    full, without_test = (replace(dataset, with_test=given).split(streams(0)) for given in (True, False))
    assert references(dataset, full)["bayes_accuracy"] == 1
    assert "bayes_accuracy" not in references(dataset, without_test)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(3))
def test_decoupled_decay_generalises_and_no_decay_does_not(seed: int) -> None:
    """Both fit all training pairs within 100 epochs; the test accuracy of equal guesses is 1/31."""
    runs = {
        decay: nnbench.train(
            AdamW(learning_rate=0.03, beta_2=0.98, weight_decay=decay),
            ModularAddition(),
            seed=seed,
            epochs=1001,
            hidden=(128,),
            initial="he",
        )
        for decay in (0.0, 0.3)
    }
    for run in runs.values():
        assert run.train_accuracy[100] == 1
        assert run.val_accuracy[run.evaluated <= 100].max() < 0.5
    assert runs[0.0].test_accuracy < 0.05
    assert runs[0.3].test_accuracy > 0.9
