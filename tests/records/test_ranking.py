"""The rule by which settings are chosen, with the training loss in place of a score."""

from math import inf

import hypothesis.strategies as st
from hypothesis import given

from nnbench.records.ranking import TRAIN_LOSS, criteria, final_validation, score

losses = st.floats(0, 1e6)


def test_the_measure_follows_what_settings_are_ranked_by() -> None:
    known = ("final/train_loss", "final/train_r2", "final/val_r2", "final/val_loss")
    assert criteria("train_loss", known) == (TRAIN_LOSS, TRAIN_LOSS)
    for rank_by in ("test_measure", "best_validation", "steps_to_target"):
        assert criteria(rank_by, known) == ("final/val_r2", "final/val_loss")
    assert criteria("test_measure", ("final/train_loss", "final/train_accuracy"))[0] == "final/train_accuracy"


@given(losses, losses)
def test_a_lower_training_loss_is_better_and_any_is_better_than_a_lost_run(one: float, other: float) -> None:
    results = [final_validation("finished", loss, loss, TRAIN_LOSS) for loss in (one, other)]
    first, second = (score([result]) for result in results)
    lost = score([final_validation("diverged", 0.0, 0.0, TRAIN_LOSS)])
    assert (first < second) == (one < other)
    assert first.value >= second.value or one > other
    assert first < lost
    assert first.value > lost.value
    assert first.accuracy == -one


def test_a_run_without_a_loss_is_lost() -> None:
    assert final_validation("finished", None, None, TRAIN_LOSS) is None
    assert final_validation("finished", 0.5, None) == (0.5, inf)
