import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats.pareto import front


def test_front_of_a_table_made_by_hand() -> None:
    costs, scores = [1, 2, 3, 4, 2, 5], [0.5, 0.7, 0.6, 0.9, 0.7, np.nan]
    assert front(costs, scores, higher=True).tolist() == [True, True, False, True, True, False]
    assert front(costs, scores, higher=False).tolist() == [True, False, False, False, False, False]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_every_point_off_the_front_is_dominated_by_one_on_it(points: list[tuple[int, int]]) -> None:
    costs, losses = np.array(points).T
    on = front(costs, losses, higher=False)
    assert on.any()
    for cost, loss in np.array(points)[~on]:
        assert ((costs[on] <= cost) & (losses[on] <= loss)).any()
