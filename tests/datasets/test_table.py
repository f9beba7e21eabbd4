"""Finite tables: disjoint, stratified, standardised splits; against scikit-learn's scaler and splitter."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from nnbench.core.errors import UserError
from nnbench.core.random import streams
from nnbench.datasets import Dataset, Distribution, Points, Table, checked_split, find
from nnbench.datasets.base.partition import partition

shares = st.floats(0, 0.45)


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Few different values, so that many rows are equal, some of them with different labels."""
    rows = draw(st.integers(1, 60))
    x = draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, -0.0, 1.5])), min_size=rows, max_size=rows))
    labels = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    return np.array(x, np.float64), np.array(labels)


@given(tables(), shares, shares, st.integers(0, 5))
def test_no_point_is_in_two_splits_and_no_row_is_lost(
    table: tuple[np.ndarray, np.ndarray], val_share: float, test_share: float, seed: int
) -> None:
    x, labels = table
    try:
        parts = partition(x, labels, val_share, test_share, np.random.default_rng(seed))
    except ValueError:  # nothing would be left to train on
        assert len(np.unique(x + 0.0, axis=0)) < 1 / (1 - val_share - test_share) + 2
        return
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(x)))
    points = [{tuple((row + 0.0).tolist()) for row in x[part]} for part in parts]
    assert sum(map(len, points)) == len(set.union(*points))


