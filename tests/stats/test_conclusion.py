from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnbench.report.sentences.conclusion import Phrasing, headline, sentence
from nnbench.stats.conclusion import Conclusion, conclude, exclusion_reasons
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.signed_rank import compare

PHRASING = Phrasing(
    measure="test accuracy",
    higher=True,
    noun="optimizer",
    interval=lambda value, low, high: f"{value:.2f} [{low:.2f}, {high:.2f}]",
)


def concluded(values: pd.DataFrame, *, higher: bool = True) -> Conclusion:
    """The conclusion on a table of seeds by settings."""
    rows = [(name, one.n, one.estimate, one.low, one.high) for name in values for one in [interquartile_mean(values[name])]]
    ranking = pd.DataFrame(rows, columns=["setting", "n", "estimate", "low", "high"])
    ranking = ranking.assign(counted=ranking["n"], score=ranking["estimate"], diverged=0, aside="")
    ranking = ranking.sort_values("estimate", ascending=not higher, kind="stable", ignore_index=True)
    return conclude(ranking, compare(values), higher=higher)


def study(seeds: int = 20, noise: float = 0.01, **means: float) -> pd.DataFrame:
    """Settings with these means; the same seeds are hard for all."""
    rng = np.random.default_rng(0)
    hard = rng.normal(size=seeds) * 0.02
    return pd.DataFrame({name: mean + hard + noise * rng.normal(size=seeds) for name, mean in means.items()})


def test_an_example_of_a_conclusion() -> None:
    conclusion = concluded(study(Adam=0.82, SGD=0.7, RMSProp=0.7))
    assert set(conclusion.worse) == {"SGD", "RMSProp"}
    assert conclusion.worse_not_distinguished == (conclusion.worse,)
    value = f"{conclusion.interval.estimate:.2f} [{conclusion.interval.low:.2f}, {conclusion.interval.high:.2f}]"
    assert sentence(conclusion, PHRASING) == (
        f"The highest test accuracy is that of Adam: {value}, n = 20; each of the other 2 is shown to be lower. "
        f"No difference is shown between {' and '.join(conclusion.worse)}."
    )
    assert headline(conclusion, PHRASING) == f"Highest test accuracy: Adam, {value}"


def test_settings_distinguished_from_the_best_and_not() -> None:
    conclusion = concluded(study(Adam=0.8, RMSProp=0.8, SGD=0.6))
    (other,) = conclusion.not_distinguished
    assert {conclusion.best, other} == {"Adam", "RMSProp"}
    said = sentence(conclusion, PHRASING)
    assert said.endswith(f", n = 20. No difference from {other} is shown. The paired test shows SGD to be lower.")
    assert headline(conclusion, PHRASING).endswith(f", not shown to be ahead of {other}")


ROWS = pd.DataFrame(
    [
        ("sgd", 20, 20, 0, 0.8, 0.8),
        ("adam", 18, 20, 2, 0.7, 0.7),
        ("mine", 1, 1, 0, 0.95, 0.95),
        ("none", 0, 0, 0, np.nan, np.nan),
    ],
    columns=["setting", "n", "counted", "diverged", "estimate", "score"],
)


def test_a_setting_with_few_runs_is_not_ranked_and_named() -> None:
    ranking = ROWS.assign(low=0.0, high=1.0, aside=exclusion_reasons(ROWS["counted"], ROWS["n"]))
    assert ranking["aside"].tolist() == ["", "", "1 seed", ""]
    columns = ["first", "second", "n", "sign", "p", "p_holm", "differ", "same"]
    pair = pd.DataFrame([("sgd", "adam", 20, 1, 1e-4, 1e-4, True, False)], columns=columns)
    conclusion = conclude(ranking, pair, higher=True)
    assert (conclusion.claim, conclusion.best, conclusion.worse, conclusion.settings) == ("first", "sgd", ("adam",), 2)
    said = sentence(conclusion, PHRASING)
    assert said.endswith(
        ", n = 20. The paired test shows adam (2 of 20 runs diverged) to be lower. Not ranked: mine (1 seed)."
    )


def test_where_all_have_few_runs_none_is_excluded() -> None:
    few = ROWS[ROWS["setting"].isin(["mine", "none"])]
    assert exclusion_reasons(few["counted"], few["n"]).tolist() == ["", ""]


def test_diverged_runs_of_the_best_are_counted_in_the_sentence() -> None:
    conclusion = replace(concluded(study(Adam=0.8, SGD=0.6)), diverged=(("Adam", 3, 23),))
    assert "] over the 20 of its 23 runs that did not diverge; the other is lower." in sentence(conclusion, PHRASING)


def test_no_difference_at_all() -> None:
    conclusion = concluded(study(Adam=0.8, RMSProp=0.8, SGD=0.8))
    assert (conclusion.worse, conclusion.worse_not_distinguished) == ((), ())
    said = sentence(conclusion, PHRASING)
    none = "No difference in test accuracy is shown between 3 optimizers"
    assert said.startswith(f"{none}; the highest is that of {conclusion.best}: ")
    assert headline(conclusion, PHRASING) == none


def test_the_best_loss_is_the_lowest() -> None:
    conclusion = concluded(study(Adam=0.2, SGD=0.5), higher=False)
    said = sentence(conclusion, replace(PHRASING, measure="training loss", higher=False))
    assert said.startswith("The lowest training loss is that of Adam: 0.2")
    assert said.endswith("n = 20; the other is higher.")


