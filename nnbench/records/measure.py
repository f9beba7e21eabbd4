"""Description of a measure of a run: its key, its computation, its meaning, and the places that show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nnbench.core.arrays import FloatArray
from nnbench.records.history import History

Split = Literal["train", "val", "test"]
Group = Literal["final", "best", "test", "time", "to_target", "diverged", "reference"]
Kind = Literal["classification", "regression"]
Place = Literal["report", "leaderboard", "summary", "run_list", "note"]

OF_LOSS = "of the loss"  # unit of a loss: it depends on the kind of task, see `kinds.unit_of`


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number measured once a run.

    Attributes:
        key: the metric in MLflow and the column of `Study.runs`, such as `test/accuracy`.
        compute: its value from a run's history; NaN where the run has none.
        unit: unit in the export's dictionary, such as `share`; `OF_LOSS` for that of the run's loss.
        meaning: description in the export's dictionary, one phrase.
        group: `final` and `test` belong to the weights after the last epoch, `best` to an earlier evaluated epoch; `reference`
            is the result of other classifiers on the same points; `time`, `to_target` and `diverged` are durations.
        quantity: what is measured, such as `accuracy`.
        split: points that it is measured on; None if it does not depend on points.
        better: whether higher or lower values are better; None if neither.
        name: name in reports, such as `validation accuracy`; by default, split and quantity.
        log: whether a chart's axis is logarithmic.
        kind: kind of task that has it; None if all have it.
        rank: position among the measures that settings are ranked by, from 0; None if they are not ranked by it.
        places: which tables show it, besides MLflow's charts and the export: the report's table of finals, MLflow's
            leaderboard, the terminal's summary, the report's list of runs, the first line of a run's note in MLflow.
    """

    key: str
    compute: Callable[[History], float]
    unit: str
    meaning: str
    group: Group
    quantity: str
    split: Split | None = None
    better: Literal["higher", "lower"] | None = None
    name: str = ""
    log: bool = False
    kind: Kind | None = None
    rank: int | None = None
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        if (self.rank is not None or "report" in self.places) and self.better is None:
            raise ValueError(f"{self.key}: settings are ranked by it, so better must be higher or lower")
        if not self.name:
            split = "" if self.split is None else {"train": "training ", "val": "validation ", "test": "test "}[self.split]
            object.__setattr__(self, "name", f"{split}{self.quantity}")

    @property
    def column(self) -> str:
        """Column of `Study.runs`."""
        return self.key

    @property
    def higher(self) -> bool:
        """Whether greater values are better."""
        return self.better == "higher"

    @property
    def when(self) -> str:
        """Epoch whose weights it is measured with, as a phrase; empty of a duration."""
        if self.group in ("time", "to_target"):
            return ""
        return "at the best validation epoch" if self.group == "best" else "after the last epoch"

    @property
    def epoch(self) -> str:
        """Epoch whose weights it is measured with, in two words for the head of a table; empty of a duration."""
        return "" if not self.when else "best epoch" if self.group == "best" else "last epoch"

    @property
    def full(self) -> str:
        """Name and epoch for a sentence: `test accuracy after the last epoch`."""
        return f"{self.name} {self.when}".rstrip()

    @property
    def head(self) -> str:
        """Head of a column: the name, with the epoch if that is not the last."""
        return self.full if self.group == "best" else self.name

    @property
    def short(self) -> str:
        """Short name: `val accuracy`, or `best test accuracy` at the best validation epoch."""
        words = (self.group if self.group == "best" else "", self.split or "", self.quantity)
        return " ".join(filter(None, words))

    @property
    def stacked(self) -> str:
        """Head of a narrow column, on two lines: `test` above `accuracy`."""
        return "\n".join(self.name.rsplit(" ", 1) if self.split else self.quantity.rsplit(" ", 1))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A quantity measured at many epochs of a run.

    Attributes:
        key: the metric in MLflow, such as `train/loss`.
        column: column of `Study.curves`, and name of the array in `History` and `history.npz`.
        evaluated: whether it is known at the evaluated epochs only, otherwise at each.
        unit, meaning: unit and description of the column of `Study.curves` in the export's dictionary.
        last: description of the column of `Study.runs`, the curve's last point.
        log: whether a chart's axis is logarithmic.
        kind: kind of task that has it; None if all have it.
    """

    key: str
    column: str
    evaluated: bool
    unit: str
    meaning: str
    last: str
    log: bool = False
    kind: Kind | None = None

    def values(self, history: History) -> FloatArray:
        """Return all values, shape (epochs,) or, if `evaluated`, (evaluated epochs,)."""
        values: FloatArray = getattr(history, self.column)
        return values
