from collections.abc import Callable

import pytest
from scipy import stats

from nnbench.records.study import Study
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.sentences import wording
from nnbench.report.sentences.caveats import caveats, one_task
from tests.oracles import interquartile

MakeStudy = Callable[..., Study]
TEST = METRICS["test/accuracy"]


def told(findings: Findings) -> dict[str, str]:
    """The caveats by their kind."""
    return caveats(findings)


def _said(study: Study) -> tuple[str, str]:
    findings = Findings(study)
    return wording.answer(findings, TEST), wording.headline(findings, TEST)


def test_a_clear_winner_is_named_with_interval_and_n(comparison: Study) -> None:
    conclusion, headline = _said(comparison)
    best = Findings(comparison).ranking(TEST).iloc[0]
    own = comparison.runs.loc[comparison.runs["setting"] == "adam", TEST.column]
    value = f"{interquartile(own):.3f} [{best['low']:.3f}, {best['high']:.3f}]"
    answer = "The highest test accuracy after the last epoch is that of adam"
    assert conclusion.startswith(f"{answer}: {value}, n = 10; each of the other 3 is shown to be lower.")
    assert headline == f"Highest test accuracy: adam, {value}"


def test_no_difference_is_claimed_that_is_not_shown(make_study: MakeStudy) -> None:
    study = make_study(alike=True)
    p_values = [
        stats.wilcoxon(own, other).pvalue
        for own, other in [
            (study.runs.loc[study.runs["setting"] == name, TEST.column].to_numpy() for name in pair)
            for pair in [("adam", "sgd"), ("adam", "adagrad"), ("adam", "rmsprop")]
        ]
    ]
    assert min(p_values) > 0.05  # the study is what it is meant to be
    conclusion, headline = _said(study)
    assert conclusion.startswith("No difference in test accuracy after the last epoch is shown between 4 optimizers; ")
    assert conclusion.endswith(", n = 10.")
    assert headline == "No difference in test accuracy is shown between 4 optimizers"


def test_settings_level_with_the_best_are_separate_from_those_behind(make_study: MakeStudy) -> None:
    study = make_study(["adam", "adam twin", "rmsprop_default"])
    adam, twin = (study.runs["setting"] == name for name in ("adam", "adam twin"))
    study.runs.loc[twin, TEST.column] = study.runs.loc[adam, TEST.column].to_numpy()
    conclusion, headline = _said(study)
    assert conclusion.startswith(
        "The highest test accuracy after the last epoch is the same for adam and adam twin on every seed: "
    )
    assert conclusion.endswith(", n = 10. The paired test shows rmsprop_default to be lower.")
    assert headline == "Highest test accuracy: the same for adam and adam twin"


def test_the_lowest_loss_is_the_best(comparison: Study) -> None:
    said = wording.answer(Findings(comparison), METRICS["final/train_loss"])
    assert said.startswith("The lowest training loss after the last epoch is that of adam: ")
    assert "each of the other 3 is shown to be higher." in said


@pytest.mark.parametrize(
    ("seeds", "told"), [(1, ": 8 or more"), (3, ": 8 or more"), (7, " by signed-rank tests of all pairs, for which 8 or more")]
)
def test_few_seeds_rank_nothing(make_study: MakeStudy, seeds: int, told: str) -> None:
    conclusion, headline = _said(make_study(seeds=seeds))
    start = f"{seeds} seed{'s' if seeds > 1 else ''} cannot rank 4 optimizers"
    assert conclusion.startswith(f"{start}{told} are needed, and about 33 to show one that wins three times in")
    assert "So far the highest test accuracy after the last epoch is that of adam: " in conclusion
    assert headline == f"{start} by test accuracy"


def test_a_single_run_is_reported(make_study: MakeStudy) -> None:
    assert _said(make_study(["adam"], 1))[0].endswith(" in one run; the spread over seeds is unknown.")
    assert _said(make_study(["adam"], 4))[0].endswith(", n = 4.")


def test_nothing_to_compare(make_study: MakeStudy) -> None:
    broken = Findings(make_study(outcome=lambda setting, seed: "diverged" if seed else "failed"))
    told = "No run was completed, so nothing can be compared: 40 runs: 36 diverged, 4 failed."
    assert wording.answer(broken, TEST) == told
    assert wording.answer(Findings(make_study([], 0)), TEST) == "No run has been made yet."
    assert caveats(broken) == {}


