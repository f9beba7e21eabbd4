from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnbench.report.sentences.verdict import Phrasing, headline, sentence
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.signed_rank import compare
from nnbench.stats.verdict import Verdict, exclusion_reasons, judge

PHRASING = Phrasing(
    measure="test accuracy",
    higher=True,
    noun="optimizer",
    interval=lambda value, low, high: f"{value:.2f} [{low:.2f}, {high:.2f}]",
)


def judged(values: pd.DataFrame, *, higher: bool = True) -> Verdict:
    """The verdict on a table of seeds by settings."""
    rows = [(name, one.n, one.estimate, one.low, one.high) for name in values for one in [interquartile_mean(values[name])]]
    ranking = pd.DataFrame(rows, columns=["setting", "n", "estimate", "low", "high"])
    ranking = ranking.assign(counted=ranking["n"], score=ranking["estimate"], diverged=0, aside="")
    ranking = ranking.sort_values("estimate", ascending=not higher, kind="stable", ignore_index=True)
    return judge(ranking, compare(values), higher=higher)


def study(seeds: int = 20, noise: float = 0.01, **means: float) -> pd.DataFrame:
    """Settings with these means; the same seeds are hard for all."""
    rng = np.random.default_rng(0)
    hard = rng.normal(size=seeds) * 0.02
    return pd.DataFrame({name: mean + hard + noise * rng.normal(size=seeds) for name, mean in means.items()})


def test_an_example_of_a_verdict() -> None:
    verdict = judged(study(Adam=0.82, SGD=0.7, RMSProp=0.7))
    assert set(verdict.behind) == {"SGD", "RMSProp"}
    assert verdict.alike == (verdict.behind,)
    value = f"{verdict.interval.estimate:.2f} [{verdict.interval.low:.2f}, {verdict.interval.high:.2f}]"
    assert sentence(verdict, PHRASING) == (
        f"Adam reaches the highest test accuracy: {value}, n = 20; each of the other 2 is shown to be lower. "
        f"No difference is shown between {' and '.join(verdict.behind)}."
    )
    assert headline(verdict, PHRASING) == f"Adam has the highest test accuracy, {value}"


def test_settings_level_with_the_best_and_behind_it() -> None:
    verdict = judged(study(Adam=0.8, RMSProp=0.8, SGD=0.6))
    (level,) = verdict.level
    assert {verdict.best, level} == {"Adam", "RMSProp"}
    said = sentence(verdict, PHRASING)
    assert said.endswith(f", n = 20. No difference from {level} is shown. SGD is lower.")
    assert headline(verdict, PHRASING).endswith(f", not shown to be ahead of {level}")


ROWS = pd.DataFrame(
    [
        ("sgd", 20, 20, 0, 0.8, 0.8),
        ("adam", 18, 20, 2, 0.7, 0.7),
        ("mine", 1, 1, 0, 0.95, 0.95),
        ("none", 0, 0, 0, np.nan, np.nan),
    ],
    columns=["setting", "n", "counted", "diverged", "estimate", "score"],
)


def test_a_setting_with_few_runs_is_excluded_and_named() -> None:
    ranking = ROWS.assign(low=0.0, high=1.0, aside=exclusion_reasons(ROWS["counted"], ROWS["n"]))
    assert ranking["aside"].tolist() == ["", "", "1 seed", ""]
    columns = ["first", "second", "n", "sign", "p", "p_holm", "differ", "same"]
    pair = pd.DataFrame([("sgd", "adam", 20, 1, 1e-4, 1e-4, True, False)], columns=columns)
    verdict = judge(ranking, pair, higher=True)
    assert (verdict.claim, verdict.best, verdict.behind, verdict.settings) == ("first", "sgd", ("adam",), 2)
    said = sentence(verdict, PHRASING)
    assert said.endswith(", n = 20. adam (2 of 20 runs diverged) is lower. Not ranked: mine (1 seed).")


def test_no_setting_is_excluded_if_all_have_few_runs() -> None:
    few = ROWS[ROWS["setting"].isin(["mine", "none"])]
    assert exclusion_reasons(few["counted"], few["n"]).tolist() == ["", ""]


def test_diverged_runs_of_the_best_setting_are_reported() -> None:
    verdict = replace(judged(study(Adam=0.8, SGD=0.6)), diverged=(("Adam", 3, 23),))
    assert "] over the 20 of its 23 runs that did not diverge; the other is lower." in sentence(verdict, PHRASING)


def test_no_difference_at_all() -> None:
    verdict = judged(study(Adam=0.8, RMSProp=0.8, SGD=0.8))
    assert (verdict.behind, verdict.alike) == ((), ())
    said = sentence(verdict, PHRASING)
    none = "No difference in test accuracy is shown between 3 optimizers"
    assert said.startswith(f"{none}; {verdict.best} has the highest: ")
    assert headline(verdict, PHRASING) == none


def test_the_best_loss_is_the_lowest() -> None:
    verdict = judged(study(Adam=0.2, SGD=0.5), higher=False)
    said = sentence(verdict, replace(PHRASING, measure="training loss", higher=False))
    assert said.startswith("Adam reaches the lowest training loss: 0.2")
    assert said.endswith("n = 20; the other is higher.")