@given(st.lists(st.integers(1, 80), min_size=1, max_size=5), shares, shares, st.integers(0, 5))
def test_each_class_has_its_share_of_each_split(counts: list[int], val_share: float, test_share: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    x = np.arange(len(labels), dtype=np.float64)[:, None]
    try:
        _, val, test = partition(x, labels, val_share, test_share, np.random.default_rng(seed))
    except ValueError:
        assert len(x) < 1 / (1 - val_share - test_share) + 2
        return
    for part, share, within in ((val, val_share, 2), (test, test_share, 1)):
        found = np.bincount(labels[part], minlength=len(counts))
        assert (np.abs(found - share * np.array(counts)) <= within + 1e-9).all()
    assert abs(len(test) - test_share * len(x)) <= 0.5 + 1e-9


@dataclass(kw_only=True)
class Steps(Table):
    """A regression whose last target alone differs from the others by `step`."""

    loss = "mean_squared_error"
    step: float = 0.0

    def load(self) -> Points:
        return Points(x=np.arange(20.0)[:, None], targets=np.eye(20)[:, -1:] * self.step + 7.0)


def test_targets_of_which_r2_is_not_defined_are_refused() -> None:
    with pytest.raises(ValueError, match="must return targets that are not all equal"):
        Steps().largest()
    with pytest.raises(ValueError, match="points with equal targets, for which R² is not defined"):
        checked_split(Steps(step=1.0), streams(0))


def test_a_split_has_the_class_counts_of_scikit_learns() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    x = np.arange(100.0)[:, None]
    train, val, test = partition(x, labels, 0.2, 0.2, np.random.default_rng(0))
    rest, theirs = train_test_split(labels, test_size=20, stratify=labels, random_state=0)
    theirs_train, theirs_val = train_test_split(rest, test_size=20, stratify=rest, random_state=0)
    for ours, other in ((train, theirs_train), (val, theirs_val), (test, theirs)):
        np.testing.assert_array_equal(np.bincount(labels[ours]), np.bincount(other))


def test_every_point_is_equally_often_in_the_test_split() -> None:
    labels = np.repeat([0, 1], [30, 20])
    x = np.arange(50.0)[:, None]
    rng = np.random.default_rng(0)
    tested = np.concatenate([partition(x, labels, 0.2, 0.2, rng)[2] for _ in range(2000)])
    frequency = np.bincount(tested, minlength=50) / 2000
    np.testing.assert_allclose(frequency, 0.2, atol=5 * np.sqrt(0.2 * 0.8 / 2000))


@dataclass(kw_only=True)
class Flowers(Table):
    """Points with different offsets and scales, one feature of which is constant."""

    def load(self) -> Points:
        rng = np.random.default_rng(0)
        x = np.column_stack([rng.normal(5, 3, 120), rng.normal(-1, 0.01, 120), np.full(120, 0.1)])
        return Points(x=x, labels=np.arange(120) % 3)


@dataclass(kw_only=True)
class Prices(Table):
    """A regression with two targets."""

    loss = "mean_squared_error"

    def load(self) -> Points:
        x = np.random.default_rng(0).normal(2, 3, (50, 4))
        return Points(x=x, targets=100 + x[:, :2] * [5, 50])


def test_the_scale_is_computed_from_training_points_only() -> None:
    table = Flowers(val_share=0.25, test_share=0.5)
    splits, raw = checked_split(table, streams(4)), table.load()
    parts = partition(raw.x, raw.labels, 0.25, 0.5, streams(4).data)
    scaler = StandardScaler().fit(raw.x[parts[0]])
    for points, part in zip((splits.train, splits.val, splits.test), parts, strict=True):
        assert points is not None
        np.testing.assert_allclose(points.x, scaler.transform(raw.x[part]), atol=1e-12)
        np.testing.assert_array_equal(points.labels, raw.labels[part])
    assert (table.features, table.outputs) == (3, 3)


def test_targets_are_standardised_too() -> None:
    splits = checked_split(Prices(), streams(0))
    assert splits.test is not None
    np.testing.assert_allclose(splits.train.targets.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(splits.train.targets.std(axis=0), 1, atol=1e-12)
    raw = Prices().load()
    parts = partition(raw.x, np.zeros(50, int), 0.2, 0.2, streams(0).data)
    scaler = StandardScaler().fit(raw.targets[parts[0]])
    np.testing.assert_allclose(splits.test.targets, scaler.transform(raw.targets[parts[2]]), atol=1e-12)
    assert Prices().outputs == 2


def test_a_table_is_loaded_once_and_cannot_be_changed() -> None:
    class Counted(Flowers):
        def load(self) -> Points:
            calls.append(1)
            return super().load()

    calls: list[int] = []
    for share in (0.1, 0.2):
        Counted(val_share=share).split(streams(0))
    assert calls == [1]
    with pytest.raises(ValueError, match="read-only"):
        Counted()._points().x[0] = 0


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(ValueError, match=r"val_share=0\.5 \+ test_share=0\.5: must be < 1"):
        Flowers(val_share=0.5, test_share=0.5)
    with pytest.raises(ValueError, match="no point of 1 is left"):
        partition(np.zeros((3, 1)), np.zeros(3, int), 0.0, 0.6, np.random.default_rng(0))


@dataclass(kw_only=True)
class OnlyDraws(Dataset):
    features = 1
    outputs = 1

    def draw(self, rng: object, samples: int) -> None:
        """Draw nothing."""


@dataclass(kw_only=True)
class OnlyLoads(Dataset):
    features = 1
    outputs = 1

    def load(self) -> None:
        """Load nothing."""


@pytest.mark.parametrize(("name", "right"), [("OnlyDraws", "Distribution"), ("OnlyLoads", "Table")])
def test_a_class_without_split_is_refused_with_the_base_classes(name: str, right: str) -> None:
    with pytest.raises(UserError, match=rf"make it a subclass of nnbench\.{right}$"):
        find(f"{__name__}:{name}")


@dataclass(kw_only=True)
class Odd(Distribution):
    """Points of a shape that a test chooses."""

    features = 2
    outputs = 2
    width: int = 2
    most: int = 1

    def draw(self, rng: object, samples: int) -> Points:
        return Points(x=np.zeros((samples, self.width)), labels=np.full(samples, self.most))


def test_splits_that_do_not_fit_what_is_declared_are_refused() -> None:
    right = Odd()
    checked_split(right, streams(0))
    for wrong, match in (
        (replace(right, width=3), "features=2, and points with 3"),
        (replace(right, most=2), "outputs=2, and a point with the label 2"),
        (replace(right, samples=0), "no training point"),
    ):
        with pytest.raises(ValueError, match=match):
            checked_split(wrong, streams(0))
