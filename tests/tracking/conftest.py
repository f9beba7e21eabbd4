"""A new store for each test, copied from one that is created once, since that takes a second."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mlflow.entities import Experiment

from nnbench.records.boundary import Boundary
from nnbench.records.history import History
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Path:
    """A copy of it, in a folder whose name needs quoting in a URI."""
    folder = tmp_path / "a b#c"
    folder.mkdir()
    return Path(shutil.copy(empty_database, folder / "mlflow.db"))


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    """The copy, opened."""
    opened = open_store(f"sqlite:///{database}", None)
    yield opened
    assert opened.engine is not None
    opened.engine.dispose()


@pytest.fixture
def writer(store: Store) -> StudyWriter:
    """The writer of a new study, `trial`."""
    return StudyWriter(store, "trial", command="python -m nnbench")


@pytest.fixture
def named(store: Store) -> Callable[[str], Experiment]:
    """The experiment of that name, which must be there."""

    def find(name: str) -> Experiment:
        found = store.client.get_experiment_by_name(name)
        assert found is not None
        return found

    return find


@pytest.fixture
def job() -> Callable[..., RunSpec]:
    """Makes the spec of a job from an optimizer, a seed and dotted parameters."""

    def make(optimizer: str = "adam", seed: int = 0, **more: object) -> RunSpec:
        params = {"optimizer.name": optimizer, "optimizer.learning_rate": 0.05, "seed": seed, "network.hidden": [64]}
        params |= {key.replace("__", "."): value for key, value in more.items()}
        rate = params["optimizer.learning_rate"]
        return RunSpec(
            name=f"{optimizer} lr={rate} seed={seed}",
            identity=repr(sorted(params.items())),
            optimizer=optimizer,
            seed=seed,
            config=params,
        )

    return make


@pytest.fixture
def history() -> Callable[..., History]:
    """Creates the history of a run of 200 epochs with changed fields."""

    def make(epochs: int = 200, **changes: object) -> History:
        evaluated = np.unique(np.r_[np.arange(0, epochs, 10), epochs - 1])
        fields: dict[str, object] = {
            "train_loss": np.linspace(1.1, 0.1, epochs, dtype=np.float32),
            "train_accuracy": np.linspace(0.3, 0.99, epochs, dtype=np.float32),
            "evaluated": evaluated,
            "val_loss": np.linspace(1.2, 0.2, len(evaluated)),
            "val_accuracy": np.linspace(0.3, 0.9, len(evaluated)),
            "test_loss": 0.25,
            "test_accuracy": 0.875,
            "weights": (np.ones((3, 4), np.float32), np.zeros((5, 3), np.float32)),
            "outcome": "finished",
            "seconds": 2.0,
        }
        return History(**{**fields, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def boundary() -> Boundary:
    """Three classes side by side, one point in each."""
    label = np.repeat(np.arange(3, dtype=np.uint8), 4)[None, :].repeat(12, axis=0)
    return Boundary(
        extent=(-1.5, 1.5, -1.0, 2.0),
        label=label,
        confidence=np.full_like(label, 250),
        checkpoints={7: (label[::-1], np.full_like(label, 90))},
        train_points=np.array([[-1, 0], [0, 1], [1, 0.5]], np.float32),
        train_labels=np.arange(3, dtype=np.uint8),
        test_points=np.empty((0, 2), np.float32),
        test_labels=np.empty(0, np.uint8),
    )
