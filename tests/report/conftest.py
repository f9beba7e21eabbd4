"""Studies that look like real ones, made without training: curves that fall, seeds that differ, runs that break."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import matplotlib.style
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy.stats import qmc

from nnbench.records.boundary import Boundary
from nnbench.records.study import Study
from nnbench.report import blocks
from nnbench.report import pages as figures
from nnbench.report.findings.findings import Findings
from nnbench.report.plots import style
from nnbench.report.plots.page import Page, Section

CLASSES = 3
EPOCHS = 10001
EVALUATED = np.unique(np.rint(np.concatenate([np.arange(11), np.geomspace(11, EPOCHS - 1, 90)]))).astype(int)
# What each ends with (training loss) and the epoch by which half the way is gone
ABILITY = {
    "sgd": (0.24, 700.0),
    "adagrad": (0.30, 1400.0),
    "rmsprop_default": (0.58, 4000.0),
    "rmsprop": (0.29, 1200.0),
    "adam": (0.07, 350.0),
}


def study(
    settings: Sequence[str] = ("sgd", "adagrad", "rmsprop", "adam"),
    seeds: int = 10,
    *,
    name: str = "comparison",
    validation: bool = True,
    test: bool = True,
    outcome: Callable[[str, int], str] = lambda setting, seed: "finished",
    alike: bool = False,
    boundaries: bool = True,
    checkpoints: Sequence[int] = (),
    tuned: int = 0,
    commits: Sequence[str] = ("9f3c2ab41d5e60718293a4b5c6d7e8f901234567",),
) -> Study:
    """One run for each setting and seed; `alike` gives all settings the same ability.

    With `tuned`, so many configurations of each were tried first, and each has a tuned twin.
    """
    rows, curves = [], []
    bases = list(settings)
    settings = [label for base in bases for label in (base, f"{base} (tuned)")] if tuned else settings
    for order, setting in enumerate(settings):
        optimizer = setting if tuned else setting.split()[0]
        for seed in range(seeds):
            run_id = f"{(order * 7919 + seed + 1) * 0x9E3779B97F4A7C15 % 2**128:032x}"
            result = outcome(setting, seed)
            curve = _curve(optimizer, order, seed, alike, result)
            if not validation:
                curve[["val_loss", "val_accuracy"]] = np.nan
            curves.append(curve.assign(run_id=run_id))
            rows.append(_row(run_id, setting, optimizer, order, seed, result, curve, validation, test))
    runs = pd.DataFrame(rows)
    if tuned:
        runs["stage"] = "final"
    if len(runs):
        runs["commit"] = [commits[i % len(commits)] for i in range(len(runs))]
    columns = ["run_id", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    sweeps = pd.DataFrame(
        [
            (
                "s1",
                pd.Timestamp("2025-03-01", tz="UTC"),
                "python -m nnbench -m optimizer=sgd,adagrad,rmsprop,adam seed='range(10)'",
                "FINISHED",
            )
        ],
        columns=["run_id", "started", "command", "status"],
    )
    seed_of = dict(zip(runs.get("run_id", []), runs.get("seed", []), strict=True))
    curves_table = pd.concat(curves, ignore_index=True)[columns] if curves else pd.DataFrame(columns=columns)
    return Study(
        name=name,
        runs=runs
        if len(runs)
        else pd.DataFrame(columns=["run_id", "name", "status", "outcome", "optimizer", "setting", "seed"]),
        curves=curves_table,
        records=curves_table[["run_id", "epoch", "train_accuracy"]],
        sweeps=sweeps,
        boundary=lambda run_id: _boundary(int(seed_of[run_id]), checkpoints) if boundaries and run_id in seed_of else None,
        tuning=_tuning(bases, tuned) if tuned else pd.DataFrame(),
        selection=_selection(bases, tuned) if tuned else pd.DataFrame(),
    )


def _tuning(bases: Sequence[str], configs: int) -> pd.DataFrame:
    """Runs over a space of three hyperparameters, on three seeds; learning rates that are too large diverge."""
    points = qmc.Halton(3, scramble=False).random(configs + 1)[1:]
    rows = []
    for order, base in enumerate(bases):
        for one, (rate, decay, choice) in enumerate(points):
            for seed in (1000, 1001, 1002):
                rng = np.random.default_rng([order, one, seed])
                diverged = rate > 0.9
                accuracy = 0.75 - 0.4 * abs(rate - 0.5 - 0.03 * order) - 0.05 * decay + 0.03 * rng.normal()
                ended = np.nan if diverged else round(accuracy * 300) / 300
                values = {
                    "learning_rate": 10 ** (2 * rate - 2),
                    "decay": 10 ** (3 * decay - 6),
                    "rho": (0.9, 0.99)[int(2 * choice)],
                }
                rows.append(
                    {
                        "run_id": f"{order:04x}{one:04x}{seed:024x}",
                        "status": "FINISHED",
                        "outcome": "diverged" if diverged else "finished",
                        "optimizer": base,
                        "setting": f"{base} config {one}",
                        "seed": seed,
                        "optimizer.name": base,
                        "optimizer.algorithm": base,
                        **{f"optimizer.{key}": float(f"{value:.4g}") for key, value in values.items()},
                        "final/val_accuracy": ended,
                        "final/train_accuracy": ended,
                    }
                )
    return pd.DataFrame(rows)


def _selection(bases: Sequence[str], configs: int) -> pd.DataFrame:
    """What was chosen: the last optimizer's learning rate lies on the edge of its space."""
    parts = {
        "learning_rate": (0.1, 0.05, "log", 0.01, 1.0),
        "decay": (3e-6, 1e-4, "log", 1e-6, 1e-3),
        "rho": (0.9, 0.99, "choice", np.nan, np.nan),
        "epsilon": (1e-7, 1e-7, "fixed", np.nan, np.nan),
    }
    rows = [
        (f"{base} (tuned)", base, key, *part, "low" if base == bases[-1] and key == "learning_rate" else "")
        for base in bases
        for key, part in parts.items()
    ]
    columns = ["setting", "optimizer", "hyperparameter", "value", "default", "kind", "low", "high", "edge"]
    budget = {"tried": configs, "spaces": 1, "uses": 1}
    result = {"measure": "val/accuracy", "score": 0.74, "loss": 0.7, "lost": 0}
    scores: dict[str, Any] = {**budget, "configs": configs, "seeds": 3, **result}
    table = pd.DataFrame(rows, columns=columns).assign(**scores)
    return table.assign(declared_low=table["low"], declared_high=table["high"])


