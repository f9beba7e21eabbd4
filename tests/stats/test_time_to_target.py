import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats.time_to_target import expected_running_time, share_reached, time_until, times_to_target


def frame(times: list[float], reached: list[bool], diverged: list[bool] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"time": times, "reached": reached, "diverged": diverged or [False] * len(times)})


# Freireich et al. (1963): weeks of remission under 6-MP; + still in remission when last seen.
REMISSION = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]
LEUKEMIA = frame([float(week.rstrip("+")) for week in REMISSION], [not week.endswith("+") for week in REMISSION])


def test_the_example_of_the_textbook() -> None:
    """Survival as R's survival and Stata print it; ours is the share that has relapsed."""
    table = share_reached(LEUKEMIA)
    survival = pd.DataFrame({"time": table["time"], "share": 1 - table["share"]})
    assert survival.round(4).to_numpy().tolist() == [
        [6.0, 0.8571],
        [7.0, 0.8067],
        [10.0, 0.7529],
        [13.0, 0.6902],
        [16.0, 0.6275],
        [22.0, 0.5378],
        [23.0, 0.4482],
    ]
    assert time_until(LEUKEMIA) == 23.0
    assert time_until(LEUKEMIA, 0.6) == np.inf


@given(st.lists(st.integers(1, 20), min_size=1, max_size=15))
def test_without_censoring_the_estimate_is_the_share(times: list[int]) -> None:
    table = share_reached(frame([float(time) for time in times], [True] * len(times)))
    assert table["time"].tolist() == sorted(set(times))
    assert table["share"].tolist() == pytest.approx([np.mean(np.array(times) <= time) for time in table["time"]])
    assert time_until(frame([float(time) for time in times], [True] * len(times)), 1.0) == max(times)


RUNS = st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=15)


@given(RUNS, st.data())
def test_neither_the_order_of_runs_nor_the_clock_matters(runs: list[tuple[int, bool]], data: st.DataObject) -> None:
    times = frame([float(time) for time, _ in runs], [reached for _, reached in runs])
    order = data.draw(st.permutations(range(len(times))))
    ours, shuffled = share_reached(times), share_reached(times.iloc[order])
    pd.testing.assert_frame_equal(ours, shuffled)
    bent = share_reached(times.assign(time=times["time"] ** 2))  # any clock that runs forward
    pd.testing.assert_frame_equal(bent.drop(columns="time"), ours.drop(columns="time"))
    assert bent["time"].tolist() == (ours["time"] ** 2).tolist()
    cost, later = expected_running_time(times), expected_running_time(times.iloc[order].assign(time=times["time"] * 3))
    assert later.expected == pytest.approx(3 * cost.expected)


def test_a_diverged_run_never_reaches_the_target() -> None:
    """Censored at its divergence it would leave the count, and one of two would become one of one."""
    times = frame([5.0, 100.0], [False, True], [True, False])
    assert share_reached(times)["share"].tolist() == [0.5]
    assert share_reached(times.assign(diverged=False))["share"].tolist() == [1.0]
    lost = times.assign(time=[np.nan, 100.0])  # how long it took to diverge is not known
    assert share_reached(lost)["share"].tolist() == [0.5]
    assert np.isnan(expected_running_time(lost).expected)


def test_a_run_without_results_does_not_count() -> None:
    times = frame([np.nan, 100.0], [False, True])
    assert share_reached(times)["share"].tolist() == [1.0]
    assert expected_running_time(times).n == 1


def test_expected_running_time_pays_for_failures() -> None:
    found = expected_running_time(frame([100.0, 300.0, 1000.0], [True, True, False]))
    assert (found.expected, found.successes, found.n) == (700.0, 2, 3)


def test_expected_running_time_is_that_of_restarting_until_success() -> None:
    rng = np.random.default_rng(0)
    reached = rng.random(200_000) < 0.3
    times = np.where(reached, 10.0, 50.0)
    ends = np.flatnonzero(reached)  # each restart strategy ends at a success
    spent = np.add.reduceat(times[: ends[-1] + 1], np.append(0, ends[:-1] + 1))
    found = expected_running_time(frame(times.tolist(), reached.tolist()))
    assert found.expected == pytest.approx(spent.mean(), rel=0.001)
    assert found.expected == pytest.approx(10 + 0.7 / 0.3 * 50, rel=0.02)


def test_no_run_reached_the_target_or_none_ran() -> None:
    vain = frame([9.0, 9.0], [False, False])
    assert expected_running_time(vain).expected == np.inf
    assert share_reached(vain).empty
    assert time_until(vain) == np.inf
    nothing = frame([], [])
    assert np.isnan(expected_running_time(nothing).expected)
    assert time_until(nothing) == np.inf


Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture
def study() -> Tables:
    """Five runs: two that arrived, one of them to within rounding, one that never did, one that diverged, one killed."""
    outcomes = ["finished", "finished", "stopped", "diverged", "killed"]
    runs = pd.DataFrame({"run_id": list("abcde"), "setting": "adam", "seed": range(5), "outcome": outcomes})
    ends = {"a": 19, "b": 19, "c": 19, "d": 5, "e": 0}
    curves = pd.DataFrame([(run, epoch) for run, end in ends.items() for epoch in (0, end)], columns=["run_id", "epoch"])
    best = {
        "a": {0: 0.3, 7: 0.92},
        "b": {4: 0.85, 18: 0.9 - 1e-8},
        "c": {0: 0.3, 9: 0.5},
        "d": {3: 0.95},
        "e": {0: 1.0},
    }
    rows = [(run, epoch, value) for run, records in best.items() for epoch, value in records.items()]
    return runs, curves, pd.DataFrame(rows, columns=["run_id", "epoch", "train_accuracy"])


def test_times_of_a_study(study: Tables) -> None:
    times = times_to_target(*study, 0.9)
    assert times["seed"].tolist() == [0, 1, 2, 3]
    assert times["reached"].tolist() == [True, True, False, False]
    assert times["diverged"].tolist() == [False, False, False, True]
    assert times["time"].tolist() == [7.0, 18.0, 19.0, 5.0]
    assert times_to_target(*study, 0.8)["time"].tolist() == [7.0, 4.0, 19.0, 5.0]
    assert times_to_target(*study, 0.901)["time"].tolist() == [7.0, 19.0, 19.0, 5.0]
