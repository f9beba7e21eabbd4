"""Losses of groups of training points."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnbench
from nnbench.datasets.base import Points
from nnbench.datasets.heavy_tailed import HeavyTailed
from nnbench.datasets.quadratic import Quadratic
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.sgd import SGD
from nnbench.records.curve_tables import curve_tables, read_curves
from nnbench.records.npz import HISTORY, read_history, write_run
from nnbench.tracking.metrics import metric_points


def test_the_losses_of_groups_of_equal_size_have_the_training_loss_as_mean() -> None:
    history = nnbench.train(SGD(learning_rate=1.0), HeavyTailed(difficulty="easy"), epochs=30, hidden=())
    assert list(history.group_loss) == [f"{2**power} points a class" for power in range(6, 0, -1)]
    means = np.mean(list(history.group_loss.values()), axis=0)
    np.testing.assert_allclose(means, history.train_loss[history.evaluated], rtol=1e-5)
    # Gradient descent learns the frequent classes first.
    assert history.group_loss["64 points a class"][-1] < history.group_loss["2 points a class"][-1]


@dataclass(kw_only=True)
class Halves(Quadratic):
    """A regression whose groups are the first and the second half of its points, or others."""

    def groups(self, train: Points) -> Mapping[str, Any]:
        return {"first": np.arange(len(train) // 2), "second": np.arange(len(train) // 2, len(train))}


def test_mini_batches_and_regressions_have_losses_of_groups_too() -> None:
    history = nnbench.train(Adam(), Halves(samples=40, dimensions=5), epochs=9, hidden=(), batch_size=8)
    means = np.mean(list(history.group_loss.values()), axis=0)
    np.testing.assert_allclose(means, history.train_loss[history.evaluated], rtol=1e-4)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a/b": [0]}, "the name 'a/b'"),
        ({"": [0]}, "the name ''"),
        ({"none": []}, "at least one training point as 'none'"),
        ({"shares": [0.5]}, "at least one training point as 'shares'"),
        ({"beyond": [0, 40]}, "a position in 'beyond' that none of the 40"),
    ],
)
def test_groups_that_are_none_are_refused(groups: dict[str, list[Any]], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Halves, "groups", lambda self, train: groups)
    with pytest.raises(ValueError, match=message):
        nnbench.train(Adam(), Halves(samples=40, dimensions=5), epochs=2, hidden=())


def test_losses_of_groups_are_metrics_and_columns_of_the_curves(tmp_path: Path) -> None:
    files = {}
    for name, dataset in (("with", Halves(samples=40, dimensions=5)), ("without", Quadratic(samples=40, dimensions=5))):
        history = nnbench.train(Adam(), dataset, epochs=9, hidden=())
        (tmp_path / name).mkdir()
        write_run(tmp_path / name, history, None)
        files[name] = tmp_path / name / HISTORY
        keys = {point.key for point in metric_points(history, ended=10**6)}
        assert ({"group_loss/first", "group_loss/second"} <= keys) == (name == "with")
    curves, _ = curve_tables(read_curves(files))
    wanted = read_history(files["with"])["group_loss/second"]
    np.testing.assert_array_equal(curves.loc[curves["run_id"] == "with", "group_loss/second"], wanted)
    assert curves.loc[curves["run_id"] == "without", "group_loss/second"].isna().all()
