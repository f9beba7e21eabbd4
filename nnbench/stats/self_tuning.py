"""One configuration of an optimizer for all problems, chosen on the other problems: leave one problem out.

Tuned on each problem for itself, an optimizer is as good as somebody who tunes it there can make it. Somebody with a new
problem and no budget for tuning needs one configuration that is good everywhere (the self-tuning track of AlgoPerf, Dahl et
al., 2023; Kasimbeg et al., 2025). For each problem the configuration with the best mean score on all other problems is taken,
and its score on the problem that was left out is what it is worth there. The difference from the best configuration of that
problem is what tuning on it would have gained.
"""

import numpy as np
import pandas as pd

LEAST_PROBLEMS = 3  # with two, the configuration would be chosen on a single other problem


def leave_one_out(scores: pd.DataFrame) -> pd.DataFrame:
    """Choose a configuration for each problem on the others.

    Args:
        scores: one row a problem, one column a configuration; normalised, so that means over problems make sense; greater is
            better; NaN where it was not run. Only configurations that were run on every problem can be chosen.

    Returns:
        One row a problem: `chosen` (the configuration), `score` (of it on this problem), `best` (greatest score on this
        problem), `regret` (`best - score`).

    Raises:
        ValueError: there are fewer than three problems, or no configuration was run on all of them.
    """
    if len(scores) < LEAST_PROBLEMS:
        raise ValueError(f"a configuration is chosen on {LEAST_PROBLEMS} problems or more, not {len(scores)}")
    complete = scores.dropna(axis="columns")
    if complete.empty:
        raise ValueError("no configuration was run on every problem")
    array = complete.to_numpy(dtype=np.float64)
    others = (array.sum(axis=0) - array) / (len(array) - 1)
    chosen = others.argmax(axis=1)
    own = array[np.arange(len(array)), chosen]
    best = array.max(axis=1)
    table = pd.DataFrame({"chosen": complete.columns[chosen], "score": own, "best": best}, index=scores.index)
    return table.assign(regret=table["best"] - table["score"])
