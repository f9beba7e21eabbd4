import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.report.plots.ticks import log_ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1, 10_000, [1, 10, 100, 1000, 10_000]),
        (0.02, 2, [0.03, 0.1, 0.3, 1]),
        (0.6, 6, [1, 2, 5]),
        (0.5, 1.5, [0.5, 0.7, 1, 1.5]),
        (0.001, 1e38, [1e-3, 10, 1e5, 1e9, 1e13, 1e17, 1e21, 1e25, 1e29, 1e33, 1e37]),
    ],
)
def test_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == ticks


@given(st.floats(1e-8, 1e5), st.floats(1.01, 1e60))
def test_log_axes_have_a_few_ticks(low: float, ratio: float) -> None:
    ticks = log_ticks(low, low * ratio)
    assert 1 <= len(ticks) <= 15
    assert all(low <= tick <= low * ratio for tick in ticks)
    assert np.all(np.diff(ticks) > 0)
