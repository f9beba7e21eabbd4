"""What every dataset must do, asked of all that there are: a new file is tested with no new test."""

import json
from dataclasses import asdict, fields
from typing import Any, get_type_hints

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from nnbench.datasets import Dataset, find, known

every = pytest.mark.parametrize("kind", [find(name) for name in known()], ids=known())


@every
@pytest.mark.parametrize("samples", [0, 1, 7])
def test_draws_as_many_points_of_each_class_as_asked(kind: type[Dataset], samples: int) -> None:
    dataset = kind()
    points = dataset.draw(np.random.default_rng(0), samples)
    assert points.x.shape == (dataset.classes * samples, dataset.features)
    assert points.x.dtype == np.float64
    assert points.labels.dtype == np.int64
    assert np.isfinite(points.x).all()
    np.testing.assert_array_equal(np.bincount(points.labels, minlength=dataset.classes), samples)


@every
def test_the_generator_alone_decides_the_points(kind: type[Dataset]) -> None:
    first, again, other = (kind().draw(np.random.default_rng(seed), 20) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.x, again.x)
    assert (first.x != other.x).any()


@every
def test_a_posterior_is_a_distribution_that_favours_the_true_class(kind: type[Dataset]) -> None:
    dataset = kind()
    points = dataset.draw(np.random.default_rng(0), 500)
    shares = dataset.posterior(points.x)
    if shares is None:  # of this dataset it is not known
        assert kind.posterior is Dataset.posterior
        return
    assert shares.shape == (len(points.x), dataset.classes)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-12)
    assert shares[np.arange(len(points.labels)), points.labels].mean() > 1 / dataset.classes


@every
def test_settings_can_be_checked(kind: type[Dataset]) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    assert adapter.validate_json("{}") == adapter.validate_json(json.dumps(asdict(kind()))) == kind()
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        assert hasattr(hints[field.name], "__metadata__"), f"{field.name} has no range"
        assert field.kw_only
        for bad in ({field.name: float("nan")}, {field.name: -1.0}, {field.name: "1"}, {f"{field.name}_": 1.0}):
            with pytest.raises(ValidationError):
                adapter.validate_json(json.dumps(bad))
