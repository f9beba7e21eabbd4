import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.failures import chance_line, failures, share


def test_wilsons_formula() -> None:
    """Brown, Cai and DasGupta (2001), equation 4, at 3 of 20."""
    z = stats.norm.ppf(0.975)
    middle, half = (3 + z**2 / 2) / (20 + z**2), z / (20 + z**2) * np.sqrt(20 * 0.15 * 0.85 + z**2 / 4)
    found = share(3, 20)
    assert (found.estimate, found.low, found.high, found.n) == pytest.approx((0.15, middle - half, middle + half, 20))


@given(st.integers(1, 60), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95]))
def test_agrees_with_scipy_and_holds_the_share(of: int, part: float, confidence: float) -> None:
    count = round(part * of)
    found = share(count, of, confidence=confidence)
    theirs = stats.binomtest(count, of).proportion_ci(confidence, method="wilson")
    assert (found.low, found.high) == (theirs.low, theirs.high)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    mirrored = share(of - count, of, confidence=confidence)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((found.low, found.high))


def test_no_runs_no_share() -> None:
    none = share(0, 0)
    assert none.n == 0
    assert np.isnan([none.estimate, none.low, none.high]).all()


def test_guessing_exceeds_the_chance_line_in_five_percent() -> None:
    line = chance_line(3, 300)
    assert 1 / 3 < line < 0.4
    assert stats.binom.sf(round(line * 300), 300, 1 / 3) <= 0.05 < stats.binom.sf(round(line * 300) - 1, 300, 1 / 3)
    assert chance_line(3, 30) > line > chance_line(3, 3000)


def test_diverged_runs_and_runs_at_chance_are_counted_separately() -> None:
    runs = pd.DataFrame(
        [("sgd", "finished", 0.9), ("sgd", "diverged", 0.34), ("sgd", "stopped", 0.36), ("sgd", "failed", np.nan)]
        + [("adam", "finished", 0.9)] * 2
        + [("wild", "diverged", np.nan)] * 2,
        columns=["setting", "outcome", "final/train_accuracy"],
    )
    table = failures(runs, chance=0.38).set_index("setting")
    assert table.index.tolist() == ["sgd", "adam", "wild"]
    assert table[["n", "diverged", "at_chance"]].to_numpy()[0].tolist() == [3, 1, 1]
    assert table["share"].tolist() == pytest.approx([2 / 3, 0.0, 1.0])
    assert table["low"]["wild"] == pytest.approx(share(2, 2).low)
    assert failures(runs.iloc[:0], chance=0.38).empty
    again = failures(runs.iloc[::-1], chance=0.38).set_index("setting")
    pd.testing.assert_frame_equal(again.sort_index(), table.sort_index())
