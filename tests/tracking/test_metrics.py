import math
from collections.abc import Callable

import numpy as np
import pytest

from nnbench.records.history import History
from nnbench.tracking.metrics import final_values, metric_points

Histories = Callable[..., History]


def curve(history: History, key: str) -> dict[int, float]:
    return {point.step: point.value for point in metric_points(history, 5000) if point.key == key}


def test_curves_are_logged_at_the_evaluated_epochs(history: Histories) -> None:
    run = history()
    expected = dict(zip(run.evaluated.tolist(), run.train_loss[run.evaluated].tolist(), strict=True))
    assert curve(run, "train/loss") == expected
    assert curve(run, "val/accuracy") == dict(zip(run.evaluated.tolist(), run.val_accuracy.tolist(), strict=True))


def test_metric_steps_ascend_and_times_end_with_the_run(history: Histories) -> None:
    losses = [point for point in metric_points(history(), 5000) if point.key == "train/loss"]
    assert losses == sorted(losses, key=lambda point: point.step)
    times = [point.timestamp for point in losses]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (3000, 4990)


def test_steps_are_logged_where_an_epoch_has_several(history: Histories) -> None:
    plain = history()
    assert not curve(plain, "steps")
    assert not curve(history(steps=plain.evaluated, gradient_evaluations=plain.evaluated), "steps")
    steps = 4 * plain.evaluated
    run = history(steps=steps, gradient_evaluations=3 * steps)
    assert curve(run, "steps") == dict(zip(run.evaluated.tolist(), steps.tolist(), strict=True))
    assert curve(run, "gradient_evaluations")[199] == 3 * 4 * 199


def test_what_the_optimizer_reports_is_logged(history: Histories) -> None:
    values = np.r_[np.nan, np.arange(1.0, 21.0)]
    run = history(diagnostics={"d": values, "layer_1.weights/norm %": values})
    assert curve(run, "optimizer/d") == dict(zip(run.evaluated.tolist()[1:], values.tolist()[1:], strict=True))
    assert curve(run, "optimizer/layer_1.weights/norm _") == curve(run, "optimizer/d")


def test_epochs_that_were_not_measured_have_no_point(history: Histories) -> None:
    run = history()
    loss = np.full(200, np.nan)
    loss[run.evaluated] = run.train_loss[run.evaluated]
    assert curve(history(train_loss=loss), "train/loss") == curve(run, "train/loss")
    loss[199] = np.nan
    assert dict(final_values(history(train_loss=loss)))["final/train_loss"] == pytest.approx(run.train_loss[190])


def test_finals(history: Histories) -> None:
    run = history(
        val_loss=np.r_[np.full(20, 0.5), 0.75],
        val_accuracy=np.r_[0.875, np.full(20, 0.5)],
        best_epoch=0,
        best_test_loss=0.2,
        best_test_accuracy=0.9,
        references={"chance_accuracy": 0.5, "bayes_loss": math.inf},
    )
    assert dict(final_values(run)) == pytest.approx(
        {
            "test/loss": 0.25,
            "test/accuracy": 0.875,
            "final/train_loss": 0.1,
            "final/train_accuracy": 0.99,
            "final/val_loss": 0.75,
            "final/val_accuracy": 0.5,
            "best/val_loss": 0.5,
            "best/val_accuracy": 0.875,
            "best/epoch": 0.0,
            "best/test_loss": 0.2,
            "best/test_accuracy": 0.9,
            "reference/chance_accuracy": 0.5,
            "reference/bayes_loss": math.inf,
            "time/train_seconds": 2.0,
            "time/epoch_us": 10_000.0,
            "epochs_to/0.70": 116,
            "epochs_to/0.80": 145,
            "epochs_to/0.90": 174,
        }
    )
    assert "reference/bayes_loss" not in {point.key for point in metric_points(run, 5000)}  # nothing infinite is kept


