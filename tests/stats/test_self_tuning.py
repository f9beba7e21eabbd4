import numpy as np
import pandas as pd
import pytest

from nnbench.stats.self_tuning import leave_one_out

SCORES = pd.DataFrame(
    {"large": [1.0, 0.8, 0.0], "middle": [0.7, 0.7, 0.6], "small": [0.1, 0.3, 0.9]}, index=["digits", "moons", "rotated"]
)


def test_a_table_computed_by_hand() -> None:
    """Means over the others, for digits: large 0.4, middle 0.65, small 0.6; moons: 0.5, 0.65, 0.5; rotated: 0.9, 0.7, 0.2."""
    table = leave_one_out(SCORES)
    assert table["chosen"].to_dict() == {"digits": "middle", "moons": "middle", "rotated": "large"}
    assert table["score"].tolist() == [0.7, 0.7, 0.0]
    assert table["best"].tolist() == [1.0, 0.8, 0.9]
    assert table["regret"].tolist() == pytest.approx([0.3, 0.1, 0.9])


def test_the_problem_itself_has_no_say() -> None:
    changed = SCORES.copy()
    changed.loc["digits"] = [0.0, 0.0, 100.0]
    assert leave_one_out(changed).loc["digits", "chosen"] == "middle"


def test_a_configuration_that_is_missing_somewhere_is_not_chosen() -> None:
    assert leave_one_out(SCORES.assign(middle=[0.7, np.nan, 0.6]))["chosen"].tolist() == ["small", "large", "large"]


def test_impossible_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="3 problems or more, not 2"):
        leave_one_out(SCORES.head(2))
    with pytest.raises(ValueError, match="no configuration was run on every problem"):
        leave_one_out(pd.DataFrame(np.diag([1.0, 1.0, 1.0])).replace(0.0, np.nan))
