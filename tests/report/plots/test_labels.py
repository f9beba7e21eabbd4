import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnbench.report.plots.labels import spread

HEIGHTS = st.lists(st.floats(0, 100), min_size=1, max_size=12)


@given(HEIGHTS)
def test_labels_do_not_overlap_and_keep_their_order(heights: list[float]) -> None:
    placed = spread(heights, 5, 0, 100)
    assert (np.diff(np.sort(placed)) >= 5 - 1e-9).all()
    assert placed.min() >= -1e-9
    assert placed.max() <= 100 + 1e-9
    order = np.argsort(heights, kind="stable")
    assert (np.diff(placed[order]) > 0).all()


def test_labels_without_overlap_are_not_moved() -> None:
    assert spread([50, 10, 90], 5, 0, 100).tolist() == [50, 10, 90]


def test_labels_that_touch_share_the_way() -> None:
    assert spread([50, 50], 4, 0, 100).tolist() == [48, 52]
    assert spread([51, 50, 20], 4, 0, 100).tolist() == [52.5, 48.5, 20]


def test_labels_at_an_edge_are_moved_inward() -> None:
    assert spread([0, 0, 1], 5, 0, 100).tolist() == [0, 5, 10]
    assert spread([100, 100], 5, 0, 100).tolist() == [95, 100]


def test_too_many_labels_are_spread_evenly() -> None:
    assert spread([3, 3, 3, 3, 3], 5, 0, 10).tolist() == [0, 2.5, 5, 7.5, 10]


def test_no_label() -> None:
    assert spread([], 5, 0, 10).size == 0
