"""Pages that show the runs that came to their end count those that did not."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from nnbench.records.study import Study
from tests.report.conftest import Drawn

DrawPage = Callable[..., tuple[Drawn, pd.DataFrame]]


def _hot(make_study: Callable[..., Study]) -> Study:
    def outcome(setting: str, seed: int) -> str:
        return "diverged" if setting == "adam" and seed < 5 else "finished"

    return make_study(["adam", "sgd", "adagrad"], 12, outcome=outcome, boundaries=False)


def test_the_distribution_function_begins_with_diverged_runs(make_study: Callable[..., Study], draw_page: DrawPage) -> None:
    page, _ = draw_page("distribution", _hot(make_study))
    shares = page.axes[-1]
    starts = sorted(float(np.asarray(line.get_ydata())[0]) for line in shares.lines if len(np.asarray(line.get_xdata())) > 2)
    assert starts == [0, 0, 5 / 12]


def test_ranks_and_pairs_count_them_as_lost(make_study: Callable[..., Study], draw_page: DrawPage) -> None:
    study = _hot(make_study)
    _, ranks = draw_page("ranks", study)
    assert ranks.set_index("setting").loc["adam", "rank 3"] == 5
    _, pairs = draw_page("pairwise", study)
    beaten = pairs[(pairs["first"] == "adam") | (pairs["second"] == "adam")]
    assert (beaten["n"] == 12).all()
    assert beaten[["difference", "difference_low"]].apply(np.isfinite).all(axis=None)  # over the seeds on which neither did


def test_a_setting_that_lost_many_runs_is_last(make_study: Callable[..., Study], draw_page: DrawPage) -> None:
    for page in ("cover", "final_table"):
        _, table = draw_page(page, _hot(make_study))
        assert table["setting"].iloc[-1] == "adam"
