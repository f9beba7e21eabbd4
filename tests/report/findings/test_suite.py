"""What a suite of tuned optimizers claims within a problem: tests over searches and seeds where several searches were made."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nnbench.cli.claim_subject import suggestions
from nnbench.records.study import Study
from nnbench.records.tasks import keys
from nnbench.report.findings.suite import Suite
from nnbench.report.sentences import suite as sentences

MakeSuite = Callable[..., Study]
OPTIMIZERS = ["sgd", "adam", "rmsprop"]


@pytest.fixture(scope="module")
def tuned_study(make_suite: MakeSuite) -> Study:
    """Two problems, each with one chosen setting of each optimizer."""
    return make_suite(2, OPTIMIZERS, 12, tuned=4)


def searched(study: Study, searches: int, *, between: float, gap: float) -> Study:
    """The study with optimizers that several searches tuned.

    Args:
        searches: each chose another learning rate.
        between: standard deviation of the accuracy between searches; that between runs is 0.002.
        gap: from one optimizer to the next, in accuracy.
    """
    rng = np.random.default_rng(0)
    tuned = study.runs["optimizer"].str.endswith(" (tuned)")
    plain, chosen = study.runs[~tuned], study.runs[tuned]
    parts = [plain]
    for search in range(searches):
        rows = chosen.assign(**{"optimizer.learning_rate": 0.01 * (search + 1)})
        rows["run_id"] = rows["run_id"].str[:-1] + "rstuvw"[search]
        group = rows.groupby(["problem", "optimizer"])
        luck = between * rng.normal(size=group.ngroups)
        order = rows["optimizer"].map({f"{name} (tuned)": at for at, name in enumerate(OPTIMIZERS)})
        values = 0.6 + gap * order + luck[group.ngroup()] + 0.01 * np.sin(rows["seed"]) + 0.002 * rng.normal(size=len(rows))
        parts.append(rows.assign(**{"test/accuracy": values}))
    choice = study.selection[study.selection["hyperparameter"] == "learning_rate"]
    choices = [choice.assign(search=search, value=0.01 * (search + 1)) for search in range(searches)]
    selection = pd.concat(choices, ignore_index=True)
    return replace(study, runs=pd.concat(parts, ignore_index=True), selection=selection)


def test_settings_that_differ_by_their_searches_alone_are_not_claimed_to_differ(tuned_study: Study) -> None:
    suite = Suite(searched(tuned_study, 3, between=0.05, gap=0.0))
    assert [one.searches for one in suite.problems.values()] == [3, 3]
    assert sentences.within(suite) == "On none of 2 problems is a difference between the tuned optimizers shown."
    assert all(one.can_claim and one.not_worse == frozenset() for one in suite.within.values())
    assert not suite.cells["leads"].any()


def test_tuned_optimizers_that_differ_more_than_their_searches_are_claimed_to_differ(tuned_study: Study) -> None:
    suite = Suite(searched(tuned_study, 3, between=0.001, gap=0.05))
    assert sentences.within(suite) == "On 2 of 2 problems some tuned optimizers are shown to differ (6 of 6 pairs)."
    assert sentences.tests_within(suite) == "ranks over searches and seeds"
    for one in suite.within.values():
        assert one.differing[0] == ("rmsprop (tuned)", "sgd (tuned)")
        assert one.not_worse == {"rmsprop (tuned)"}


def test_the_pairs_are_those_of_the_report_on_the_problem(tuned_study: Study) -> None:
    suite = Suite(searched(tuned_study, 4, between=0.02, gap=0.02))
    for label, findings in suite.all.items():
        pairs = suite.within[label].pairs
        assert pairs["p"].between(0, 1, inclusive="neither").all()
        assert sorted(pairs["p"]) == sorted(findings.by(findings.primary).pairs["p_holm"])
        assert set(suite.within[label].differing) == set(findings.by(findings.primary).conclusion.differing)


@pytest.mark.parametrize(("searches", "words"), [(1, "some chosen settings are shown to differ"), (2, "or searches")])
def test_fewer_searches_than_a_test_needs(tuned_study: Study, searches: int, words: str) -> None:
    suite = Suite(searched(tuned_study, searches, between=0.05, gap=0.0))
    assert words in sentences.within(suite)
    assert (sentences.tests_within(suite) == "ranks within seeds") == (searches == 1)
    assert any("another may choose others" in one for one in sentences.caveats(suite)) == (searches == 1)


def test_luck_that_problems_share_is_a_caveat_where_they_share_configurations(tuned_study: Study) -> None:
    """In stores of earlier editions, without the column of seeds, they did; with the same seeds they do, as with a grid."""
    tasks = list(keys(tuned_study.runs).unique())
    seeds: dict[str, list[float]] = {"own": [1, 2], "same": [1, 1], "grid": [np.nan, np.nan]}
    caveats = {}
    for name, of_tasks in seeds.items():
        parts = [
            tuned_study.selection.assign(task=task, sampler_seed=seed) for task, seed in zip(tasks, of_tasks, strict=True)
        ]
        suite = Suite(replace(tuned_study, selection=pd.concat(parts, ignore_index=True)))
        caveats[name] = any("tried the same configurations" in one for one in sentences.caveats(suite))
    assert caveats == {"own": False, "same": True, "grid": True}
    assert any("tried the same configurations" in one for one in sentences.caveats(Suite(tuned_study)))


def test_a_study_suggests_claims_on_all_of_its_problems(tuned_study: Study) -> None:
    """Of three optimizers, three pairs and each against its default, in both directions, on either problem."""
    suite = Suite(searched(tuned_study, 3, between=0.05, gap=0.0))
    one, other = suite.all.values()
    assert suggestions([one]) == 12
    assert suggestions([one, other]) == 24


def test_nothing_is_tested_across_problems_that_share_configurations(make_suite: Callable[..., Study]) -> None:
    study = make_suite(7, ["sgd", "adam"], 6, tuned=4)
    tasks = list(keys(study.runs).unique())
    suites = {}
    for shared in (False, True):
        parts = [study.selection.assign(task=task, sampler_seed=0 if shared else at) for at, task in enumerate(tasks)]
        suites[shared] = Suite(replace(study, selection=pd.concat(parts, ignore_index=True)))
    assert suites[False].across.can_claim
    assert not suites[True].across.can_claim
    assert not suites[True].across.differing
    pd.testing.assert_series_equal(suites[False].across.ranks, suites[True].across.ranks)
    assert "no difference is tested" in sentences.across_problems(suites[True])
    assert "no difference is tested" not in sentences.across_problems(suites[False])
