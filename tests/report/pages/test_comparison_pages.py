"""The pages that set settings against each other: what they draw is what the statistics say, and so is their title."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnbench.records.study import Study
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.targets import names, timings
from nnbench.report.pages.distribution import stacked
from tests.oracles import interquartile
from tests.report.conftest import Drawn

MakeStudy = Callable[..., Study]
DrawPage = Callable[..., tuple[Drawn, pd.DataFrame]]


def _words(page: Drawn) -> str:
    return " ".join(page.words)


def _wide(study: Study) -> pd.DataFrame:
    return study.runs.pivot_table("test/accuracy", "seed", "setting")


def test_distribution_shows_the_means_that_settings_rank_by(comparison: Study, draw_page: DrawPage) -> None:
    page, _ = draw_page("distribution", comparison)
    means = sorted(float(interquartile(own)) for own in _wide(comparison).to_numpy().T)
    ticks = [line for line in page.axes[0].lines if line.get_linestyle() == "-" and line.get_marker() == "None"]
    assert sorted(float(np.asarray(line.get_xdata())[0]) for line in ticks) == pytest.approx(means)


def test_distribution_has_a_dot_for_each_run(comparison: Study, draw_page: DrawPage) -> None:
    page, table = draw_page("distribution", comparison)
    assert sorted(table["value"]) == sorted(comparison.runs["test/accuracy"])
    forest_plot, shares = page.axes
    dots = [x for line in forest_plot.lines if line.get_marker() == "o" for x in np.asarray(line.get_xdata())]
    assert sorted(dots) == sorted(table["value"])
    spread = _wide(comparison).max() - _wide(comparison).min()
    assert str(page.title).startswith(
        f"The test accuracy of {spread.idxmax()} differs by {spread.max():.2f} between seeds, optimizer means by "
    )
    steps = [np.asarray(line.get_ydata()) for line in shares.lines if len(np.asarray(line.get_ydata())) > 2]
    assert all(step[0] == 0 and step[-1] == 1 for step in steps)
    assert shares.get_xlim() == forest_plot.get_xlim()


def test_overlapping_dots_are_stacked() -> None:
    assert stacked(np.array([0.0, 0.01, 0.02, 0.5, 0.9, 0.91]), 0.1).tolist() == [0, 1, -1, 0, 0, 1]


def test_one_run_has_no_distribution(make_study: MakeStudy, draw_page: DrawPage) -> None:
    with pytest.raises(NoDataError, match="each setting has at most one completed run"):
        draw_page("distribution", make_study(seeds=1))


def test_pairs_are_counted_and_tested(comparison: Study, draw_page: DrawPage) -> None:
    page, table = draw_page("pairwise", comparison)
    wide = _wide(comparison)
    assert len(table) == 6
    for row in table.to_dict("records"):
        first, second = wide[row["first"]], wide[row["second"]]
        won = np.mean([(one > other) + (one == other) / 2 for one in first for other in second])
        assert row["estimate"] == pytest.approx(won)
        assert row["low"] <= won <= row["high"]
        assert row["difference"] == pytest.approx(interquartile(first - second))
        assert row["p"] == pytest.approx(stats.wilcoxon(first - second, zero_method="pratt").pvalue, rel=0.02)
    assert page.title == f"{table['differ'].sum()} of the 6 pairs of optimizers are shown to differ in test accuracy"
    marks = [line for line in page.axes[0].lines if np.size(line.get_xdata()) == 1]
    assert [float(np.asarray(line.get_xdata())[0]) for line in marks] == table["estimate"].tolist()
    assert [line.get_markerfacecolor() != "white" for line in marks] == table["differ"].tolist()


def test_few_seeds_show_no_pair_to_differ(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, table = draw_page("pairwise", make_study(seeds=4))
    assert page.title == "4 seeds cannot show any pair of 4 optimizers to differ in test accuracy"
    assert not table["differ"].any()
    with pytest.raises(NoDataError, match="no two settings share more than one seed"):
        draw_page("pairwise", make_study(seeds=1))
    with pytest.raises(NoDataError, match="fewer than two settings"):
        draw_page("pairwise", make_study(["adam"], 5))


def test_ranks_are_those_within_seeds(comparison: Study, draw_page: DrawPage) -> None:
    page, table = draw_page("ranks", comparison)
    ranks = (-_wide(comparison)).rank(axis=1)
    assert table.set_index("setting")["mean_rank"].to_dict() == pytest.approx(ranks.mean().to_dict())
    assert (table[[f"rank {place}" for place in (1, 2, 3, 4)]].sum(axis=1) == 10).all()
    assert str(page.title).startswith("First by mean rank: adam (1.0 of 4), shown to differ from ")
    assert "CD = 1.48" in _words(page)  # 2.569 sqrt(4 5 / (6 10)), Demsar's table 5


@pytest.mark.heavy
def test_ranks_without_a_difference_are_reported(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(alike=True)
    p = stats.friedmanchisquare(*_wide(study).T.to_numpy()).pvalue
    assert p > 0.05  # the study is what it is meant to be
    page, _ = draw_page("ranks", study)
    assert page.title == f"Ranks within seeds do not show the optimizers to differ (Friedman p = {p:.2f})"
    page, _ = draw_page("ranks", make_study(seeds=7))
    assert page.title == "7 seeds cannot rank 4 optimizers by test accuracy"
    with pytest.raises(NoDataError, match="fewer than 3 settings"):
        draw_page("ranks", make_study(["adam", "sgd"], 9))
    with pytest.raises(NoDataError, match="fewer than 6 seeds have a run of every setting"):
        draw_page("ranks", make_study(seeds=5))


def test_time_to_target_by_hand(make_study: MakeStudy, draw_page: DrawPage) -> None:
    broken = {("adam", 0): "diverged"}
    study = make_study(["adam", "sgd"], 9, outcome=lambda *run: broken.get(run, "finished"))
    page, table = draw_page("time_to_target", study)
    of = table.set_index(["target", "setting"])
    for setting, own in study.runs.groupby("setting"):
        noted = own["epochs_to/0.80"]
        ended = study.curves.groupby("run_id")["epoch"].max()[own["run_id"]].to_numpy()
        expected = noted.fillna(pd.Series(ended, index=own.index)).sum() / noted.notna().sum()
        assert of.loc[(0.8, setting), "reached"] == noted.notna().sum()
        assert of.loc[(0.8, setting), "expected_epochs"] == pytest.approx(expected)
        median = sorted(noted.fillna(np.inf))[4]
        assert of.loc[(0.8, setting), "median_epochs"] == median
    never = table[(table["target"] == 0.95) & (table["reached"] == 0)]
    assert set(never["expected_epochs"]) <= {np.inf}
    if len(never):
        assert "∞ (10,000)" in _words(page)


def test_seconds_are_epochs_at_the_pace_of_the_setting(make_study: MakeStudy, draw_page: DrawPage) -> None:
    """A run that had to share the machine took ten times as long and moves nothing."""
    study = make_study(["adam", "sgd"], 9)
    slowed = study.runs["time/train_seconds"].mask(study.runs["seed"] == 4, 10 * study.runs["time/train_seconds"])
    page, table = draw_page("time_to_target", study)
    _, busy = draw_page("time_to_target", replace(study, runs=study.runs.assign(**{"time/train_seconds": slowed})))
    pace = study.runs.groupby("setting")["time/train_seconds"].median() / study.runs["training.epochs"].iloc[0]
    reached = table[table["reached"] > 0]
    expected = reached["expected_epochs"] * reached["setting"].map(pace)
    assert reached["expected_seconds"].to_numpy() == pytest.approx(expected.to_numpy())
    np.testing.assert_allclose(busy["expected_seconds"], table["expected_seconds"], rtol=0.1)
    assert "Seconds: epochs times the median time of an epoch of that setting" in page.caption


def test_a_shorter_run_is_not_counted_as_late(make_study: MakeStudy) -> None:
    """The same runs twice, once all of them and once their beginning alone."""
    whole = make_study(["adam"], 9)
    arrivals = whole.runs["epochs_to/0.80"]
    end = arrivals.quantile(0.3)
    ids = {run_id: f"x{run_id[1:]}" for run_id in whole.runs["run_id"]}
    runs = whole.runs.assign(run_id=whole.runs["run_id"].map(ids), setting="adam, cut short")
    runs["epochs_to/0.80"] = arrivals.where(arrivals <= end)
    curves = whole.curves[whole.curves["epoch"] <= end]
    both = replace(
        whole,
        runs=pd.concat([whole.runs, runs], ignore_index=True),
        curves=pd.concat([whole.curves, curves.assign(run_id=curves["run_id"].map(ids))], ignore_index=True),
    )
    (timing,) = timings(Findings(both), [0.8])
    assert timing.table.set_index("setting")["reached"]["adam, cut short"] < 5
    assert (timing.conclusion.settings, timing.conclusion.worse, timing.conclusion.better_by_seed) == (2, (), ())
    diverged = both.runs["outcome"].mask(both.runs["setting"] != "adam", "diverged")
    (timing,) = timings(Findings(replace(both, runs=both.runs.assign(outcome=diverged))), [0.8])
    assert timing.conclusion.worse == ("adam, cut short",), "who diverged never arrives, however long one watches"


def test_a_target_without_success_is_reported(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["adam", "sgd"], 4)
    page, _ = draw_page("time_to_target", study, targets=(0.8, 0.999))
    assert "No run reached 0.999" in _words(page)
    with pytest.raises(NoDataError, match=r"no run reached a training accuracy of 0\.999"):
        draw_page("time_to_target", study, targets=(0.999,))


def test_the_earliest_is_named_only_if_a_test_shows_it(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, table = draw_page("time_to_target", make_study(["adam", "rmsprop_default"], 9), targets=(0.6,))
    assert table["behind"].tolist() == [False, True]
    assert str(page.title).startswith("Lowest median time to 0.60 training accuracy: adam, ")
    page, _ = draw_page("time_to_target", make_study(alike=True), targets=(0.6,))
    assert "No difference in median time" in str(page.title)
    page, _ = draw_page("time_to_target", make_study(seeds=3), targets=(0.6,))
    assert str(page.title).startswith("3 seeds cannot rank 4 optimizers by median time to 0.60")


def test_the_gap_is_computed_for_each_run(comparison: Study, draw_page: DrawPage) -> None:
    page, table = draw_page("generalisation", comparison)
    gap = (comparison.runs["final/train_accuracy"] - comparison.runs["test/accuracy"]).groupby(comparison.runs["setting"])
    means = gap.apply(lambda own: float(interquartile(own)))
    assert table.set_index("setting")["estimate"].to_dict() == pytest.approx(means.to_dict())
    scatter = page.axes[0]
    assert scatter.get_xlim() == scatter.get_ylim()
    points = sum(len(np.asarray(line.get_xdata())) for line in scatter.lines[1:])
    assert points == len(comparison.runs)
    apart = table["low"].iloc[0] > table["high"].iloc[-1]
    ends = [
        f"{mean:.2f}{f' for {name}' if apart else ''}"
        for name, mean in ((means.idxmin(), means.min()), (means.idxmax(), means.max()))
    ]
    assert page.title == f"From training to test points, accuracy falls by {ends[0]} to {ends[1]}"


def test_failures_are_counted_with_wilsons_interval(make_study: MakeStudy, draw_page: DrawPage) -> None:
    broken = {("sgd", 0): "diverged", ("sgd", 1): "diverged", ("sgd", 2): "killed"}
    study = make_study(["adam", "sgd"], 10, outcome=lambda *run: broken.get(run, "finished"))
    page, table = draw_page("failures", study)
    assert table[["setting", "n", "diverged", "at_chance"]].to_numpy().tolist() == [["sgd", 9, 2, 0], ["adam", 10, 0, 0]]
    wilson = stats.binomtest(2, 9).proportion_ci(method="wilson")
    assert table[["share", "low", "high"]].iloc[0].tolist() == pytest.approx([2 / 9, wilson.low, wilson.high])
    assert page.title == "2 of 9 runs of sgd diverged or ended at chance; no other setting failed"
    _, ended = page.axes
    crosses = [line for line in ended.lines if line.get_marker() == "x"]
    assert [np.asarray(line.get_xdata()).tolist() for line in crosses] == [[0, 1]]


def test_no_heading_without_content(make_study: MakeStudy, draw_page: DrawPage) -> None:
    """Of fewer than six runs there is no interval, nor a column for it."""
    for seeds, heads in ((4, 0), (8, 1)):
        page, _ = draw_page("generalisation", make_study(["adam", "sgd"], seeds))
        assert page.words.count("95 % interval") == heads


def test_a_tie_for_the_most_failures_is_reported(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["adam", "sgd", "rmsprop"], 5, outcome=lambda name, _: "finished" if name == "adam" else "diverged")
    page, _ = draw_page("failures", study)
    assert page.title == (
        "10 of 15 runs diverged or ended at chance: 5 of 5 runs of sgd, and the same proportion of 1 other setting"
    )


def test_no_failure_has_an_upper_bound(comparison: Study, draw_page: DrawPage) -> None:
    page, _ = draw_page("failures", comparison)
    assert page.title == "No run diverged or ended at chance, but with 10 runs a failure rate of up to 28 % is possible"


def test_runs_at_chance_fail(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["adam", "sgd"], 5)
    study.runs.loc[study.runs["setting"] == "sgd", "final/train_accuracy"] = 0.34
    _, table = draw_page("failures", study)
    assert table[["setting", "at_chance"]].to_numpy().tolist() == [["sgd", 5], ["adam", 0]]


def test_anytime_is_the_area_under_the_curve(comparison: Study, draw_page: DrawPage) -> None:
    page, table = draw_page("anytime", comparison)
    runs = comparison.runs.set_index("run_id")["setting"]
    areas: dict[str, list[float]] = {}
    for run_id, own in comparison.curves.groupby("run_id"):
        mean = np.trapezoid(own["val_loss"], own["epoch"]) / own["epoch"].max()
        areas.setdefault(runs[run_id], []).append(mean)
    linear = table[table["scale"] == "linear"].set_index("setting")["estimate"]
    assert linear.to_dict() == pytest.approx({name: float(interquartile(own)) for name, own in areas.items()})
    assert str(page.title).startswith("Lowest mean validation loss over training: adam")


def test_protocol_page_lists_the_splits(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, _ = draw_page("protocol", make_study())
    assert page.title == "4 optimizers are compared on the same 10 seeds"
    words = _words(page)
    assert "fewer than 8 seeds can show no difference at all; about 33 show one" in words.replace("\n", " ")
    page, table = draw_page("protocol", make_study(["adam", "sgd"], 12, tuned=8))
    assert page.title == "2 optimizers were tuned first, then compared on 12 fresh seeds"
    stages = table.set_index("about")["told"]
    assert stages["stage: tuning"].endswith("choice of the setting; none drawn")
    assert stages["stage: comparison"].startswith("0 to 11 (12); 4 settings, 48 runs")


def test_protocol_does_not_call_seeds_paired_that_are_not(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["adam", "sgd"], 8, outcome=lambda name, seed: "killed" if (name, seed) == ("sgd", 3) else "finished")
    page, _ = draw_page("protocol", study)
    assert page.title == "2 optimizers are compared on 8 seeds, 7 of which are common to all"


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["cover", "final_table", "distribution", "pairwise", "ranks", "anytime", "time_to_target"])
def test_the_order_of_runs_changes_nothing(name: str, comparison: Study, draw_page: DrawPage) -> None:
    shuffled = Study(**{**vars(comparison), "runs": comparison.runs.sample(frac=1, random_state=0)})
    titles = [draw_page(name, study)[0].title for study in (comparison, shuffled)]
    assert titles[0] == titles[1]


def test_every_pair_is_there_once(make_study: MakeStudy, draw_page: DrawPage) -> None:
    names = [f"mine{number}" for number in range(6)]
    _, table = draw_page("pairwise", make_study(names, 10))
    assert {frozenset(pair) for pair in table[["first", "second"]].to_numpy().tolist()} == set(
        map(frozenset, combinations(names, 2))
    )


def test_a_value_that_some_runs_do_not_have_is_not_common(comparison: Study, draw_page: DrawPage) -> None:
    """As `schedule.final`, which the constant schedule does not have."""
    final = np.where(comparison.runs["setting"] == "adam", 0.1, np.nan)
    _, table = draw_page("provenance", replace(comparison, runs=comparison.runs.assign(**{"schedule.final": final})))
    row = table.set_index("key").loc["schedule.final"]
    assert (row["kind"], set(row["value"].split("; "))) == ("varied", {"0.1", "not set"})


def test_hidden_layers_that_vary_are_listed(comparison: Study, draw_page: DrawPage) -> None:
    hidden = np.where(comparison.runs["setting"] == "adam", "[8]", "[16, 16]")
    _, table = draw_page("protocol", replace(comparison, runs=comparison.runs.assign(**{"network.hidden": hidden})))
    training = str(table.set_index("about").loc["Training", "told"])
    assert any(widths in training for widths in ("[8] or [16, 16] hidden units", "[16, 16] or [8] hidden units"))


def test_captions_give_the_steps_of_an_epoch_of_mini_batches(comparison: Study, draw_page: DrawPage) -> None:
    page, _ = draw_page("loss", comparison)
    assert "Epochs on a logarithmic scale" in _words(page)
    page, _ = draw_page("time_to_target", comparison)
    assert "evaluated epochs" not in _words(page)
    batches = replace(comparison, curves=comparison.curves.assign(steps=34.0 * comparison.curves["epoch"]))
    page, _ = draw_page("loss", batches)
    assert "Epochs of 34 steps on a logarithmic scale" in _words(page)
    page, _ = draw_page("time_to_target", batches)
    assert "measured only at the evaluated epochs" in _words(page)


@pytest.mark.parametrize(
    ("targets", "printed"),
    [([0.8, 0.95], ["0.80", "0.95"]), ([0.9, 0.9999], ["0.9000", "0.9999"]), ([0.995, 1.0, 0.995], ["0.995", "1.000"])],
)
def test_a_target_below_one_is_not_printed_as_one(targets: list[float], printed: list[str]) -> None:
    assert list(names(targets).values()) == printed
