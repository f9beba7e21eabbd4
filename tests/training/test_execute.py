"""One run from its config: the notebook's draws, pairing by seed, and the boundary."""

import importlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnbench.config.schema import Config
from nnbench.training.execute import GRID, MAX_TEST_POINTS, Result, execute

Make = Callable[..., Config]

# The rows that the notebook printed at epoch 0.
PRINTED = {"sgd": 0.360, "adagrad": 0.410, "rmsprop_default": 0.270, "rmsprop": 0.303, "adam": 0.307}


@pytest.mark.parametrize("optimizer", PRINTED)
def test_the_notebooks_epoch_0_rows(config: Make, optimizer: str) -> None:
    history = execute(config("experiment=notebook", f"optimizer={optimizer}", "training.epochs=1")).history
    assert f"{history.train_accuracy[0]:.3f}" == f"{PRINTED[optimizer]:.3f}"
    assert f"{history.train_loss[0]:.3f}" == "1.099"


def _boundary_of(result: Result) -> tuple[np.ndarray, np.ndarray]:
    assert result.boundary is not None
    return result.boundary.train_points, result.boundary.test_points


def test_runs_pair_by_seed_whatever_the_optimizer(config: Make) -> None:
    runs = [execute(config(f"optimizer={name}", "seed=5", "training.epochs=2")) for name in ("sgd", "adam")]
    for one, other in zip(*map(_boundary_of, runs), strict=True):
        np.testing.assert_array_equal(one, other)
    assert runs[0].history.train_loss[0] == runs[1].history.train_loss[0], "the same initial weights"
    assert runs[0].history.train_loss[1] != runs[1].history.train_loss[1]


def test_another_seed_draws_other_points_unless_redraw_is_false(config: Make) -> None:
    first, second = (_boundary_of(execute(config(f"seed={seed}", "training.epochs=1")))[0] for seed in (0, 1))
    assert not np.array_equal(first, second)
    fixed = [execute(config(f"seed={seed}", "training.epochs=1", "dataset.redraw=false")) for seed in (0, 1)]
    np.testing.assert_array_equal(_boundary_of(fixed[0])[0], _boundary_of(fixed[1])[0])
    assert fixed[0].history.train_loss[0] != fixed[1].history.train_loss[0], "the weights still follow the seed"


def test_train_validation_and_test_points_are_drawn_apart(config: Make) -> None:
    train, test = _boundary_of(execute(config("training.epochs=1")))
    assert not {tuple(point) for point in train[train.any(axis=1)]} & {tuple(point) for point in test[test.any(axis=1)]}


def test_the_same_config_gives_the_same_numbers(config: Make) -> None:
    one, other = (execute(config("training.epochs=50")) for _ in range(2))
    np.testing.assert_array_equal(one.history.train_loss, other.history.train_loss)


