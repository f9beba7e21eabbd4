import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnbench.stats.shift import seeds_needed, shift, shifts
from tests.oracles import interquartile


def _pairs(change: float, n: int = 12, seed: int = 0, setting: str = "adam") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    before = rng.normal(size=n)
    after = before + change + 0.05 * rng.normal(size=n)
    return pd.DataFrame({"setting": setting, "seed": range(n), "before": before, "after": after})


def test_the_estimate_is_the_difference_of_the_interquartile_means() -> None:
    pairs = _pairs(0.3)
    expected = interquartile(pairs["after"]) - interquartile(pairs["before"])
    result = shift(pairs)
    assert result.estimate == pytest.approx(expected, rel=1e-12)
    assert result.low < result.estimate < result.high
    assert result.n == 12


def test_pairs_are_drawn_whole() -> None:
    """If every pair has the same difference, the interval has zero width."""
    pairs = _pairs(0.0).assign(after=lambda frame: frame["before"] + 0.5)
    result = shift(pairs)
    assert result.low == pytest.approx(0.5)
    assert result.high == pytest.approx(0.5)


def test_the_order_of_seeds_does_not_matter() -> None:
    pairs = _pairs(0.1)
    assert shift(pairs) == shift(pairs.sample(frac=1, random_state=1))


@pytest.mark.parametrize("n", [0, 1])
def test_a_single_pair_has_no_interval(n: int) -> None:
    result = shift(_pairs(0.1, n))
    assert result.n == n
    assert np.isnan([result.low, result.high]).all()
    assert np.isnan(result.estimate) == (n == 0)


def test_claims_with_and_without_evidence() -> None:
    pairs = pd.concat([_pairs(0.4, setting="up"), _pairs(-0.4, seed=1, setting="down"), _pairs(0.0, seed=2, setting="still")])
    table = shifts(pairs).set_index("setting")
    assert list(table.index) == ["up", "down", "still"]
    assert table["differ"].tolist() == [True, True, False]
    assert table["sign"].tolist()[:2] == [1, -1]
    assert (table["after"] - table["before"]).to_numpy() == pytest.approx(table["estimate"].to_numpy())
    own = pairs[pairs["setting"] == "up"]
    assert table.loc["up", "p"] == pytest.approx(stats.wilcoxon(own["after"], own["before"]).pvalue)
    assert table.loc["up", "p_holm"] == pytest.approx(3 * table["p"].min())


def test_no_change_is_shown_between_equal_studies() -> None:
    table = shifts(_pairs(0.0).assign(after=lambda frame: frame["before"]))
    assert table[["estimate", "sign", "p"]].to_numpy().tolist() == [[0, 0, 1]]
    assert not table["differ"].any()


@pytest.mark.parametrize(("settings", "seeds"), [(1, 6), (2, 7), (4, 8)])
def test_seeds_needed(settings: int, seeds: int) -> None:
    """All seeds agree: with so many a change is shown, with one less it is not."""
    assert seeds_needed(settings) == seeds
    for n, shown in ((seeds, True), (seeds - 1, False)):
        pairs = pd.concat([_pairs(9, n, setting=str(at)) for at in range(settings)])
        assert shifts(pairs)["differ"].all() == shown


def test_a_setting_of_several_searches_changes_only_if_other_searches_would_show_it_too() -> None:
    """The searches of one study happen to be better than those of the other: over seeds alone, this looks like a change."""
    rng = np.random.default_rng(0)
    of_seed = rng.normal(size=12)
    before, after = (of_seed + search[:, None] + 0.01 * rng.normal(size=(3, 12)) for search in 0.5 * rng.normal(size=(2, 3)))
    pairs = pd.DataFrame({"setting": "adam (tuned)", "before": before.mean(axis=0), "after": after.mean(axis=0)})
    assert shifts(pairs)["differ"].item()
    row = shifts(pairs, {"adam (tuned)": (before, after)}).iloc[0]
    assert not row["differ"]
    assert row["low"] < 0 < row["high"]
    row = shifts(pairs, {"adam (tuned)": (before, before + 5)}).iloc[0]
    assert row["differ"]
    assert row["sign"] == 1
