"""Heavy-tailed classes: the published counts, and what they separate."""

from typing import Literal

import numpy as np
import pytest

import nnbench
from nnbench import Optimizer
from nnbench.core.random import streams
from nnbench.datasets.heavy_tailed import SIZES, HeavyTailed
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.sgd import SGD
from nnbench.optimizers.signum import Signum
from nnbench.training.references import references

SIZES_OF_THE_AUTHORS = [("easy", 384, 63, 32), ("medium", 896, 127, 64), ("hard", 2048, 255, 128)]


@pytest.mark.parametrize(("difficulty", "points", "classes", "imbalance"), SIZES_OF_THE_AUTHORS)
def test_the_classes_have_the_published_sizes(difficulty: str, points: int, classes: int, imbalance: int) -> None:
    """The table in the docstring of the authors' generator, for its sizes 6, 7 and 8."""
    dataset = HeavyTailed(difficulty=difficulty)  # type: ignore[arg-type]
    train = dataset.split(streams(0)).train
    counts = np.bincount(train.labels)
    assert (len(train), dataset.outputs, counts.max() // counts.min()) == (points, classes, imbalance)
    assert dataset.largest()[0] == points
    groups = SIZES[difficulty].groups
    np.testing.assert_array_equal(
        np.unique(counts, return_counts=True), [2 ** np.arange(1, groups + 1), 2 ** np.arange(groups)[::-1]]
    )


@pytest.mark.parametrize("difficulty", SIZES)
def test_the_loss_of_the_class_shares_is_the_entropy_in_closed_form(difficulty: Literal["easy", "medium", "hard"]) -> None:
    """Each of m groups has the share 1/m of the points, in group i in 2^i classes of equal size."""
    dataset, groups = HeavyTailed(difficulty=difficulty), SIZES[difficulty].groups
    entropy = np.log(groups) + (groups - 1) / 2 * np.log(2)
    assert references(dataset, dataset.split(streams(0))) == {"shares_train_loss": pytest.approx(entropy, rel=1e-12)}


def test_the_inputs_have_the_moments_of_their_distribution() -> None:
    uniform, normal = (HeavyTailed(inputs=inputs).split(streams(0)).train.x for inputs in ("uniform", "normal"))
    assert (uniform >= 0).all()
    assert (uniform < 1).all()
    for x, mean, deviation in ((uniform, 0.5, 12**-0.5), (normal, 0.0, 1.0)):
        assert x.mean() == pytest.approx(mean, abs=5 * deviation / np.sqrt(x.size))
        assert x.std() == pytest.approx(deviation, rel=0.02)


def _best(settings: list[Optimizer], seed: int) -> tuple[float, np.ndarray]:
    """The lowest training loss of these settings, and the mean loss of each group of classes with it."""
    dataset = HeavyTailed()
    histories = [nnbench.train(one, dataset, seed=seed, epochs=101, hidden=(), initial_scale=0.001) for one in settings]
    best = min((one for one in histories if one.outcome == "finished"), key=lambda one: one.train_loss[-1])
    train = dataset.split(streams(seed)).train
    logits = np.column_stack([train.x, np.ones(len(train))]) @ best.weights[0].astype(np.float64)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(train)), train.labels]
    return float(best.train_loss[-1]), losses.reshape(SIZES["medium"].groups, -1).mean(axis=1)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(3))
def test_tuned_adam_and_signum_reach_lower_losses_than_tuned_gradient_descent(seed: int) -> None:
    descent, descent_groups = _best([SGD(learning_rate=rate) for rate in (0.3, 1.0, 3.0, 10.0)], seed)
    momentum, _ = _best([SGD(learning_rate=rate, momentum=0.9) for rate in (0.3, 1.0, 2.0, 3.0)], seed)
    adam, adam_groups = _best([Adam(learning_rate=rate) for rate in (0.03, 0.1, 0.3, 1.0)], seed)
    signum, signum_groups = _best([Signum(learning_rate=rate) for rate in (0.003, 0.01, 0.03, 0.1)], seed)
    assert max(adam, signum) < 0.8 * min(descent, momentum)
    # Gradient descent learns the frequent classes first. Of the rare ones it has learnt nothing: their loss is above that of
    # equal probabilities.
    assert (np.diff(descent_groups) > 0).all()
    assert descent_groups[-1] > np.log(HeavyTailed().outputs)
    assert max(adam_groups[-1], signum_groups[-1]) < 0.05 * descent_groups[-1]