def test_a_boundary_keeps_some_of_many_test_points(config: Make) -> None:
    result = execute(config("training.epochs=2", "dataset.test_samples=5000"))
    assert result.boundary is not None
    assert len(result.boundary.test_points) == len(result.boundary.test_labels) == MAX_TEST_POINTS
    np.testing.assert_array_equal(np.bincount(result.boundary.test_labels), MAX_TEST_POINTS // 3)
    few = execute(config("training.epochs=2", "dataset.test_samples=50")).boundary
    assert few is not None
    assert len(few.test_points) == 150


def test_the_boundary_at_checkpoints(config: Make) -> None:
    result = execute(config("training.epochs=200", "training.checkpoints=[0,100]"))
    assert result.boundary is not None
    assert set(result.boundary.checkpoints) == {0, 100}
    assert result.boundary.label.shape == (GRID, GRID)
    assert not np.array_equal(result.boundary.checkpoints[0][0], result.boundary.label)


def test_weights_are_saved_by_default_at_evaluated_epochs_of_data_in_the_plane(config: Make) -> None:
    result = execute(config("training.epochs=1001"))
    epochs = list(result.history.checkpoints)
    assert epochs[0] == 0
    assert epochs[-1] == 1000
    assert 20 <= len(epochs) <= 25
    assert set(epochs) <= set(result.history.evaluated.tolist()), "no further pause of the training"
    ratios = np.array(epochs[8:]) / np.array(epochs[7:-1])
    assert ratios.max() < 1.6, "distances grow geometrically"
    for saved, final in zip(result.history.checkpoints[1000], result.history.weights, strict=True):
        np.testing.assert_array_equal(saved, final)
    assert result.boundary is not None
    assert not result.boundary.checkpoints, "grids are made when they are shown"
    assert not execute(config("dataset=digits", "training.epochs=3")).history.checkpoints
    assert not execute(config("training.epochs=3", "network.hidden=[200,200]")).history.checkpoints, "too many weights"


def test_no_splits_but_the_training_points(config: Make) -> None:
    result = execute(config("training.epochs=5", "dataset.val_samples=0", "dataset.test_samples=0"))
    assert len(result.history.val_loss) == 0
    assert np.isnan(result.history.test_accuracy)
    assert _boundary_of(result)[1].shape == (0, 2)


LOGGING = """
from dataclasses import dataclass
from pathlib import Path
from nnbench.optimizers import Optimizer

LOG = Path(__file__).parent / "log.csv"

@dataclass(kw_only=True)
class Logging(Optimizer):
    def update(self, parameters, gradients, iteration):
        with LOG.open("a") as file:
            file.write("1\\n")
        parameters -= 0.1 * gradients
"""


def test_edited_code_fails_a_run_and_a_written_data_file_does_not(
    config: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "logging_rule.py").write_text(LOGGING)

    def make() -> Config:
        """Compute it as in a new process."""
        sys.modules.pop("logging_rule", None)
        importlib.invalidate_caches()
        return config("optimizer=custom", "optimizer.algorithm=logging_rule:Logging", "training.epochs=3")

    first = make()
    execute(first)
    second = make()
    assert first.source != second.source, "the log might be data"
    execute(first)
    (tmp_path / "logging_rule.py").write_text(LOGGING.replace("0.1", "0.2"))
    sent = pickle.dumps(first)
    make()
    with pytest.raises(RuntimeError, match="has been edited"):
        execute(pickle.loads(sent))  # as a worker that has imported the edited file


def test_batches_are_the_same_for_all_optimizers_of_a_seed(config: Make) -> None:
    common = "seed=5", "training.epochs=3", "training.batch_size=32", "network.dropout=0.2", "dataset.samples=100"
    runs = [execute(config(f"optimizer={name}", *common)).history for name in ("sgd", "adam", "adam")]
    assert runs[0].batch_loss[0] == runs[1].batch_loss[0]
    assert runs[0].batch_loss[1] != runs[1].batch_loss[1]
    np.testing.assert_array_equal(runs[1].batch_loss, runs[2].batch_loss)
    assert runs[0].steps[-1] == 2 * 10  # 300 points: nine batches of 32, and the rest
    other = execute(config("optimizer=sgd", *common[1:], "seed=6")).history
    assert other.batch_loss[0] != runs[0].batch_loss[0]


def test_a_batch_above_the_number_of_points_is_the_full_batch(config: Make) -> None:
    full, larger = (execute(config(f"training.batch_size={size}", "training.epochs=5")).history for size in ("null", "3001"))
    np.testing.assert_array_equal(full.train_loss, larger.train_loss)
    assert len(larger.batch_loss) == 0


@pytest.mark.parametrize(
    "choices",
    [
        ["network.hidden=[]"],
        ["network.activation=gelu", "network.initial=he"],
        ["network.activation=sigmoid", "network.initial=glorot", "network.hidden=[8,8]"],
        ["network.initial=orthogonal"],
    ],
)
def test_networks_of_the_config_learn(config: Make, choices: list[str]) -> None:
    history = execute(config("optimizer=adam", "training.epochs=200", *choices)).history
    assert history.outcome == "finished"
    assert history.train_loss[-1] < history.train_loss[0] - 0.01