def _curve(optimizer: str, order: int, seed: int, alike: bool, outcome: str) -> pd.DataFrame:
    rng = np.random.default_rng([seed, order])
    luck = np.random.default_rng(seed).normal()  # a seed's data are easy or hard for all
    floor, half = (
        (0.25, 800.0)
        if alike
        else ABILITY.get(optimizer.removesuffix(" (tuned)"), (0.2 + 0.03 * (order % 9), 600.0 + 150 * order))
    )
    floor *= np.exp(0.22 * luck + 0.18 * rng.normal())
    half *= np.exp(0.15 * rng.normal())
    epoch = EVALUATED
    left = 1 / (1 + (epoch / half) ** 1.1)
    rough = np.cumsum(rng.normal(size=epoch.size)) * 0.012 * np.minimum(1, epoch / 200)
    loss = (floor + (np.log(CLASSES) - floor) * left) * np.exp(rough)
    gap = 0.16 * (1 - left) ** 2 * (epoch / EPOCHS) ** 0.35
    train_accuracy = np.clip(1 / CLASSES + (0.975 - 0.33 * floor - 1 / CLASSES) * (1 - left) ** 0.8, 0, 1)
    train_accuracy = np.round((train_accuracy + rng.normal(size=epoch.size) * 0.006) * 300) / 300
    val_accuracy = np.round((train_accuracy - 0.25 * gap + rng.normal(size=epoch.size) * 0.008) * 300) / 300
    frame = pd.DataFrame(
        {
            "epoch": epoch,
            "train_loss": loss,
            "train_accuracy": train_accuracy.clip(0, 1),
            "val_loss": loss + gap * 1.4,
            "val_accuracy": val_accuracy.clip(0, 1),
        }
    )
    end = {"diverged": 40 + 3 * seed, "failed": 0, "killed": 60}.get(outcome, epoch.size)
    return frame.iloc[:end]


