from collections.abc import Mapping

import pandas as pd

from nnbench.records.labels import best_settings, changed_labels, varying
from nnbench.records.rows import Row
from nnbench.records.tables import runs_table
from nnbench.report.findings.search import searched
from nnbench.stats.sensitivity import sensitivity_curve, usable_range


def row(
    rate: float,
    seed: int,
    accuracy: float | None,
    *,
    optimizer: str = "sgd",
    outcome: str = "finished",
    stage: str | None = None,
    attempt: int = 0,
    params: Mapping[str, str] | None = None,
) -> Row:
    """A run that has ended, with this final validation accuracy."""
    name = f"{optimizer} lr={rate} seed={seed}"
    tags = {"nnbench.optimizer": optimizer, "nnbench.outcome": outcome, "nnbench.identity": f"{name}{stage}{params}"}
    return Row(
        run_id=f"{name} {stage} {attempt} {params}",
        name=name,
        status="FINISHED" if outcome in ("finished", "diverged") else "FAILED",
        started=attempt,
        params={"optimizer.learning_rate": str(rate), "seed": str(seed), "study": "s", **(params or {})},
        tags={**tags, "nnbench.stage": stage} if stage else tags,
        metrics={} if accuracy is None else {"final/val_accuracy": accuracy, "final/val_loss": 1 - accuracy},
    )


def test_the_best_setting_has_the_highest_mean_over_seeds_not_the_best_run() -> None:
    rows = [row(0.1, 0, 0.99), row(0.1, 1, 0.2), row(0.3, 0, 0.7), row(0.3, 1, 0.7)]
    (best,) = best_settings(rows)
    assert (best.setting, best.runs, round(best.accuracy, 9)) == ("sgd lr=0.3", 2, 0.7)
    assert best.run_ids == {rows[2].run_id, rows[3].run_id}


def test_a_setting_with_lost_runs_ranks_lower() -> None:
    rows = [row(0.1, 0, 0.99), row(0.1, 1, None, outcome="failed"), row(0.3, 0, 0.5), row(0.3, 1, 0.5)]
    assert [best.setting for best in best_settings(rows)] == ["sgd lr=0.3"]


def test_a_diverged_run_is_lost_whatever_its_accuracy() -> None:
    rows = [row(0.1, 0, 0.99, outcome="diverged"), row(0.3, 0, 0.5)]
    assert [best.setting for best in best_settings(rows)] == ["sgd lr=0.3"]


def test_equal_accuracies_are_decided_by_the_loss() -> None:
    rows = [row(0.1, 0, 0.5), row(0.3, 0, 0.5)]
    rows[1].metrics["final/val_loss"] = 0.1
    assert [best.setting for best in best_settings(rows)] == ["sgd lr=0.3"]


def test_an_optimizer_without_finished_runs_has_no_best_setting() -> None:
    assert best_settings([row(0.1, 0, None, outcome="failed"), row(1e30, 0, 0.3, outcome="diverged")]) == []
    assert best_settings([]) == []


def test_the_best_optimizer_is_first_and_other_hyperparameters_are_listed() -> None:
    rows = [
        row(0.1, 0, 0.5, params={"optimizer.momentum": "0.9"}),
        row(0.1, 0, 0.6, params={"optimizer.momentum": "0.0"}),
        row(0.05, 0, 0.8, optimizer="adam"),
    ]
    assert [best.setting for best in best_settings(rows)] == ["adam lr=0.05", "sgd lr=0.1 momentum=0"]


def test_a_tuning_stage_is_not_compared_but_is_labelled() -> None:
    rows = [row(0.1, 1000, 0.9, stage="tuning"), row(0.3, 0, 0.5, stage="final")]
    bests = best_settings(rows)
    assert [best.setting for best in bests] == ["sgd lr=0.3"]
    labels = changed_labels(rows, bests)
    assert labels[rows[0].run_id] == {"nnbench.setting": "sgd lr=0.1", "nnbench.best": "false"}
    assert labels[rows[1].run_id] == {"nnbench.setting": "sgd lr=0.3", "nnbench.best": "true"}


def test_only_the_newest_of_several_attempts_is_best() -> None:
    rows = [row(0.1, 0, 0.5), row(0.1, 0, 0.6, attempt=1)]
    labels = changed_labels(rows, best_settings(rows))
    assert [labels[each.run_id]["nnbench.best"] for each in rows] == ["false", "true"]


def test_without_validation_points_training_decides() -> None:
    rows = [row(0.1, 0, None), row(0.3, 0, None)]
    rows[0].metrics.update({"final/train_accuracy": 0.4, "final/train_loss": 1.0})
    rows[1].metrics.update({"final/train_accuracy": 0.6, "final/train_loss": 1.0})
    assert [best.setting for best in best_settings(rows)] == ["sgd lr=0.3"]


def test_only_different_tags_are_set() -> None:
    rows = [row(0.1, 0, 0.5), row(0.3, 0, 0.6)]
    for each in rows:
        each.tags.update(changed_labels(rows, best_settings(rows))[each.run_id])
    assert changed_labels(rows, best_settings(rows)) == {}
    rows.append(row(0.9, 0, 0.7))
    assert set(changed_labels(rows, best_settings(rows))) == {rows[1].run_id, rows[2].run_id}


def test_names_list_keys_that_vary_within_an_optimizer() -> None:
    rows = [row(0.1, 0, 0.5), row(0.3, 1, 0.6), row(0.05, 0, 0.8, optimizer="adam", params={"optimizer.beta_1": "0.9"})]
    assert varying(rows) == ["optimizer.learning_rate"]


def test_pages_of_a_search_mark_the_tagged_best_setting() -> None:
    """One rule: more runs lost first, then the mean and not the interquartile mean, then the loss."""
    tried: dict[float, list[float | None]] = {
        0.1: [0.9, 0.9, 0.9, 0.1],  # the higher interquartile mean
        0.3: [0.8, 0.8, 0.8, 0.8],  # the higher mean
        0.5: [0.8, 0.8, 0.8, 0.8],  # the same, at a higher loss
        0.7: [0.99, 0.99, 0.99, None],  # lost a run
    }
    rows = [
        row(rate, seed, value, outcome="finished" if value is not None else "failed")
        for rate, values in tried.items()
        for seed, value in enumerate(values)
    ]
    for each in rows:
        if each.params["optimizer.learning_rate"] == "0.5":
            each.metrics["final/val_loss"] = 0.9
    (best,) = best_settings(rows)
    search = searched(runs_table(rows), pd.DataFrame(), {})
    assert search is not None
    assert search.configurations.set_index("place")["setting"].to_dict()[0] == best.setting == "sgd lr=0.3"
    own = search.runs[search.runs["optimizer"] == "sgd"]
    curve = sensitivity_curve(own[["learning_rate", "setting", "value", "place"]])
    assert usable_range(curve, 0.05).best == 0.3


def test_settings_of_a_problem_judged_by_the_training_loss_are_chosen_by_it() -> None:
    rows = [row(0.1, 0, 0.9), row(0.3, 0, 0.5), row(1.0, 0, None)]  # the last has no validation points
    for one, loss in zip(rows, (3.0, 0.02, 2.0), strict=True):
        one.params["report.rank_by"] = "train_loss"
        one.metrics["final/train_loss"] = loss
    (best,) = best_settings(rows)
    assert (best.setting, best.measure, best.accuracy) == ("sgd lr=0.3", "training loss", 0.02)
