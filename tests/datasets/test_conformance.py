"""Requirements of every dataset; a new file is included automatically."""

from typing import Any

import numpy as np
import pytest

from nnbench.core.random import streams
from nnbench.datasets import Dataset, Distribution, Points, checked_split, find, known
from tests.conformance import assert_fields_are_checked

DATASETS = [find(name) for name in known()]
DISTRIBUTIONS = [kind for kind in DATASETS if issubclass(kind, Distribution)]
every = pytest.mark.parametrize("kind", DATASETS)
each_distribution = pytest.mark.parametrize("kind", DISTRIBUTIONS)


@every
def test_splits_have_the_declared_sizes_and_shapes(kind: type[Dataset]) -> None:
    dataset = kind()
    splits = checked_split(dataset, streams(0))
    for points in (splits.train, splits.val, splits.test):
        if points is None and kind.VALIDATION is None:
            continue  # a dataset that is judged by its training loss has training points only
        assert points is not None
        assert points.x.shape == (len(points), dataset.features)
        assert np.isfinite(points.x).all()
        if dataset.loss == "cross_entropy":
            assert set(points.labels.tolist()) == set(range(dataset.outputs))
        else:
            assert points.targets.shape == (len(points), dataset.outputs)
            assert np.isfinite(points.targets).all()
    assert dataset.largest()[0] >= max(len(points) for points in (splits.train, splits.val, splits.test) if points)


@pytest.mark.parametrize("kind", [kind for kind in DATASETS if kind.VALIDATION is not None])
def test_without_validation_and_test_points(kind: type[Dataset]) -> None:
    full = kind().split(streams(3))
    without_test = kind(**kind.WITHOUT_TEST).split(streams(3))
    assert without_test.test is None
    np.testing.assert_array_equal(without_test.train.x, full.train.x)
    assert full.val is not None
    assert without_test.val is not None
    np.testing.assert_array_equal(without_test.val.x, full.val.x)
    assert kind.VALIDATION is not None
    assert kind(**{kind.VALIDATION: 0}).split(streams(3)).val is None


@every
def test_the_points_depend_only_on_the_seed(kind: type[Dataset]) -> None:
    first, again, other = (kind().split(streams(seed)) for seed in (1, 1, 2))
    for part in ("train", "val", "test"):
        one, same, different = (getattr(splits, part) for splits in (first, again, other))
        if one is None and kind.VALIDATION is None:
            continue
        np.testing.assert_array_equal(one.x, same.x)
        np.testing.assert_array_equal(one.y, same.y)
        assert not np.array_equal(one.x, different.x)


@each_distribution
@pytest.mark.parametrize("samples", [0, 1, 7])
def test_draws_as_many_points_of_each_class_as_asked(kind: type[Distribution], samples: int) -> None:
    dataset = kind()
    points = dataset.draw(np.random.default_rng(0), samples)
    if dataset.loss == "cross_entropy":
        np.testing.assert_array_equal(np.bincount(points.labels, minlength=dataset.outputs), samples)
    else:
        assert len(points) == samples


@each_distribution
def test_a_posterior_is_a_distribution_that_favours_the_true_class(kind: type[Distribution]) -> None:
    dataset = kind()
    points = dataset.draw(np.random.default_rng(0), 500)
    shares = dataset.posterior(points.x)
    if shares is None:  # of this dataset it is not known
        assert kind.posterior is Dataset.posterior
        return
    assert shares.shape == (len(points.x), dataset.outputs)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-12)
    assert shares[np.arange(len(points.labels)), points.labels].mean() > 1 / dataset.outputs


@every
def test_settings_can_be_checked(kind: type[Dataset]) -> None:
    assert_fields_are_checked(kind)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"x": np.zeros(3), "labels": np.zeros(3, int)}, "x must have the shape"),
        ({"x": np.zeros((3, 2))}, "either labels"),
        ({"x": np.zeros((3, 2)), "labels": np.zeros(3, int), "targets": np.zeros((3, 1))}, "either labels"),
        ({"x": np.zeros((3, 2)), "labels": np.zeros(2, int)}, r"labels must have the shape \(3,\)"),
        ({"x": np.zeros((3, 2)), "labels": np.zeros((3, 1), int)}, r"labels must have the shape \(3,\)"),
        ({"x": np.zeros((3, 2)), "labels": np.zeros(3)}, "whole numbers"),
        ({"x": np.zeros((3, 2)), "labels": np.array([0, -1, 2])}, "negative"),
        ({"x": np.zeros((3, 2)), "targets": np.zeros(3)}, r"targets must have the shape \(3, outputs\)"),
    ],
)
def test_points_whose_shapes_do_not_fit_are_refused(wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Points(**wrong)


def test_points_of_one_kind_have_nothing_of_the_other() -> None:
    classified = Points(x=np.zeros((3, 2), np.float32), labels=np.arange(3, dtype=np.int32))
    assert [classified.x.dtype.name, classified.labels.dtype.name] == ["float64", "int64"]
    regressed = Points(x=np.zeros((3, 2)), targets=np.zeros((3, 2), np.float32)).subsample(2)
    assert (len(regressed), regressed.targets.dtype.name) == (2, "float64")
    with pytest.raises(TypeError, match="no targets"):
        _ = classified.targets
    with pytest.raises(TypeError, match="no labels"):
        _ = regressed.labels
