"""Reference classifiers against scikit-learn and closed forms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier

from nnbench.config.schema import Config
from nnbench.core.random import Normal, streams
from nnbench.datasets import Distribution, Points, Splits
from nnbench.datasets.diabetes import Diabetes
from nnbench.datasets.spiral import Spiral
from nnbench.training import references as module
from nnbench.training.execute import execute
from nnbench.training.references import references


def drawn(dataset: Distribution, seed: int = 0, test: int = 500) -> Splits:
    source = streams(seed)
    return Splits(train=dataset.draw(source.data, dataset.samples), test=dataset.draw(source.test, test))


@pytest.mark.parametrize(("samples", "neighbours"), [(100, 0.835), (1000, 0.894)])
def test_the_default_spiral_and_the_notebooks(samples: int, neighbours: float) -> None:
    spiral = Spiral(samples=samples)
    found = [references(spiral, drawn(spiral, seed, 2000)) for seed in range(5)]
    mean = {name: np.mean([one[name] for one in found]) for name in found[0]}
    assert mean == pytest.approx(
        {"chance_accuracy": 1 / 3, "neighbours_accuracy": neighbours, "bayes_accuracy": 0.909, "bayes_loss": 0.213}, abs=0.012
    )


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_agree_with_scikit_learn(seed: int) -> None:
    spiral = Spiral(samples=40)
    splits = drawn(spiral, seed)
    train, test = splits.train, splits.test
    assert test is not None
    models = [KNeighborsClassifier(k).fit(train.x, train.labels) for k in range(1, 8)]
    own = [(model.predict(None) == train.labels).mean() for model in models]  # no point is its own neighbour
    accuracies = [model.score(test.x, test.labels) for model in models]
    # Where votes tie, scikit-learn takes the lowest class; here, that of the nearest neighbour: few points.
    assert references(spiral, splits)["neighbours_accuracy"] in [
        pytest.approx(accuracy, abs=0.02) for accuracy, loo in zip(accuracies, own, strict=True) if loo >= max(own) - 0.02
    ]


@pytest.mark.parametrize(
    ("neighbours", "winners"), [("1001", "1101"), ("100110", "110111"), ("1011", "1111"), ("100", "110"), ("12200", "11222")]
)
def test_the_nearest_of_the_classes_that_tie_wins(neighbours: str, winners: str) -> None:
    """Among one point's neighbours, the nearest first: whom each number of them votes for, and that whatever the labels."""
    for swap in ("012", "102", "210"):
        labels = [int(swap[int(one)]) for one in neighbours]
        train = Points(x=np.arange(1, len(labels) + 1, dtype=np.float64)[:, None], labels=np.array(labels))
        for k, winner in enumerate(winners):
            right = module._vote(train, np.zeros((1, 1)), np.array([int(swap[int(winner)])]), 3, range(1, len(labels) + 1))
            assert right[k] == 1.0


@dataclass(kw_only=True)
class Normals(Distribution):
    """Two normal distributions, the second class drawn twice as often; its density is not known."""

    @property
    def features(self) -> int:
        return 3

    @property
    def outputs(self) -> int:
        return 2

    def draw(self, rng: Normal, samples: int) -> Points:
        labels = np.repeat([0, 1, 1], samples)
        return Points(x=rng.standard_normal((3 * samples, 3)) + 3.0 * labels[:, None], labels=labels)


