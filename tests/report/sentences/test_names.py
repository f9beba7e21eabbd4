import pytest

from nnbench.report.sentences.names import short

LONG = [
    f"adam dataset.name=spiral dataset.noise={noise} dataset.test_samples={many}" for noise in (0.1, 0.2) for many in (1, 2)
]


@pytest.mark.parametrize("room", [80, 60, 36, 26, 18, 12, 8])
def test_names_that_are_cut_still_differ(room: int) -> None:
    shown = short(LONG, lambda name: len(name) <= room)
    assert len(set(shown)) == len(LONG)
    assert all(len(name) <= room for name in shown)


def test_common_parts_of_names_are_removed() -> None:
    assert short(LONG, lambda name: len(name) <= 100) == LONG
    assert short(LONG, lambda name: len(name) <= 50)[1] == "adam dataset.noise=0.1 dataset.test_samples=2"
    assert short(LONG, lambda name: len(name) <= 35)[1] == "adam noise=0.1 test_samples=2"


def test_equal_names_stay_equal() -> None:
    assert len(set(short(["W" * 60, "W" * 60], lambda name: len(name) <= 10))) == 1


def test_names_shown_together_have_one_form() -> None:
    """One that would fit in a longer form has that of the others."""
    names = [f"adam network.hidden=[{width}] schedule={name}" for width in ("16,16", "8") for name in ("constant", "cosine")]
    assert short(names, lambda name: len(name) <= 31)[3] == "adam [8] cosine"


def test_a_name_is_not_shortened_to_another_one() -> None:
    names = ["rmsprop (tuned)", "rmsprop", "adagrad (tuned)"]
    shown = short(names, lambda name: len(name) <= 10)
    assert shown[1] == "rmsprop"
    assert len(set(shown)) == 3
