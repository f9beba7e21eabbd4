"""A study in Python: its tables, the pages of its report as figures, and its runs."""

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from nnbench.api.trained import Run
from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.core.palette import LineStyle
from nnbench.lesson.study import with_lesson
from nnbench.records import study as records
from nnbench.records.tasks import Task, tasks
from nnbench.report import pages
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.plots import style
from nnbench.report.plots.drawing import blank, close
from nnbench.report.plots.page import Section
from nnbench.report.sentences import wording
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import Store, open_store

__all__ = ["RESULTS", "Run", "Study", "load_study", "read", "uri_in"]

RESULTS = "results"


def load_study(name: str, *, store: str | None = None, folder: str | Path = RESULTS) -> "Study":
    """Read a study from its store.

    Parameters
    ----------
    name : str
        The name of the study, an experiment in MLflow.
    store : str, optional
        A tracking URI, such as ``sqlite:///results/mlflow.db`` or ``http://HOST:PORT``; by default ``mlflow.db`` in `folder`.
    folder : str or path, default: "results"
        Holds the store, and the report in a folder of the study's name.

    Returns
    -------
    Study
        The study as it is now; call again to read later runs.

    Raises
    ------
    UserError
        There is no such store, or no study of that name in it.

    Examples
    --------
    >>> import nnbench
    >>> study = nnbench.run("optimizer=sgd,adam", "seed=range(2)", "training.epochs=31", quiet=True)
    >>> nnbench.load_study("comparison").runs["optimizer"].tolist()
    ['adam', 'adam', 'sgd', 'sgd']
    """
    return read(name, uri_in(folder) if store is None else store, None, folder)


def uri_in(folder: str | Path) -> str:
    """Return the tracking URI of the store in a folder of results."""
    return f"sqlite:///{folder}/mlflow.db"


def read(name: str, uri: str, artifacts: str | None, folder: str | Path) -> "Study":
    """Read a study; `artifacts` is the folder of its store's artifacts, or None for the default."""
    store = open_store(uri, Path(artifacts) if artifacts else None, create=False)
    return Study(read_study(store, name, whole=True), store, Path(folder))


