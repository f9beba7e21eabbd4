import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats import quartiles as module
from nnbench.stats.interquartile import interquartile_mean
from tests.oracles import interquartile


def quartiles(curves: pd.DataFrame) -> pd.DataFrame:
    found = module.quartiles(curves.index.to_numpy(), curves.to_numpy(dtype=float))
    return pd.DataFrame(found).set_index("epoch")


def test_quartiles_over_runs_at_each_epoch() -> None:
    curves = pd.DataFrame(np.outer([1.0, 2.0], np.arange(5.0)), index=[0, 10])
    bands = quartiles(curves)
    assert bands.loc[10].to_dict() == {"least": 0, "low": 2, "iqm": 4, "high": 6, "most": 8, "n": 5}


def test_curves_at_other_epochs_are_interpolated_linearly() -> None:
    curves = pd.DataFrame({"a": [0.0, np.nan, 4.0], "b": [0.0, 1.0, np.nan]}, index=[0, 10, 40])
    bands = quartiles(curves)
    assert bands.loc[10, "iqm"] == 1.0  # a is at 1 there, a quarter of the way
    assert list(bands.loc[40, ["least", "most", "n"]]) == [1.0, 4.0, 2]  # b keeps its last value


def test_the_band_of_one_run_is_its_curve() -> None:
    bands = quartiles(pd.DataFrame({"a": [3.0, 1.0]}, index=[0, 5]))
    assert (bands[["least", "low", "iqm", "high", "most"]].nunique(axis=1) == 1).all()
    assert bands["n"].tolist() == [1, 1]


def test_epochs_that_no_run_has_are_left_out() -> None:
    bands = quartiles(pd.DataFrame({"a": [np.nan, 1.0], "b": [np.nan, 2.0]}, index=[0, 5]))
    assert bands.index.tolist() == [5]
    assert quartiles(pd.DataFrame({"a": [np.nan]}, index=[0])).empty


@given(st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3)), min_size=1, max_size=14))
def test_the_line_is_the_interquartile_mean_that_ranks(values: list[float | None]) -> None:
    """Agrees with SciPy's over the runs with a value at the epoch."""
    bands = quartiles(pd.DataFrame([values], dtype=float))
    known = [value for value in values if value is not None]
    assert bands["iqm"].tolist() == pytest.approx([float(interquartile(known))] if known else [])
    if known:
        assert bands["iqm"].iloc[0] == pytest.approx(interquartile_mean(known).estimate)