def test_grids_are_of_settings_and_warn_of_choosing_among_them(make_study: MakeStudy) -> None:
    findings = Findings(make_study(["adam lr=0.1", "adam lr=0.01"], 4))
    assert "2 settings" in wording.answer(findings, TEST)
    assert "chosen_by_the_same_seeds" in told(findings)


def test_tuning_is_reported_with_budget_and_edges(make_study: MakeStudy) -> None:
    tuned = told(Findings(make_study(["sgd", "adam"], 3, tuned=8)))["tuned"]
    assert tuned.startswith("Tuned with 8 configurations of each optimizer, from spaces declared before anything ran")
    assert "; adam chose a value on the edge, so a better one may lie beyond" in tuned


def test_caveats_are_computed_from_the_runs(make_study: MakeStudy) -> None:
    broken = make_study(
        outcome=lambda setting, seed: "diverged" if setting == "sgd" and seed < 2 else "finished",
        test=False,
        commits=["a" * 40, "b" * 40],
    )
    said = told(Findings(broken))
    assert list(said) == ["task", "as_given", "seeds", "power", "diverged", "no_test", "versions"]
    assert said["task"].startswith("One task: spiral (3 classes, 100 training points a class, noise 0.2).")
    assert said["seeds"].startswith("8 to 10 seeds per setting: with fewer than 10 ")
    assert said["diverged"].startswith("2 runs diverged (2 of sgd)")
    assert said["no_test"] == "There is no test split: the settings are ranked by validation accuracy."
    assert said["versions"].startswith("The runs come from 2 versions of the code")


def test_too_few_seeds_for_an_interval_are_reported(make_study: MakeStudy) -> None:
    said = told(Findings(make_study(["adam", "sgd"], 4)))["seeds"]
    assert "4 seeds per setting: with fewer than 6 there is no interval" in said
    said = told(Findings(make_study(["adam", "sgd"], 8)))["seeds"]
    assert "8 seeds per setting: with fewer than 10 the intervals come out too narrow" in said


def test_settings_without_finished_runs_are_reported(make_study: MakeStudy) -> None:
    broken = make_study(["adam", "sgd"], 3, outcome=lambda name, _: "diverged" if name == "sgd" else "finished")
    assert "No run of 1 setting was completed, so it has no estimate." in told(Findings(broken))["diverged"]


def test_long_names_are_shortened_in_sentences(make_study: MakeStudy) -> None:
    name = "my_company.optimizers.experimental:Sophisticated lr=0.001"
    conclusion, headline = _said(make_study([name, "adam"], 10))
    assert name not in conclusion + headline
    assert len(wording.short_name(name)) <= 48
    assert wording.short_name(name).endswith("lr=0.001")
    assert wording.short_name("adam lr=0.05") == "adam lr=0.05"


def test_outcomes(make_study: MakeStudy) -> None:
    assert wording.outcomes(make_study().runs) == "40 runs, all finished"
    assert wording.outcomes(make_study(["adam"], 1).runs) == "1 run, finished"


def test_runs_of_different_tasks_are_not_the_same(make_study: MakeStudy) -> None:
    runs = make_study(["adam", "sgd"], 6).runs
    assert one_task(runs).startswith("One task: spiral")
    noisy = runs.copy()
    noisy["dataset.noise"], noisy["training.epochs"] = [0.2, 0.8] * 6, [201] * 11 + [401]
    assert one_task(noisy).startswith("Several tasks: ")
    for words in ("dataset.noise is 0.2 and 0.8", "training.epochs is 201 and 401"):
        assert words in one_task(noisy)


def test_only_a_classification_has_points_of_each_class(make_study: MakeStudy) -> None:
    runs = make_study(["adam"], 6).runs.assign(**{"dataset.samples": 50})
    assert "50 training points a class" in one_task(runs)
    assert "50 training points)" in one_task(runs.assign(**{"test/r2": 0.5, "dataset.noise": None}))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *(("learning_rate", "learning rate"), ("beta_1", "β₁"), ("beta_12", "β₁₂"), ("beta_max", "beta max"), ("rho", "rho")),
        *(("network.initial_scale", "network initial scale"), ("schedule.name", "schedule")),
    ],
)
def test_hyperparameters_are_shown_with_their_usual_symbols(name: str, told: str) -> None:
    assert wording.hyperparameter_label(name) == told


def test_a_name_or_value_as_long_as_a_page_is_cut() -> None:
    assert wording.hyperparameter_value("[" * 6000) == "[" * 24 + "…" + "[" * 23
    assert wording.hyperparameter_label("network." + "x" * 6000) == "network " + "x" * 16 + "…" + "x" * 23