def _row(
    run_id: str,
    setting: str,
    optimizer: str,
    order: int,
    seed: int,
    outcome: str,
    curve: pd.DataFrame,
    validation: bool,
    test: bool,
) -> dict[str, object]:
    rng = np.random.default_rng([seed, order, 1])
    ended = outcome in ("finished", "stopped")
    last = curve.iloc[-1] if ended else pd.Series(np.nan, index=curve.columns)
    row: dict[str, object] = {
        "run_id": run_id,
        "name": f"{setting} seed={seed}",
        "status": {"failed": "FAILED", "killed": "KILLED"}.get(outcome, "FINISHED"),
        "outcome": outcome,
        "optimizer": optimizer,
        "setting": setting,
        "seed": seed,
        "identity": run_id * 2,
        "sweep_id": "s1",
        "started": pd.Timestamp("2025-03-01", tz="UTC") + pd.Timedelta(seconds=order * 10 + seed),
        "diverged_at_epoch": float(curve["epoch"].iloc[-1] + 1) if outcome == "diverged" else np.nan,
        "optimizer.name": optimizer,
        "optimizer.learning_rate": 0.05 * (order + 1),
        "optimizer.decay": 1e-4,
        **_given(setting),
        "dataset.name": "spiral",
        "dataset.classes": CLASSES,
        "dataset.samples": 100,
        "dataset.noise": 0.2,
        "dataset.val_samples": 100 if validation else 0,
        "dataset.test_samples": 500 if test else 0,
        "network.hidden": "[64]",
        "network.activation": "relu",
        "training.epochs": EPOCHS,
        "training.dtype": "float32",
        "training.iterations_per": "step",
        "training.stop_at_accuracy": None,
        "final/train_loss": last["train_loss"],
        "final/train_accuracy": last["train_accuracy"],
        "final/val_loss": last["val_loss"],
        "final/val_accuracy": last["val_accuracy"],
        "time/train_seconds": 0.42 + 0.02 * order + 0.01 * rng.random() if ended else np.nan,
        "dirty": False,
        "version": "0.1.0",
        "python": "3.11.7",
        "numpy": "2.4.6",
        "blas": "openblas 0.3.30",
        "cpu": "AMD EPYC 7B13",
        "threads": 1,
        "command": "python -m nnbench -m optimizer=sgd,adagrad,rmsprop,adam seed='range(10)'",
    }
    if test:
        row["test/accuracy"] = round((last["train_accuracy"] - 0.02 + 0.006 * rng.normal()) * 1500) / 1500 if ended else np.nan
        row["test/loss"] = last["train_loss"] + 0.1 if ended else np.nan
        row |= {"best/epoch": 700.0, "best/test_accuracy": row["test/accuracy"], "best/test_loss": row["test/loss"]}
        luck = 0.005 * np.random.default_rng(seed).normal()  # the references are the same for all runs of a seed
        row |= {"reference/chance_accuracy": 1 / CLASSES, "reference/neighbours_accuracy": 0.835 + luck}
        row |= {"reference/bayes_accuracy": 0.909 + luck, "reference/bayes_loss": 0.213 - luck}
    for target in (0.8, 0.9, 0.95):
        reached = curve.loc[curve["train_accuracy"] >= target, "epoch"]
        row[f"epochs_to/{target:.2f}"] = float(reached.iloc[0]) if len(reached) and ended else np.nan
    return row


def _given(setting: str) -> dict[str, float]:
    """The hyperparameters that a setting's name tells."""
    told = (word.split("=") for word in setting.split() if word.count("=") == 1)
    return {f"optimizer.{ {'lr': 'learning_rate'}.get(key, key) }": float(value) for key, value in told}


def _spiral(rng: np.random.Generator, points: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    radius = np.tile(np.linspace(0, 1, points), CLASSES)
    labels = np.repeat(np.arange(CLASSES), points)
    angle = labels * 4 + radius * 4 + rng.normal(size=radius.size) * 0.2
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]).astype(np.float32), labels.astype(np.uint8)