def test_a_regression_has_r2_and_rmse_instead_of_accuracy(history: Histories) -> None:
    none = np.empty(0)
    r2 = np.linspace(-0.5, 0.84, 200)
    run = history(
        train_accuracy=none,
        val_accuracy=none,
        test_accuracy=math.nan,
        train_r2=r2,
        val_r2=np.r_[0.75, np.full(20, 0.5)],
        test_r2=0.6,
        best_test_r2=0.7,
        best_test_loss=0.3,
        test_loss=0.25,
    )
    told = dict(final_values(run))
    assert not [key for key in told if "accuracy" in key]
    assert (told["test/r2"], told["test/loss"], told["test/rmse"]) == (0.6, 0.25, 0.5)
    assert (told["final/train_r2"], told["final/val_r2"], told["best/val_r2"]) == (0.84, 0.5, 0.75)
    assert told["best/test_r2"] == 0.7
    assert told["epochs_to/0.80"] == np.argmax(r2 >= 0.8)
    assert curve(run, "val/r2") == dict(zip(run.evaluated.tolist(), run.val_r2.tolist(), strict=True))


def test_a_share_in_float32_reaches_its_target(history: Histories) -> None:
    accuracy = np.full(200, 0.1, np.float32)
    accuracy[3] = np.float32(240 / 300)
    told = dict(final_values(history(train_accuracy=accuracy)))
    assert told["epochs_to/0.80"] == 3
    assert "epochs_to/0.90" not in told


def test_steps_to_a_target_are_counted_at_its_epoch(history: Histories) -> None:
    evaluated = np.array([0, 10, 150, 199])
    accuracy = np.full(200, math.nan)
    accuracy[evaluated] = 0.1, 0.75, 0.85, 0.85
    measured = {"val_loss": np.ones(4), "val_accuracy": np.ones(4), "train_accuracy": accuracy, "evaluated": evaluated}
    several = dict(final_values(history(**measured, steps=7 * evaluated, gradient_evaluations=7 * evaluated)))
    assert (several["steps_to/0.70"], several["steps_to/0.80"]) == (70, 1050)
    assert "steps_to/0.90" not in several

    run = history()  # whose accuracy reaches its targets between evaluated epochs
    single = dict(final_values(history(steps=run.evaluated, gradient_evaluations=run.evaluated)))
    assert [single[f"steps_to/{target}"] for target in ("0.70", "0.80", "0.90")] == [116, 145, 174]


def test_nothing_non_finite_is_logged(history: Histories) -> None:
    losses = np.linspace(1, 2, 200)
    losses[[0, 10, -1]] = math.nan, math.inf, -math.inf
    run = history(train_loss=losses, test_loss=math.nan, test_accuracy=math.nan, val_loss=np.full(21, math.nan))
    told = metric_points(run, 5000)
    assert all(math.isfinite(point.value) for point in told)
    assert {"train/loss", "val/accuracy", "best/val_accuracy"} <= {point.key for point in told}
    assert not {"test/loss", "val/loss", "best/val_loss", "final/train_loss"} & {point.key for point in told}


def test_a_run_that_diverged_at_once_has_no_curve(history: Histories) -> None:
    none = np.empty(0)
    run = history(
        train_loss=none,
        train_accuracy=none,
        evaluated=np.empty(0, int),
        val_loss=none,
        val_accuracy=none,
        test_loss=math.nan,
        test_accuracy=math.nan,
        outcome="diverged",
        diverged_at=0,
    )
    told = {point.key: point.value for point in metric_points(run, 5000)}
    assert told == {"time/train_seconds": 2.0, "time/epoch_us": 2e6, "diverged_at_epoch": 0.0}


def test_a_run_without_validation_points_still_has_a_curve(history: Histories) -> None:
    run = history(evaluated=np.empty(0, int), val_loss=np.empty(0), val_accuracy=np.empty(0))
    shown = curve(run, "train/loss")
    assert 50 < len(shown) <= 101
    assert min(shown) == 0
    assert max(shown) == 199
    assert curve(run, "val/loss") == {}
