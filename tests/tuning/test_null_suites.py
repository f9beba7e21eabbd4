"""Suites of equal optimizers: how often the luck of their searches is claimed as a difference across the problems.

The configs are those of the package's samplers with its seeds. On every problem the loss of an optimizer is the distance of
its config from its best one, the same on all problems, on a space without edges. So a config that is good on one problem is
good on all of them, and no optimizer is better than another over the samples of the space.
"""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnbench.stats.mean_ranks import mean_ranks
from nnbench.tuning.contender import search_sampler_seed
from nnbench.tuning.samplers import Design, sample
from nnbench.tuning.space import Range, Space

PROBLEMS, OPTIMIZERS, SEEDS, CONFIGS = 11, 4, 6, 4
SPACE: Space = {name: Range(kind="linear", low=0.0, high=1.0) for name in ("learning_rate", "momentum")}
LEVEL = 0.001  # of the test of the simulation


def _claims(design: Design, searches: int, suites: int, *, common_configs: bool) -> int:
    """Number of these suites in which a difference across problems is claimed."""
    rng = np.random.default_rng(5)
    claimed = 0
    for suite in range(suites):
        best = rng.random((OPTIMIZERS, 1, len(SPACE)))
        blocks = {}
        for problem in range(PROBLEMS):
            of_seeds = 0.01 * rng.normal(size=(SEEDS, OPTIMIZERS))
            for search in range(searches):
                seed = search_sampler_seed(suite, search, "" if common_configs else f"problem {problem}")
                drawn = np.array([[*setting.values()] for setting in sample(SPACE, design, CONFIGS, seed)])
                away = np.abs(drawn - best)
                loss = np.linalg.norm(np.minimum(away, 1 - away), axis=-1).min(axis=-1)
                blocks[problem, search] = pd.DataFrame(of_seeds + 0.01 * rng.normal(size=(SEEDS, OPTIMIZERS)) - loss)
        claimed += bool(mean_ranks(pd.concat(blocks, names=["problem", "search"])).differing)
    return claimed


@pytest.mark.heavy
@pytest.mark.parametrize("searches", [1, 3])
@pytest.mark.parametrize("design", [one for one in get_args(Design) if one != "grid"])
def test_searches_with_configs_of_their_own_on_each_problem_are_rarely_claimed_to_differ(
    design: Design, searches: int
) -> None:
    """At most 5 % of suites have a difference; with the same configs on all problems, most have."""
    suites = 200
    own = _claims(design, searches, suites, common_configs=False)
    assert stats.binomtest(own, suites, 0.05, alternative="greater").pvalue > LEVEL
    assert _claims(design, searches, 20, common_configs=True) > 10