def _boundary(seed: int, checkpoints: Sequence[int]) -> Boundary:
    rng = np.random.default_rng(seed)
    train, train_labels = _spiral(rng, 100)
    test, test_labels = _spiral(rng, 500)
    axis = np.linspace(-1.2, 1.2, 200)
    x, y = np.meshgrid(axis, axis)
    radius, angle = np.hypot(x, y), np.arctan2(x, y)
    fit = np.stack([np.cos(angle - 4 * k - 4 * radius + 0.25 * np.sin(5 * radius + seed)) for k in range(CLASSES)])
    probability = np.exp(4 * fit * np.minimum(1, radius / 0.3))
    probability /= probability.sum(axis=0)
    label = probability.argmax(axis=0).astype(np.uint8)
    confidence = np.rint(probability.max(axis=0) * 255).astype(np.uint8)
    return Boundary(
        extent=(-1.2, 1.2, -1.2, 1.2),
        label=label,
        confidence=confidence,
        checkpoints={epoch: (np.roll(label, epoch % 7 + 1, axis=0), confidence // 2 + 60) for epoch in checkpoints},
        train_points=train,
        train_labels=train_labels,
        test_points=test,
        test_labels=test_labels,
    )


def suite(
    problems: int = 7, settings: Sequence[str] = ("sgd", "adagrad", "rmsprop", "adam"), seeds: int = 6, **made: Any
) -> Study:
    """Several problems with the settings of `study`; run ids and classes differ between the problems."""
    parts = [study(settings, seeds, boundaries=False, **made) for _ in range(problems)]
    tables: dict[str, list[pd.DataFrame]] = {"runs": [], "curves": [], "records": [], "tuning": []}
    for number, part in enumerate(parts):
        for name, kept in tables.items():
            table = getattr(part, name).copy()
            if "run_id" in table:
                table["run_id"] = f"{number:02d}" + table["run_id"].str[2:]
            if name == "tuning" and len(table):  # a task is known by all options of its dataset
                data = [column for column in map(str, part.runs) if column.startswith("dataset.")]
                table = table.assign(**{column: part.runs[column].iloc[0] for column in data})
            if "seed" in table:
                table = table.assign(**{"problem": f"problem_{number}", "dataset.name": f"data_{number}"})
            kept.append(table)
    return replace(
        parts[0],
        name="suite",
        boundary=lambda run_id: None,
        **dict[str, Any]({name: pd.concat(kept, ignore_index=True) for name, kept in tables.items()}),
    )


@pytest.fixture(scope="session")
def make_suite() -> Callable[..., Study]:
    """`suite` above."""
    return suite


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Study]:
    """`study` above, for the tests that say which study they want."""
    return study


@pytest.fixture
def comparison() -> Study:
    """Four optimizers, ten seeds, all well."""
    return study()


class Drawn:
    """A page as it was made.

    Attributes:
        title, caption: of the page.
        blocks: of the page, those within others too.
        axes: of all plots.
        words: title, caption, and the texts of headings, paragraphs, tables and plots, outside the frames of axes.
    """

    def __init__(self, page: Page) -> None:
        self.title, self.caption = page.title, page.caption
        self.blocks = [
            one for block in page.blocks for one in (block.blocks if isinstance(block, blocks.Interactive) else [block])
        ]
        self.axes: list[Axes] = []
        self.words = [page.title, page.caption]
        for block in self.blocks:
            if isinstance(block, blocks.Plot):
                figure = block.drawing.figure
                self.axes += figure.axes
                self.words += [text.get_text() for text in figure.texts]
            elif isinstance(block, blocks.Table):
                self.words += [column.head for column in block.columns]
                self.words += [words for row in block.rows for cell in row for words in (cell.words, cell.note) if words]
            elif isinstance(block, blocks.Bullets):
                self.words += block.items
            elif isinstance(block, blocks.Legend):
                self.words += list(block.styles)
            elif isinstance(block, blocks.Text | blocks.Heading):
                self.words.append(block.words)

    @property
    def cells(self) -> list[blocks.Cell]:
        """The cells of all tables."""
        return [cell for block in self.blocks if isinstance(block, blocks.Table) for row in block.rows for cell in row]


@pytest.fixture(scope="session")
def draw_page() -> Callable[..., tuple[Drawn, pd.DataFrame]]:
    """Draws one page of a study's report, and gives it with its table."""

    def draw(name: str, study: Study, targets: Sequence[float] = (0.8, 0.95)) -> tuple[Drawn, pd.DataFrame]:
        section = Section(name)
        with matplotlib.style.context(["default", style.RC]):
            table = figures.load(name)(section, Findings(study), figures.ReportOptions(title="", targets=tuple(targets)))
            return Drawn(section.begun), table

    return draw