@pytest.mark.parametrize(("settings", "least", "advisable"), [(2, 6, 21), (4, 8, 33)])
@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_with_fewer_than_six_seeds_nothing_is_ranked(settings: int, least: int, advisable: int, seeds: int) -> None:
    """However clear it looks: the second is worse by thirty times the noise."""
    verdict = judged(study(seeds, **{name: 0.9 - 0.3 * place for place, name in enumerate("abcd"[:settings])}))
    assert not verdict.enough
    assert (verdict.level, verdict.behind, verdict.ahead) == ((), (), ())
    few = f"{seeds} seed{'s' * (seeds > 1)} cannot rank {settings} optimizers"
    assert sentence(verdict, PHRASING).startswith(
        f"{few}: {least} or more are needed, and about {advisable} to show one that wins three times in four. "
        "So far a has the highest test accuracy: "
    )
    assert headline(verdict, PHRASING) == f"{few} by test accuracy"


def test_the_stated_minimum_of_seeds_is_enough() -> None:
    assert not judged(study(5, a=0.9, b=0.3)).enough
    assert judged(study(6, a=0.9, b=0.3)).behind == ("b",)


def test_settings_that_share_no_seed_are_not_ranked() -> None:
    values = study(12, a=0.9, b=0.3)
    values.loc[:5, "a"] = np.nan
    values.loc[6:, "b"] = np.nan
    assert sentence(judged(values), PHRASING).startswith("0 seeds cannot rank 2 optimizers")


def test_a_higher_mean_is_no_evidence_if_the_other_wins_by_seed() -> None:
    """b wins 18 seeds by a little and loses two by much, in the middle of the distribution."""
    a = np.array([0.50] * 8 + [0.90] * 12)
    b = np.array([0.51] * 8 + [0.91] * 10 + [0.50] * 2)
    verdict = judged(pd.DataFrame({"a": a, "b": b}))
    assert (verdict.best, verdict.ahead, verdict.behind) == ("a", ("b",), ())
    assert sentence(verdict, PHRASING).endswith("n = 20. Yet seed by seed b is ahead of it.")
    assert headline(verdict, PHRASING).endswith("not shown to be ahead of b")


def test_one_setting_and_none() -> None:
    assert sentence(judged(study(4, a=0.9)), PHRASING).endswith(", n = 4.")
    assert sentence(judged(study(1, a=0.9)), PHRASING).endswith(" in its one run; the spread over seeds is unknown.")
    gone = pd.DataFrame({"a": [np.nan] * 3, "b": [np.nan] * 3})
    assert sentence(judged(gone), PHRASING) == "No run was completed, so nothing can be compared."
    assert headline(judged(gone), PHRASING) == "No run was completed"
    half = judged(study(8, a=0.9).assign(b=np.nan))
    assert (half.best, half.settings, half.seeds) == ("a", 1, 8)
    assert headline(half, PHRASING).startswith("a ends with a test accuracy of ")


def test_long_lists_are_cut_short() -> None:
    six = study(20, best=0.9, **{f"s{place}": 0.7 - 0.1 * place for place in range(5)})
    assert sentence(judged(six), PHRASING).endswith("each of the other 5 is shown to be lower.")
    mixed = judged(six.assign(twin=six["best"], third=six["best"]))
    assert mixed.tied == ("twin", "third")
    assert mixed.same == (("best", "twin", "third"),)
    said = sentence(mixed, PHRASING)
    assert said.startswith("best, twin and third have the same test accuracy on every seed, the highest: ")
    assert "s0, s1, s2, s3 and s4 are lower." in said
    many = judged(study(20, best=0.9, twin=0.9, **{f"s{place}": 0.7 - 0.1 * place for place in range(9)}))
    assert "s0, s1, s2, s3, s4, s5 and 3 others are lower." in sentence(many, PHRASING)


def test_pairs_not_shown_to_differ_are_named_while_they_are_few() -> None:
    wide = study(20, best=0.9, a=0.7, b=0.7, c=0.5, d=0.5)
    said = sentence(judged(wide), PHRASING)
    assert "No difference is shown between " in said
    assert ", nor between " in said
    crowd = study(20, best=0.9, a=0.7, b=0.7, c=0.7, d=0.5)
    assert sentence(judged(crowd), PHRASING).endswith("3 of the 6 pairs among them are not shown to differ.")


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=9, max_size=9), min_size=2, max_size=4),
    st.permutations(range(9)),
    st.booleans(),
)
def test_no_claim_without_a_significant_test(rows: Sequence[Sequence[int]], order: list[int], higher: bool) -> None:
    values = pd.DataFrame(dict(zip("abcd", np.array(rows) / 6, strict=False)))
    verdict = judged(values, higher=higher)
    assert judged(values.iloc[order], higher=higher) == verdict
    assert judged(-values, higher=not higher).behind == verdict.behind
    others = [*verdict.level, *verdict.behind, *verdict.ahead]
    assert {verdict.best, *others} == set(values)
    assert len(others) == values.shape[1] - 1
    differ = compare(values).set_index(["first", "second"])["differ"]
    for other in others:
        pair = (verdict.best, other) if (verdict.best, other) in differ.index else (other, verdict.best)
        assert differ[pair] == (other not in verdict.level)
