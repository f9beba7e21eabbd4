"""Shares of a reference's budget, against tables made by hand and simulated studies."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from nnbench.stats.equal_budget import first_reached, runs_of, shares, typical


def curves(search: int = 0, **runs: list[float] | None) -> pd.DataFrame:
    """`adam_0=[3, 2, 1]`: the losses of adam on seed 0 after 0, 10, 20 steps; None for a diverged run."""
    parts = []
    for name, losses in runs.items():
        setting, _, seed = name.rpartition("_")
        steps = 10.0 * np.arange(len(losses or [1.0]))
        run = {"setting": setting, "search": search, "seed": int(seed), "diverged": losses is None}
        parts.append(pd.DataFrame(run | {"spent": steps, "loss": losses or [np.nan]}))
    return pd.concat(parts, ignore_index=True)


def by_seed(values: npt.ArrayLike) -> pd.DataFrame:
    """Shares of one search each, or of shape (seeds, searches of the setting, searches of the reference)."""
    array = np.asarray(values, dtype=float)
    array = array.reshape(len(array), 1, 1) if array.ndim == 1 else array
    columns = pd.MultiIndex.from_product([range(array.shape[1]), range(array.shape[2])])
    return pd.DataFrame(array.reshape(len(array), array.shape[1] * array.shape[2]), columns=columns)


@pytest.mark.parametrize(
    ("losses", "target", "expected"),
    [
        ([4, 2, 1], 2, 10),
        ([4, 2, 1], 3, 5),
        ([4, 2, 1], 1.25, 17.5),
        ([4, 2, 1], 5, 0),
        ([4, 2, 1], 0.5, np.inf),
        ([4, np.nan, 1], 2.5, 10),
        ([4, 1, 3], 2, 10 * 2 / 3),
    ],
)
def test_first_time_at_a_loss(losses: list[float], target: float, expected: float) -> None:
    assert first_reached([0, 10, 20], losses, target) == pytest.approx(expected)


def test_shares_by_seed() -> None:
    """On seed 0 sgd ends at 1.0, where adam is after 10 of its 30 steps; on seed 1, 2 and 3 one or both never get there."""
    table = curves(
        sgd_0=[4, 3, 2, 1], adam_0=[4, 1, 0.5], sgd_1=[4, 3, 2, 1], adam_1=[4, 3, 2], sgd_2=None, adam_2=[4, 3, 2],
        sgd_3=None, adam_3=None, sgd_4=[4, 1], adam_4=None, sgd_5=[4, 1], adam_6=[4, 1],
    )  # fmt: skip
    runs = runs_of(table)
    assert shares(runs["adam"], runs["sgd"])[0, 0].to_dict() == {0: pytest.approx(1 / 3), 1: np.inf, 2: 0.0, 3: 1.0, 4: np.inf}
    assert shares(runs["sgd"], runs["adam"])[0, 0][1] == pytest.approx(1.0)


def test_every_search_is_compared_with_every_search_of_the_reference() -> None:
    """Search 0 of adam reaches 1.0 after 10 steps, search 1 after 20; sgd ends at 1.0 after 20 steps or 0.5 after 40."""
    table = pd.concat(
        [
            curves(0, adam_0=[4, 1, 0.5], sgd_0=[4, 2, 1], adam_1=[4, 1], sgd_1=[4, 1]),
            curves(1, adam_0=[4, 2, 1], sgd_0=[4, 3, 2, 1, 0.5], sgd_1=[4, 1]),
        ]
    )
    runs = runs_of(table)
    found = shares(runs["adam"], runs["sgd"])
    assert found.to_dict("index") == {0: {(0, 0): 0.5, (0, 1): 0.5, (1, 0): 1.0, (1, 1): np.inf}}, "seed 1 has no search 1"
    assert typical(found).estimate == 0.75
    assert shares(runs["sgd"], runs["adam"]).to_dict("index")[0][1, 0] == pytest.approx(2.0)
    assert shares({}, runs["sgd"]).empty


def test_the_median_takes_seeds_that_never_get_there_as_the_greatest() -> None:
    assert typical(by_seed([0.2, 0.4, np.inf])).estimate == 0.4
    assert typical(by_seed([0.2, np.inf])).estimate == np.inf
    assert np.isnan(typical(by_seed([0.2] * 5)).low)
    assert np.isnan(typical(by_seed([])).estimate)
    found = typical(by_seed([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, np.inf, np.inf]))
    assert found.estimate == 0.5
    assert 0.1 < found.low < 0.5 < found.high == np.inf
    assert found == typical(by_seed([np.inf, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, np.inf]))


@pytest.mark.heavy
@pytest.mark.parametrize("n", [6, 10, 20])
def test_the_interval_covers_the_median_of_skewed_shares(n: int) -> None:
    """Log-normal shares, of which those above three are never reached; 95 % is nominal."""
    rng = np.random.default_rng(n)
    inside = 0
    for _ in range(600):
        values = np.exp(rng.normal(np.log(0.5), 0.8, n))
        found = typical(by_seed(np.where(values > 3, np.inf, values)))
        inside += found.low <= 0.5 <= found.high
    assert 0.92 <= inside / 600 <= 0.995


@pytest.mark.heavy
def test_the_interval_covers_the_median_over_searches() -> None:
    """Shares that depend on the search of both settings and on the seed: 95 % is nominal, and seeds alone cover far less."""
    rng = np.random.default_rng(0)
    inside, of_one = 0, 0
    for _ in range(200):
        own, other, seed = rng.normal(0, 0.5, (5, 1)), rng.normal(0, 0.5, (1, 5)), rng.normal(0, 0.2, (20, 1, 1))
        values = np.exp(np.log(0.5) + own + other + seed + rng.normal(0, 0.1, (20, 5, 5)))
        found = typical(by_seed(np.where(values > 4, np.inf, values)))
        inside += found.low <= 0.5 <= found.high
        first = typical(by_seed(values[:, 0, 0]))
        of_one += first.low <= 0.5 <= first.high
    assert of_one / 200 < 0.5, "the seeds of one search say nothing about another search"
    assert 0.85 <= inside / 200 <= 0.995
