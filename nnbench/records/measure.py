"""What is known of a measure of a run: its key, how it is computed, what it means and where it is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nnbench.core.arrays import FloatArray
from nnbench.records.history import History

Split = Literal["train", "val", "test"]
Group = Literal["final", "best", "test", "time", "epochs_to", "diverged", "reference"]
Place = Literal["report", "leaderboard", "summary", "run_list", "note"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of a run.

    Attributes:
        key: the metric in MLflow and the column of `Study.runs`, such as `test/accuracy`.
        compute: its value from a run's history; NaN where the run has none.
        unit: as the export's dictionary has it, such as `nats` or `share`.
        meaning: likewise, in one phrase.
        group: `final` and `test` belong to the weights after the last epoch, `best` to an earlier evaluated epoch; `reference`
            is what other classifiers reach on the same points; `time`, `epochs_to` and `diverged` say how long something took.
        quantity: what is measured, such as `accuracy`.
        split: of which points; None where it is of none.
        better: which values are, higher or lower ones; None where neither is.
        name: in print, such as `validation accuracy`; defaults to quantity and split.
        log: whether a chart's axis is logarithmic.
        rank: the order of the measures that settings are ranked by, 0 first; None where they are not ranked by it.
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
        """The column of `Study.runs`, which has the name that MLflow stores."""
        return self.key

    @property
    def higher(self) -> bool:
        """Whether greater values are better."""
        return self.better == "higher"

    @property
    def when(self) -> str:
        """With the weights of which epoch it is taken."""
        return "at the best validation epoch" if self.group == "best" else "after the last epoch"

    @property
    def epoch(self) -> str:
        """That epoch in two words, for the head of a table."""
        return "best epoch" if self.group == "best" else "last epoch"

    @property
    def full(self) -> str:
        """Name and epoch, as within a sentence: `test accuracy after the last epoch`."""
        return f"{self.name} {self.when}"

    @property
    def head(self) -> str:
        """Name above a column, with the epoch only where that is not the last."""
        return self.full if self.group == "best" else self.name

    @property
    def short(self) -> str:
        """Split and quantity where there is little room: `val accuracy`."""
        return self.quantity if self.split is None else f"{self.split} {self.quantity}"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What is measured at many epochs of a run.

    Attributes:
        key: the metric in MLflow, such as `train/loss`.
        column: of `Study.curves`, and the name of the array in `History` and `history.npz`.
        evaluated: whether it is known at the evaluated epochs alone, otherwise at each.
        unit, meaning: as the export's dictionary describes the column of `Study.curves`.
        last: the same of the metric in `Study.runs`, which is the curve's last point.
        log: whether a chart's axis is logarithmic.
    """

    key: str
    column: str
    evaluated: bool
    unit: str
    meaning: str
    last: str
    log: bool = False

    def values(self, history: History) -> FloatArray:
        """All values, shape (epochs,) or, where `evaluated`, (evaluated epochs,)."""
        values: FloatArray = getattr(history, self.column)
        return values
