import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.sensitivity import sensitivity_curve, usable_range

SHARES = st.integers(0, 256).map(lambda count: count / 256)  # in which sums and differences are exact


def runs(of: dict[tuple[float, str], list[float]]) -> pd.DataFrame:
    """Sorted as by selection: settings without lost runs first, then by their mean."""
    order = sorted(of, key=lambda one: (np.isnan(of[one]).any(), -np.nanmean([*of[one], -1.0])))
    rows = [(rate, setting, value, order.index((rate, setting))) for (rate, setting), values in of.items() for value in values]
    return pd.DataFrame(rows, columns=["learning_rate", "setting", "value", "place"])


def curve(values: list[float], diverged: list[int] | None = None, start: float = 1e-4, *, higher: bool = True) -> pd.DataFrame:
    """One learning rate a decade."""
    rates = start * 10.0 ** np.arange(len(values))
    table = pd.DataFrame({"learning_rate": rates, "estimate": values, "diverged": diverged or [0] * len(values)})
    sound = table["estimate"].mask(table["diverged"] > 0)
    return table.assign(place=sound.rank(ascending=not higher, na_option="bottom", method="first"))


def test_the_curve_takes_the_best_setting_at_each_learning_rate() -> None:
    plain, heavy = "m=0", "m=0.9"
    values = runs({(0.1, plain): [0.5, 0.6], (0.1, heavy): [0.8, 0.9], (0.01, plain): [0.7, 0.6], (0.01, heavy): [0.1, 0.2]})
    table = sensitivity_curve(values)
    assert table["learning_rate"].tolist() == [0.01, 0.1]
    assert table["setting"].tolist() == ["m=0", "m=0.9"]
    assert table["estimate"].tolist() == pytest.approx([0.65, 0.85])
    seeds = [0.8, 0.9, 0.7, 0.75, 0.6, 0.85]
    whole = interquartile_mean(seeds)
    of_six = sensitivity_curve(runs({(0.1, plain): seeds}))
    assert of_six[["low", "high", "n"]].to_numpy()[0].tolist() == [whole.low, whole.high, 6]


def test_a_diverging_setting_is_selected_only_without_alternative() -> None:
    wild = [0.9, np.nan]
    values = runs({(0.1, "safe"): [0.5, 0.5], (0.1, "wild"): wild, (1.0, "wild"): wild, (10.0, "wild"): [np.nan]})
    table = sensitivity_curve(values)
    assert table["setting"].tolist() == ["safe", "wild", "wild"]
    assert table["diverged"].tolist() == [0, 1, 1]
    assert table["n"].tolist() == [2, 1, 0]


def test_learning_rates_drawn_at_random_are_joined() -> None:
    values = runs({(0.011, "a"): [0.5], (0.009, "b"): [0.7], (0.02, "c"): [0.6], (0.3, "d"): [0.1]})
    table = sensitivity_curve(values, per_decade=2)
    assert table["learning_rate"].tolist() == pytest.approx([0.01, 10**-1.5, 10**-0.5])
    assert table["setting"].tolist() == ["b", "c", "d"]


def test_the_range_is_interpolated_on_the_logarithmic_axis() -> None:
    found = usable_range(curve([0.2, 0.7, 0.9, 0.8, 0.4]), 0.05)
    assert found.best == pytest.approx(1e-2)
    assert np.log10(found.low) == pytest.approx(-2 - 0.25)
    assert np.log10(found.high) == pytest.approx(-2 + 0.5)
    assert found.decades == pytest.approx(0.75)
    assert not found.open_low
    assert not found.open_high


def test_a_range_up_to_the_last_rate_is_open() -> None:
    found = usable_range(curve([0.9, 0.88, 0.5]), 0.05)
    assert found.open_low
    assert not found.open_high
    assert found.low == pytest.approx(1e-4)
    alone = usable_range(curve([0.9]), 0.05)
    assert (alone.decades, alone.open_low, alone.open_high) == (0.0, True, True)


def test_the_range_ends_before_a_divergence() -> None:
    found = usable_range(curve([0.9, 0.9, 0.9, 0.9], [0, 0, 0, 1]), 0.05)
    assert found.high == pytest.approx(1e-2)
    assert not found.open_high
    # the best of all saw a run diverge: it is not the best to use
    assert usable_range(curve([0.8, 0.9, 0.99], [0, 0, 1]), 0.05).best == pytest.approx(1e-3)


def test_the_range_is_continuous() -> None:
    assert usable_range(curve([0.9, 0.2, 0.91]), 0.05).low > 1e-3


def test_no_range_if_all_runs_diverged() -> None:
    for table in (curve([np.nan, np.nan], [2, 2]), curve([0.9, 0.9], [1, 1]), curve([])):
        found = usable_range(table, 0.05)
        assert np.isnan([found.best, found.low, found.high, found.decades]).all()


@given(st.lists(SHARES, min_size=1, max_size=8), SHARES.filter(bool), st.floats(1e-3, 1e3), SHARES)
def test_width_does_not_depend_on_units(values: list[float], tolerance: float, unit: float, level: float) -> None:
    found = usable_range(curve(values), tolerance)
    moved = usable_range(curve([level + value for value in values], start=1e-4 * unit), tolerance)
    assert found.low <= found.best * (1 + 1e-9)
    assert found.best <= found.high * (1 + 1e-9)
    assert moved.decades == pytest.approx(found.decades, abs=1e-6)
    as_loss = usable_range(curve([-value for value in values], higher=False), tolerance, higher=False)
    assert as_loss == found
    assert usable_range(curve(values), 2 * tolerance).decades >= found.decades