class Study:
    """A study: its runs, their results and their weights.

    `nnbench.run`, `nnbench.compare` and `nnbench.load_study` return one. A notebook displays its answer and a table.

    Parameters
    ----------
    tables : nnbench.records.study.Study
        The tables of the study.
    store : Store
        The store from which it was read.
    folder : path
        The folder of the results.

    Attributes
    ----------
    name : str
        Of the study.
    runs : pandas.DataFrame
        One row per run: ``run_id``, ``optimizer``, ``setting``, ``seed``, ``outcome``, the configuration, such as
        ``optimizer.learning_rate``, and the measures, such as ``test/accuracy`` and ``final/train_loss``.
    curves : pandas.DataFrame
        One row per run and evaluated epoch: ``run_id``, ``epoch``, ``train_loss``, ``train_accuracy``, ``val_loss``,
        ``val_accuracy``.
    tables : nnbench.records.study.Study
        All tables of the study, including those of tuning.
    report : pathlib.Path
        The PDF of the report, which may not exist.

    Examples
    --------
    >>> import nnbench
    >>> study = nnbench.run("optimizer=sgd,adam", "seed=range(2)", "training.epochs=31", quiet=True)
    >>> study
    <nnbench.Study 'comparison': 4 runs>
    >>> figure = study.plot("cover")
    >>> study.run(study.runs["run_id"][0]).predict([[0.1, 0.2], [0.3, -0.4]]).shape
    (2,)
    """

    def __init__(self, tables: records.Study, store: Store, folder: Path) -> None:
        self.tables = tables
        self.name = tables.name
        self.runs, self.curves = tables.runs, tables.curves
        self.report = folder / tables.name / "report.pdf"
        self._store = store
        self._tasks = tasks(tables)

    def __repr__(self) -> str:
        return f"<nnbench.Study {self.name!r}: {numbers.count(len(self.runs), 'run')}>"

    @property
    def answer(self) -> str:
        """The conclusion on the cover of the report, a sentence or more for each task."""
        return " ".join(f"{task.label}: {_answer(task)}" if task.label else _answer(task) for task in self._tasks)

    @property
    def summary(self) -> pd.DataFrame:
        """The settings, the best first.

        ``task``, ``setting``, ``runs``, ``diverged``, ``measure`` (ranks them), ``estimate`` (its interquartile mean over
        seeds) and the bounds ``low`` and ``high`` of its 95 % interval, NaN if there are too few runs.
        """
        found = []
        for task in self._tasks:
            findings = Findings(task.study)
            ranking = findings.ranking(findings.primary)[["setting", "runs", "diverged", "estimate", "low", "high"]]
            ranking.insert(3, "measure", findings.primary.name)
            ranking.insert(0, "task", task.label)
            found.append(ranking)
        return pd.concat(found, ignore_index=True)

    def plot(self, page: str, task: str | None = None) -> Figure:
        """Draw the plots of a page of the report, one below the other, each with its heading and its legend.

        Parameters
        ----------
        page : str
            A name such as ``"cover"``, ``"loss"``, ``"accuracy"`` or ``"pairwise"``; the error for an unknown name lists all.
        task : str, optional
            In a study with several tasks, a label in the column ``task`` of `summary`.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it.

        Raises
        ------
        UserError
            There is no such page or task, this study cannot fill the page, or the page has no plot.

        Examples
        --------
        >>> import nnbench
        >>> study = nnbench.run("optimizer=sgd,adam", "seed=range(2)", "training.epochs=31", quiet=True)
        >>> study.plot("cover").savefig("cover.png")
        """
        if page not in pages.names():
            raise UserError(f"page={page}: no such page; must be one of {', '.join(pages.names())}")
        with matplotlib.style.context(["default", style.RC]):
            findings = Findings(with_lesson(self._task(task).study))
            section = Section(page, blank())
            try:
                pages.load(page)(section, findings, pages.ReportOptions(title=self.name, targets=findings.judged.targets))
            except NoDataError as reason:
                raise UserError(f"page={page}: not shown because {reason}") from None
            if not (plots := section.begun.plots):
                raise UserError(f"page={page}: has no plot; its table is in the report and in figures/{page}.csv")
            above: Mapping[str, LineStyle] = {}
            for plot in plots:
                plot.drawing.head(plot.heading, plot.legend if plot.legend != above else {})
                above = plot.legend
            figure = close([plot.drawing for plot in plots])
            figure.draw_without_rendering()  # makes the ticks now, under the report's style
        setattr(figure, "_repr_png_", partial(_png, figure))  # noqa: B010  # IPython shows figures of pyplot alone
        return figure

    def run(self, run_id: str) -> Run:
        """Return one run, which predicts with its final weights.

        Parameters
        ----------
        run_id : str
            A value of the column ``run_id`` of `runs`, or a unique beginning of one.

        Returns
        -------
        Run
            The run.

        Raises
        ------
        UserError
            No run has this id, or several begin with it.
        """
        known = self.runs["run_id"].astype(str)
        found = self.runs[known == run_id] if (known == run_id).any() else self.runs[known.str.startswith(run_id)]
        if len(found) != 1 or not run_id:
            how = f"{len(found)} ids begin with it" if len(found) else "no such run"
            raise UserError(f"run={run_id}: {how}; the column run_id of the study's runs lists them")
        return Run(self._store, self.name, found.iloc[0])

    def _task(self, label: str | None) -> Task:
        if label is None and len(self._tasks) == 1:
            return self._tasks[0]
        if (found := next((task for task in self._tasks if task.label == label), None)) is not None:
            return found
        labels = ", ".join(repr(task.label) for task in self._tasks)
        raise UserError(f"task={label}: must be one of the tasks of study {self.name}: {labels}")

    def _repr_html_(self) -> str:
        table = self.summary
        rows: list[Sequence[Any]] = [
            (task, setting, count, diverged, measure, numbers.interval(estimate, low, high))
            for task, setting, count, diverged, measure, estimate, low, high in table.itertuples(index=False)
        ]
        heads = ["task", "setting", "runs", "diverged", "measure", "interquartile mean and 95 % interval"]
        kept = [at for at, head in enumerate(heads) if not _is_empty(head, table)]
        head = "".join(f"<th>{escape(heads[at])}</th>" for at in kept)
        body = "".join(f"<tr>{''.join(f'<td>{escape(str(row[at]))}</td>' for at in kept)}</tr>" for row in rows)
        title = f"<b>{escape(self.name)}</b>: {escape(numbers.count(len(self.runs), 'run'))}"
        return f"<p>{title}. {escape(self.answer)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _is_empty(head: str, table: pd.DataFrame) -> bool:
    """Return whether a column of the notebook's table is empty: the task if there is one, diverged runs if there are none."""
    return (head == "task" and not table["task"].any()) or (head == "diverged" and not table["diverged"].any())


def _answer(task: Task) -> str:
    findings = Findings(task.study)
    return wording.answer(findings, findings.primary)


def _png(figure: Figure) -> bytes:
    """Return a figure as the picture that a notebook shows."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()
