import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats.profiles import algoperf_score, performance_profiles, ratios

# Ratios to the fastest: a 1, 1, 2, inf; b 2, 3, 1, inf; c inf, 1, 8, inf. Nobody solved the last problem.
TIMES = pd.DataFrame(
    {"a": [10.0, 6.0, 4.0, np.inf], "b": [20.0, 18.0, 2.0, np.nan], "c": [np.nan, 6.0, 16.0, np.inf]},
    index=["spiral", "moons", "rings", "hopeless"],
)


def test_profiles_computed_by_hand() -> None:
    table = performance_profiles(TIMES, [1.0, 1.999, 2.0, 3.0, 8.0, 1e9])
    assert table["a"].tolist() == [0.5, 0.5, 0.75, 0.75, 0.75, 0.75]
    assert table["b"].tolist() == [0.25, 0.25, 0.5, 0.75, 0.75, 0.75]
    assert table["c"].tolist() == [0.25, 0.25, 0.25, 0.25, 0.5, 0.5]


def test_algoperf_score_computed_by_hand() -> None:
    """The mean over problems of (4 - r) / 3, nothing beyond r = 4."""
    assert algoperf_score(TIMES).to_dict() == pytest.approx(
        {"a": (3 + 3 + 2) / 12, "b": (2 + 1 + 3) / 12, "c": (0 + 3 + 0) / 12}
    )
    assert list(algoperf_score(TIMES).index) == ["a", "b", "c"]


TABLES = st.lists(st.lists(st.floats(0.1, 100) | st.just(np.inf), min_size=3, max_size=3), min_size=3, max_size=6)


@given(TABLES, st.floats(1.5, 10))
def test_the_score_is_the_area_under_the_profile(rows: list[list[float]], r_max: float) -> None:
    times = pd.DataFrame(rows, columns=list("abc"))
    tau = np.linspace(1, r_max, 4001)
    area = performance_profiles(times, tau).apply(lambda rho: np.trapezoid(rho, tau)) / (r_max - 1)
    score = algoperf_score(times, r_max=r_max)
    assert score[["a", "b", "c"]].tolist() == pytest.approx(area[["a", "b", "c"]].tolist(), abs=1e-3)


@given(TABLES, st.floats(0.01, 100))
def test_neither_units_nor_order_matter(rows: list[list[float]], unit: float) -> None:
    times = pd.DataFrame(rows, columns=list("abc"))
    changed = times.mul(np.geomspace(1, unit, len(times)), axis=0).iloc[::-1, ::-1]
    assert algoperf_score(changed)[["a", "b", "c"]].tolist() == pytest.approx(algoperf_score(times)[["a", "b", "c"]].tolist())
    best = ratios(times).min(axis=1)
    assert best[np.isfinite(best)].eq(1).all()


def test_too_few_problems_and_invalid_times_are_refused() -> None:
    with pytest.raises(ValueError, match="3 problems or more, not 2"):
        performance_profiles(TIMES.head(2), [1.0])
    with pytest.raises(ValueError, match="positive"):
        algoperf_score(TIMES.replace(2.0, 0.0))
