"""Every page over studies that are at the ends of what a study can be: each is drawn, or says why it is not shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
import pytest

from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.findings.findings import Findings
from nnbench.report.outputs import html
from nnbench.report.outputs.document import compose
from nnbench.report.outputs.markdown import summary
from nnbench.report.outputs.pdf import print_all
from nnbench.report.outputs.svg import draw_plots
from nnbench.report.plots import style
from tests.report.conftest import study

FEW = ["sgd", "adam"]


def make(settings: Sequence[str] = FEW, seeds: int = 3, *, boundaries: bool = False, **wanted: Any) -> Study:
    """As `study`, with no decision boundaries, which take long to draw, unless they are asked for."""
    return study(settings, seeds, boundaries=boundaries, **wanted)


def _with(study: Study, **columns: Any) -> Study:
    """The study with these columns of its runs set."""
    return replace(study, runs=study.runs.assign(**{key.replace("__", "."): value for key, value in columns.items()}))


def _curves(study: Study, **columns: Any) -> Study:
    """The study with these columns of its curves set; the records follow."""
    curves = study.curves.assign(**columns)
    return replace(study, curves=curves, records=curves[["run_id", "epoch", "train_accuracy"]])


def _scaled(by: float) -> Study:
    """Losses of that size."""
    study = make(FEW, 3)
    finals = {column: study.runs[column] * by for column in ("final/train_loss", "final/val_loss", "test/loss")}
    study = replace(study, runs=study.runs.assign(**finals))
    return _curves(study, train_loss=study.curves["train_loss"] * by, val_loss=study.curves["val_loss"] * by)


def _short(epochs: int) -> Study:
    """Runs of so few epochs."""
    study = make(FEW, 3)
    curves = study.curves[study.curves["epoch"] < epochs]
    return _with(_curves(replace(study, curves=curves)), training__epochs=max(1, epochs))


def _named(*names: str, seeds: int = 3) -> Study:
    """Optimizers of these names."""
    study = make([f"o{number}" for number in range(len(names))], seeds)
    mapping = {f"o{number}": name for number, name in enumerate(names)}
    renamed = {column: study.runs[column].map(mapping) for column in ("optimizer", "setting", "optimizer.name")}
    return replace(study, runs=study.runs.assign(**renamed))


def _hyperparameter(*values: Any) -> Study:
    """A grid over a hyperparameter whose values are of any kind, and the learning rate."""
    rates, runs = (0.01, 0.1), []
    study = make([f"adam lr={rate} rho={at}" for rate in rates for at in range(len(values))], 3)
    for run in study.runs.to_dict("records"):
        at = int(run["setting"].rpartition("=")[2])
        runs.append({**run, "setting": run["setting"].rpartition("=")[0] + f"={values[at]}", "optimizer.rho": values[at]})
    return replace(study, runs=pd.DataFrame(runs))


def _rates(*rates: Any) -> Study:
    """A grid over the learning rate alone."""
    study = make([f"adam lr={at}" for at in range(len(rates))], 3)
    of = [rates[int(setting.rpartition("=")[2])] for setting in study.runs["setting"]]
    settings = [f"adam lr={rate}" for rate in of]
    return replace(study, runs=study.runs.assign(**dict[str, Any]({"optimizer.learning_rate": of, "setting": settings})))


STUDIES: dict[str, Callable[[], Study]] = {
    "usual": lambda: make(seeds=6, boundaries=True),
    "one run": lambda: make(["adam"], 1, boundaries=True),
    "one seed": lambda: make(FEW, 1),
    "two seeds": lambda: make(FEW, 2),
    "one setting": lambda: make(["adam"], 6),
    "no held-out points": lambda: make(FEW, 3, validation=False, test=False),
    "at target from epoch 0": lambda: _curves(make(FEW, 3), train_accuracy=1.0, val_accuracy=1.0),
    "one class": lambda: _curves(
        _with(
            make(FEW, 3), dataset__classes=1, **{"test/accuracy": 1.0, "final/val_accuracy": 1.0, "final/train_accuracy": 1.0}
        ),
        train_accuracy=1.0,
        val_accuracy=1.0,
        train_loss=1e-7,
        val_loss=1e-7,
    ),
    "losses of nothing": lambda: _curves(make(FEW, 3), train_loss=0.0, val_loss=0.0),
    "losses below nothing": lambda: _curves(make(FEW, 3), train_loss=-1e-9, val_loss=-1e-9),
    "losses never known": lambda: _curves(make(FEW, 3), train_loss=np.nan, val_loss=np.nan),
    "infinite losses": lambda: _curves(make(FEW, 3), train_loss=np.inf, val_loss=np.inf),
    "all diverged": lambda: make(FEW, 3, outcome=lambda setting, seed: "diverged"),
    "all diverged at once": lambda: replace(
        _with(make(FEW, 3, outcome=lambda setting, seed: "diverged"), diverged_at_epoch=0.0), curves=make([], 0).curves
    ),
    "half diverged": lambda: make(seeds=4, outcome=lambda setting, seed: "diverged" if seed % 2 else "finished"),
    "all failed": lambda: make(FEW, 2, outcome=lambda setting, seed: "failed"),
    "all running": lambda: _with(make(FEW, 2, outcome=lambda setting, seed: "killed"), outcome=None, status="RUNNING"),
    "all equal": lambda: replace(
        _curves(make(FEW, 4), train_loss=0.5, train_accuracy=0.5, val_loss=0.5, val_accuracy=0.5),
        runs=make(FEW, 4).runs.assign(
            **dict.fromkeys(("test/accuracy", "test/loss", "final/train_loss", "final/train_accuracy"), 0.5),
            **dict.fromkeys(("final/val_accuracy", "final/val_loss", "time/train_seconds"), 0.5),
        ),
    ),
    "1e38": lambda: _scaled(1e38),
    "1e-300": lambda: _scaled(1e-300),
    "no time": lambda: _with(make(FEW, 3), **{"time/train_seconds": np.nan}),
    "no time at all": lambda: _with(make(FEW, 3), **{"time/train_seconds": 0.0}),
    "epochs=1": lambda: _short(1),
    "epochs=2": lambda: _short(2),
    "no curves": lambda: _short(0),
    "curves of one run": lambda: replace(make(FEW, 3), curves=make(FEW, 3).curves.iloc[:20]),
    "40 settings": lambda: make([f"adam lr={number / 100}" for number in range(1, 41)], 2),
    "20 optimizers": lambda: make([f"mine{number}" for number in range(20)], 2),
    "100 seeds": lambda: make(FEW, 100),
    "no letter in any font": lambda: _named("优化器", "最適化 🚀", "adam", seeds=2),
    "marks": lambda: _named("$x_1$", "a_b^{c}", "\\frac{1}{2}", "<b>bold</b> &amp;", "%s {0} [red]", "#1"),
    "names of spaces and nothing": lambda: _named(" ", "a  b"),
    "60 letters": lambda: _named("W" * 60, "W" * 59 + "v", "long name " * 6),
    "320 letters": lambda: _named("dataset.name=spiral " * 16 + "1", "dataset.name=spiral " * 16 + "2"),
    "true and false": lambda: _hyperparameter("true", "false"),
    "lists": lambda: _hyperparameter("[0.9, 0.99]", "[0.9]"),
    "words": lambda: _hyperparameter("cosine", "linear", "step"),
    "none and a number": lambda: _hyperparameter(None, 0.9),
    "numbers and words": lambda: _hyperparameter("auto", 0.9, 0.99),
    "not a number": lambda: _hyperparameter(float("nan"), 0.9),
    "infinite": lambda: _hyperparameter(float("inf"), 0.9),
    "zero and minus": lambda: _hyperparameter(0.0, -1.0, 1.0),
    "huge and tiny": lambda: _hyperparameter(1e-300, 1e300),
    "rates that are words": lambda: _rates("fast", "slow"),
    "rates of both kinds": lambda: _rates("auto", 0.1, 0.01),
    "rates of nothing": lambda: _rates(0.0, 0.1, -0.1),
    "rates beyond": lambda: _rates(1e-300, 1e300, float("inf"), float("nan")),
    "one rate and none": lambda: _rates(0.1, None),
    "tuned": lambda: make(FEW, 4, tuned=12),
    "tuned once": lambda: make(FEW, 4, tuned=1),
    "tuned and lost": lambda: replace(make(FEW, 4, tuned=6), tuning=make(FEW, 4, tuned=6).tuning.assign(outcome="diverged")),
    "tuned and no run": lambda: replace(make(FEW, 4, tuned=6), runs=make([], 0).runs, curves=make([], 0).curves),
    "tuned to a word": lambda: replace(
        make(FEW, 4, tuned=6), selection=make(FEW, 4, tuned=6).selection.assign(value="auto", default="auto")
    ),
    "no code known": lambda: _with(make(FEW, 2, commits=[None]), version=None, cpu=None),
    "no dataset known": lambda: replace(
        make(FEW, 2), runs=make(FEW, 2).runs.loc[:, lambda runs: ~runs.columns.str.startswith("dataset.")]
    ),
    "classes that are words": lambda: _with(make(FEW, 2), dataset__classes="three", dataset__samples="many"),
    "mixed classes": lambda: _with(make(FEW, 2), dataset__classes=[2, 2, 3, 3]),
    "mixed epochs": lambda: _with(make(FEW, 2), training__epochs=[10, 10, 100, 100]),
    "seeds of 2**62": lambda: _with(make(FEW, 2), seed=[2**62, 2**62 + 1] * 2),
    "equal seeds": lambda: _with(make(FEW, 3), seed=0),
}
COMMON = ("at target from epoch 0", "one class", "no letter in any font")  # the others take too long for every day
TARGETS: dict[str, tuple[float, ...]] = {
    "usual": (0.8, 0.9, 0.95),
    "at target from epoch 0": (0.2,),
    "one class": (0.2, 1.0),
    "60 letters": (),
    "two seeds": (0.4, 0.4),
    "one setting": (0.401, 0.404, 0.4),
    "100 seeds": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    "all equal": (0.5, 1e-12, 0.999999),
}


CASES = [case if case in COMMON else pytest.param(case, marks=pytest.mark.heavy) for case in STUDIES]


@pytest.mark.parametrize("case", CASES)
def test_every_page_is_drawn_or_says_why_not(case: str) -> None:
    study = STUDIES[case]()
    targets = TARGETS.get(case, (0.8, 0.95))
    with matplotlib.style.context(["default", style.RC]):
        findings = Findings(study)
        made = compose(findings, title="$x_1$ <b>", pages=figures.names(), targets=targets)
        made = draw_plots(made)
        made.errors.run("pdf", lambda: print_all(made))
        made.errors.run("web", lambda: html.page(made))
        made.errors.run("summary", lambda: summary(made, findings))
    assert not made.errors.logged, "\n".join(
        f"{fault.part}: {fault.reason}\n{fault.traceback[-600:]}" for fault in made.errors.logged
    )