@dataclass(kw_only=True)
class Told(Normals):
    """As `Normals`, with whatever posterior a test wants."""

    shares: float = 1.0

    def posterior(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        first = 1 / (1 + 2 * np.exp(3 * (x.sum(axis=1) - 4.5)))
        return np.column_stack([first, self.shares - first])


def test_a_dataset_without_posterior_has_no_bayes_reference() -> None:
    found = references(Normals(), drawn(Normals()))
    assert found["chance_accuracy"] == pytest.approx(2 / 3)  # of the most frequent class, not one over their number
    assert found["neighbours_accuracy"] > 0.98
    assert not {"bayes_accuracy", "bayes_loss"} & set(found)


def test_a_users_own_posterior() -> None:
    found = references(Told(), drawn(Told()))
    assert found["bayes_accuracy"] > 0.99
    assert 0 < found["bayes_loss"] < 0.05
    with pytest.raises(ValueError, match=r"Told\.posterior must return probabilities"):
        references(Told(shares=2.0), drawn(Told()))


def test_no_test_points_no_references() -> None:
    assert references(Spiral(), Splits(train=drawn(Spiral()).train)) == {}


@pytest.mark.parametrize(
    ("samples", "classes", "noise"), [(1, 1, 0.0), (1, 3, 0.2), (2, 1, 0.0), (5, 256, 0.0), (20, 3, 1e30)]
)
def test_small_and_unusual_problems(samples: int, classes: int, noise: float) -> None:
    spiral = Spiral(samples=samples, classes=classes, noise=noise)
    found = references(spiral, drawn(spiral, test=20))
    assert all(0 <= value <= 1 for name, value in found.items() if name.endswith("accuracy"))
    assert np.isfinite(list(found.values())).all()
    assert found["chance_accuracy"] == pytest.approx(1 / classes)


def test_large_problems_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    spiral = Spiral(samples=5000)
    measured: list[int] = []
    splits = drawn(spiral, test=5000)
    vote = module._vote

    def counted(among: Points, x: npt.NDArray[np.float64], *rest: Any) -> npt.NDArray[np.floating]:
        measured.append(len(x))
        return vote(among, x, *rest)

    monkeypatch.setattr(module, "_vote", counted)
    assert references(spiral, splits)["neighbours_accuracy"] > 0.8
    assert all(100 <= number < 1000 for number in measured)
    spiral = Spiral(samples=100_000)
    assert "neighbours_accuracy" not in references(spiral, drawn(spiral, test=5000))


def test_runs_that_share_points_share_their_references(config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch) -> None:
    size = "training.epochs=2", "dataset.test_samples=50"
    first = execute(config("optimizer=sgd", "seed=77", *size)).history.references
    assert set(first) == {"chance_accuracy", "neighbours_accuracy", "bayes_accuracy", "bayes_loss"}
    monkeypatch.setattr(module, "_classification", lambda *_: pytest.fail("worked out again"))
    assert execute(config("optimizer=adam", "seed=77", *size)).history.references == first
    monkeypatch.undo()
    assert execute(config("optimizer=adam", "seed=78", *size)).history.references != first


def test_least_squares_and_the_training_mean_agree_with_scikit_learn() -> None:
    splits = Diabetes().split(streams(2))
    train, test = splits.train, splits.test
    assert test is not None
    found = dict(references(Diabetes(), splits))
    for name, model in (("mean_r2", DummyRegressor()), ("linear_r2", LinearRegression())):
        assert found.pop(name) == pytest.approx(model.fit(train.x, train.targets).score(test.x, test.targets), rel=1e-9)
    residuals = LinearRegression().fit(train.x, train.targets).predict(train.x) - train.targets
    assert found == {"linear_train_loss": pytest.approx(np.square(residuals).mean(), rel=1e-9)}


def test_constant_test_targets_have_no_references() -> None:
    constant = Points(x=np.eye(5), targets=np.ones((5, 2)))
    assert references(Diabetes(), Splits(train=constant, test=constant)) == {"linear_train_loss": pytest.approx(0, abs=1e-30)}


@dataclass(kw_only=True)
class Declares(Normals):
    """As `Normals`, with references of its own."""

    name: str = "least_train_loss"
    value: float = 0.25

    def references(self, splits: Splits) -> dict[str, float]:
        return {self.name: self.value * len(splits.train)}


def test_a_dataset_declares_references_of_its_own_also_without_test_points() -> None:
    points = drawn(Declares())
    assert references(Declares(), points)["least_train_loss"] == 0.25 * len(points.train)
    assert references(Declares(), Splits(train=points.train)) == {"least_train_loss": 0.25 * len(points.train)}


@pytest.mark.parametrize("wrong", [{"name": "lowest"}, {"value": float("nan")}])
def test_declared_references_have_known_names_and_finite_values(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Declares\.references must return finite numbers by the names least_train_loss"):
        references(Declares(**wrong), drawn(Declares()))