@pytest.mark.parametrize(("settings", "least", "advisable"), [(2, 6, 21), (4, 8, 33)])
@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_with_fewer_than_six_seeds_nothing_is_ranked(settings: int, least: int, advisable: int, seeds: int) -> None:
    """However clear it looks: the second is worse by thirty times the noise."""
    conclusion = concluded(study(seeds, **{name: 0.9 - 0.3 * place for place, name in enumerate("abcd"[:settings])}))
    assert not conclusion.can_rank
    assert (conclusion.not_distinguished, conclusion.worse, conclusion.better_by_seed) == ((), (), ())
    few = f"{seeds} seed{'s' * (seeds > 1)} cannot rank {settings} optimizers"
    assert sentence(conclusion, PHRASING).startswith(
        f"{few}: {least} or more are needed, and about {advisable} to show one that wins three times in four. "
        "So far the highest test accuracy is that of a: "
    )
    assert headline(conclusion, PHRASING) == f"{few} by test accuracy"


def test_seeds_that_are_enough_for_tests_of_mean_ranks_alone() -> None:
    """As on the cover of a suite, which may show differences on the same runs."""
    said = sentence(concluded(study(6, a=0.9, b=0.6, c=0.3)), PHRASING)
    assert said.startswith(
        "6 seeds cannot rank 3 optimizers by signed-rank tests of all pairs, for which 7 or more are needed, "
    )
    assert "; tests of mean ranks need 6. So far the highest" in said


def test_the_stated_minimum_of_seeds_is_enough() -> None:
    assert not concluded(study(5, a=0.9, b=0.3)).can_rank
    assert concluded(study(6, a=0.9, b=0.3)).worse == ("b",)


def test_settings_that_share_no_seed_are_not_ranked() -> None:
    values = study(12, a=0.9, b=0.3)
    values.loc[:5, "a"] = np.nan
    values.loc[6:, "b"] = np.nan
    assert sentence(concluded(values), PHRASING).startswith("0 seeds cannot rank 2 optimizers")


def test_a_higher_mean_does_not_win_where_the_other_is_better_seed_by_seed() -> None:
    """b wins 18 seeds by a little and loses two by much, in the middle of the distribution."""
    a = np.array([0.50] * 8 + [0.90] * 12)
    b = np.array([0.51] * 8 + [0.91] * 10 + [0.50] * 2)
    conclusion = concluded(pd.DataFrame({"a": a, "b": b}))
    assert (conclusion.best, conclusion.better_by_seed, conclusion.worse) == ("a", ("b",), ())
    assert sentence(conclusion, PHRASING).endswith("n = 20. The paired test shows b to be better seed by seed.")
    assert headline(conclusion, PHRASING).endswith("not shown to be ahead of b")


def test_one_setting_and_none() -> None:
    assert sentence(concluded(study(4, a=0.9)), PHRASING).endswith(", n = 4.")
    assert sentence(concluded(study(1, a=0.9)), PHRASING).endswith(" in one run; the spread over seeds is unknown.")
    gone = pd.DataFrame({"a": [np.nan] * 3, "b": [np.nan] * 3})
    assert sentence(concluded(gone), PHRASING) == "No run was completed, so nothing can be compared."
    assert headline(concluded(gone), PHRASING) == "No run was completed"
    half = concluded(study(8, a=0.9).assign(b=np.nan))
    assert (half.best, half.settings, half.seeds) == ("a", 1, 8)
    assert headline(half, PHRASING).startswith("With a, test accuracy is ")


def test_long_lists_are_cut_short() -> None:
    six = study(20, best=0.9, **{f"s{place}": 0.7 - 0.1 * place for place in range(5)})
    assert sentence(concluded(six), PHRASING).endswith("each of the other 5 is shown to be lower.")
    mixed = concluded(six.assign(twin=six["best"], third=six["best"]))
    assert mixed.tied == ("twin", "third")
    assert mixed.identical == (("best", "twin", "third"),)
    said = sentence(mixed, PHRASING)
    assert said.startswith("The highest test accuracy is the same for best, twin and third on every seed: ")
    assert "The paired test shows s0, s1, s2, s3 and s4 to be lower." in said
    many = concluded(study(20, best=0.9, twin=0.9, **{f"s{place}": 0.7 - 0.1 * place for place in range(9)}))
    assert "s0, s1, s2, s3, s4, s5 and 3 others to be lower." in sentence(many, PHRASING)


def test_pairs_not_shown_to_differ_are_named_while_they_are_few() -> None:
    wide = study(20, best=0.9, a=0.7, b=0.7, c=0.5, d=0.5)
    said = sentence(concluded(wide), PHRASING)
    assert "No difference is shown between " in said
    assert ", nor between " in said
    crowd = study(20, best=0.9, a=0.7, b=0.7, c=0.7, d=0.5)
    assert sentence(concluded(crowd), PHRASING).endswith("3 of the 6 pairs among them are not shown to differ.")


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=9, max_size=9), min_size=2, max_size=4),
    st.permutations(range(9)),
    st.booleans(),
)
def test_no_claim_without_a_significant_test(rows: Sequence[Sequence[int]], order: list[int], higher: bool) -> None:
    values = pd.DataFrame(dict(zip("abcd", np.array(rows) / 6, strict=False)))
    conclusion = concluded(values, higher=higher)
    assert concluded(values.iloc[order], higher=higher) == conclusion
    assert concluded(-values, higher=not higher).worse == conclusion.worse
    others = [*conclusion.not_distinguished, *conclusion.worse, *conclusion.better_by_seed]
    assert {conclusion.best, *others} == set(values)
    assert len(others) == values.shape[1] - 1
    differ = compare(values).set_index(["first", "second"])["differ"]
    for other in others:
        pair = (conclusion.best, other) if (conclusion.best, other) in differ.index else (other, conclusion.best)
        assert differ[pair] == (other not in conclusion.not_distinguished)
