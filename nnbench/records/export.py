"""Export of a study as plain files, for R, Excel or a paper's appendix, and import for a report without MLflow.

Each table is written as Parquet, which is exact and is read back, and as CSV for other programs. `dictionary.csv` describes
each column.
"""

import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pandas.api.types import is_numeric_dtype
from pydantic import TypeAdapter, ValidationError

from nnbench.core.errors import UserError
from nnbench.core.paths import NAME_PATTERN, NAME_RULE
from nnbench.records import npz as artifacts
from nnbench.records.boundary import Boundary
from nnbench.records.choices import with_measures
from nnbench.records.curves import GROUP_LOSS, GROUP_MEANING
from nnbench.records.kinds import unit_of
from nnbench.records.measure import OF_LOSS
from nnbench.records.measures import CURVES, MEASURES, reached
from nnbench.records.problem_column import PRESET, with_problems, without_problems
from nnbench.records.study import Checkpoints, Study

logger = logging.getLogger(__name__)

T = TypeVar("T")

TABLES = ("runs", "curves", "records", "sweeps", "tuning", "selection", "earlier")
NEW = ("earlier",)  # not in exports of the first edition
ABOUT, DICTIONARY, BOUNDARIES, CHECKPOINTS = "study.json", "dictionary.csv", "boundaries", "checkpoints"
FORM, UNLABELLED = 3, 2  # version of the folder's format; the one before, without the column `problem`
REQUIRED = "run_id", "name", "status", "outcome", "optimizer", "setting", "seed", "identity", "started"  # columns of runs
NUMERIC = {"integer", "count", "epochs", OF_LOSS, "share", "s", "µs"}  # units of columns that hold numbers only

COLUMNS = {
    "run_id": ("text", "the run's id in MLflow"),
    "name": ("text", "display name, such as adam lr=0.05 seed=3"),
    "status": ("text", "FINISHED, FAILED, KILLED or RUNNING"),
    "outcome": ("text", "finished, stopped (at training.stop_at_accuracy), diverged, failed or killed"),
    "optimizer": ("text", "the optimizer's label"),
    "setting": ("text", "the optimizer with the hyperparameters that vary within the study"),
    "problem": ("text", "the run's task, as reports name it: its problem or dataset, with what varies between the tasks"),
    PRESET: ("text", "the configuration's problem"),
    "seed": ("integer", "of data and initial weights; runs of different optimizers pair by it"),
    "identity": ("text", "digest of everything that determines the run's numbers"),
    "sweep_id": ("text", "id of the sweep that the run belongs to"),
    "stage": ("text", "tuning or final, in a study that tunes first"),
    "tuned": ("true or false", "whether the run has the setting that tuning chose for its optimizer"),
    "reason": ("text", "why a run failed or was killed"),
    "started": ("UTC", "start time"),
    "epoch": ("epochs", "passes over the training points so far; epoch 0 is measured before any update"),
    "steps": (
        "steps",
        "updates before the epoch; of a run, before its last; where each epoch is one step, no column or empty",
    ),
    "gradient_evaluations": ("count", "gradients computed for these updates; likewise"),
    **{curve.column: (curve.unit, curve.meaning) for curve in CURVES},
    **{curve.key: (curve.unit, curve.last) for curve in CURVES},
    **{measure.key: (measure.unit, measure.meaning) for measure in MEASURES},
    "source": ("text", "digest of the source of the optimizer's class and of the user's modules that it imports"),
    "schedule_source": ("text", "the same for the schedule's class"),
    "dataset_source": ("text", "the same for the dataset's class"),
    "code": ("text", "the same for the modules of nnbench that every run uses"),
    "commit": ("text", "git commit of the code"),
    "dirty": ("true or false", "whether files differed from that commit"),
    "version": ("text", "version of nnbench"),
    "python": ("text", "version of Python"),
    "numpy": ("text", "version of NumPy"),
    "blas": ("text", "the BLAS library that NumPy uses"),
    "cpu": ("text", "the processor"),
    "threads": ("count", "BLAS threads of the run"),
    "command": ("text", "the command line that started it"),
    "report": ("JSON", "title, pages and targets of the report that a later command made without training any run"),
    "task": ("text", "task that a setting was chosen for, as JSON"),
    "search": ("integer", "number of the independent search that chose it, from 0"),
    "hyperparameter": ("text", "name of the hyperparameter"),
    "value": ("as in the config", "chosen value"),
    "default": ("as in the config", "value in the optimizer's YAML file"),
    "kind": ("text", "log, linear or choice; fixed if it was not tuned"),
    "low": ("as in the config", "lower bound of its space"),
    "high": ("as in the config", "upper bound of its space"),
    "edge": ("text", "low or high if the value lies on that bound of its space"),
    "tried": ("count", "different settings of the optimizer that the study had run by then, without those of the final stage"),
    "spaces": ("count", "different spaces that were searched; empty if unknown"),
    "sampler_seed": ("integer", "of the search; searches with equal ones draw the same configs; empty for a grid"),
    "declared_low": ("as in the config", "lower bound of the first of these spaces"),
    "declared_high": ("as in the config", "upper bound of the first of these spaces"),
    "uses": ("count", "1 if the choice was made before results on the final seeds were known, one more for each later choice"),
    "configs": ("count", "configs that the setting was chosen from"),
    "seeds": ("count", "seeds on which each config was run"),
    "measure": ("text", "measure that the config was chosen by, such as val/accuracy, val/r2 or train/loss"),
    "score": ("of the measure", "its mean over these seeds, after the last epoch"),
    "loss": (OF_LOSS, "likewise the loss that decides between equal scores, on the points of the measure"),
    "lost": ("count", "runs of the chosen config that diverged or failed"),
}


def write(study: Study, folder: Path) -> None:
    """Write a study to a folder; an earlier export in it is replaced."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    unfinished.mkdir()
    try:
        tables = with_problems(study, {name: getattr(study, name) for name in TABLES})
        as_json = {name: [str(column) for column in table if _is_mixed(table[column])] for name, table in tables.items()}
        for name, table in tables.items():
            for_parquet = table.assign(**{column: table[column].map(json.dumps) for column in as_json[name]})
            for_parquet.to_parquet(unfinished / f"{name}.parquet", index=False)
            _without_formulas(table).to_csv(unfinished / f"{name}.csv", index=False, lineterminator="\n")
        _dictionary(tables).to_csv(unfinished / DICTIONARY, index=False, lineterminator="\n")
        for kind in (BOUNDARIES, CHECKPOINTS):
            (unfinished / kind).mkdir()
        for run_id in study.runs["run_id"]:
            if checkpoints := study.checkpoints(run_id):
                artifacts.write_checkpoints(unfinished / CHECKPOINTS / f"{run_id}.npz", checkpoints)
            if (boundary := study.boundary(run_id)) is not None:
                artifacts.write_boundary(unfinished / BOUNDARIES / f"{run_id}.npz", boundary)
        columns = {name: [str(column) for column in table] for name, table in tables.items()}
        about = _About(form=FORM, name=study.name, columns_in_json=as_json, columns=columns)
        (unfinished / ABOUT).write_text(json.dumps(asdict(about), indent=1), encoding="utf-8")
        if folder.exists():
            if not is_export(folder):
                raise UserError(f"{folder}: exists and is no export; move it away")
            shutil.rmtree(folder)
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def is_export(folder: Path) -> bool:
    """Whether a folder was written by `write`."""
    return os.path.isfile(folder / ABOUT)


def read(folder: Path) -> Study:
    """Read a study from a folder written by `write`.

    Raises:
        UserError: the folder does not exist, is no export, is damaged, or is of another version.
    """
    if not os.path.isdir(folder):
        raise UserError(f"{folder}: there is no such folder")
    if not is_export(folder):
        raise UserError(f"{folder}: is no export of a study: it has no {ABOUT}")
    about = _about(folder / ABOUT)
    tables: dict[str, Any] = {}
    for name in TABLES:
        if name in about.columns_in_json or name not in NEW:
            tables[name] = _table(folder / f"{name}.parquet", about.columns_in_json.get(name, ()), about.columns.get(name, ()))
    if lacking := [column for column in REQUIRED if column not in tables["runs"]]:
        raise UserError(f"{folder / 'runs.parquet'}: is damaged: it lacks {', '.join(lacking)}")

    def boundary(run_id: str) -> Boundary | None:
        return _file(folder / BOUNDARIES, run_id, artifacts.read_boundary)

    def checkpoints(run_id: str) -> Checkpoints:
        return _file(folder / CHECKPOINTS, run_id, artifacts.read_checkpoints) or {}

    if about.form != UNLABELLED:
        tables = without_problems(tables)
    tables["selection"] = with_measures(tables["selection"], tables["tuning"])
    return Study(name=about.name, boundary=boundary, checkpoints=checkpoints, **tables)


def _file(folder: Path, run_id: str, read: Callable[[Path], T]) -> T | None:
    """Read the file of a run; None if it has none, or a damaged one."""
    path = folder / f"{run_id}.npz"
    if not re.fullmatch(r"[\w-]+", run_id) or not os.path.exists(path):
        return None
    try:
        return read(path)
    except (artifacts.CorruptFileError, OSError) as error:
        logger.warning("run %s: %s; its decision boundary is not shown", run_id, error)
        return None


@dataclass(frozen=True)
class _About:
    """Content of `study.json`.

    Attributes:
        form: version of the folder's format.
        name: name of the study.
        columns_in_json: for each table, the columns whose values are JSON.
        columns: for each table, all columns; empty in an export of an earlier version.
    """

    form: int
    name: str
    columns_in_json: dict[str, list[str]]
    columns: dict[str, list[str]] = field(default_factory=dict)


def _about(path: Path) -> _About:
    try:
        about = TypeAdapter(_About).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: is damaged: {': '.join([*map(str, first['loc']), first['msg']])}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    if about.form not in (FORM, UNLABELLED):
        raise UserError(f"{path.parent}: was exported by another version of nnbench; export it again")
    if not re.fullmatch(NAME_PATTERN, about.name):
        raise UserError(f"{path}: names its study {about.name!r}; must be {NAME_RULE}")
    return about


def _table(path: Path, as_json: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Read a table, and check that no column is missing and that numeric columns hold numbers."""
    try:
        table = pd.read_parquet(path)
        lacking = [column for column in (*columns, *as_json) if column not in table]
        table = table.assign(**{column: table[column].map(json.loads) for column in as_json if column in table})
    except FileNotFoundError as error:
        raise UserError(f"{path}: is missing") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError) as error:  # pyarrow's errors are among them
        raise UserError(f"{path}: is damaged: {error}") from error
    if lacking:
        raise UserError(f"{path}: is damaged: it lacks {', '.join(lacking)}")
    for column in table:
        if _meaning(str(column))[0] in NUMERIC and not (is_numeric_dtype(table[column]) or table[column].isna().all()):
            raise UserError(f"{path}: is damaged: its column {column} must hold numbers")
    return pd.DataFrame() if table.columns.empty else table


def _is_mixed(column: "pd.Series[Any]") -> bool:
    """Whether a column holds values of several types, which a Parquet file cannot store."""
    return column.dtype == object and column.dropna().map(type).nunique() > 1


def _without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Mark texts that a spreadsheet would take for a formula as texts."""
    texts = [column for column in table if not is_numeric_dtype(table[column])]
    return table.assign(**{str(column): table[column].map(_escape_formula, na_action="ignore") for column in texts})


def _escape_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _dictionary(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Make the table that describes the columns of all tables."""
    kinds = {
        one.kind
        for one in MEASURES
        for table in tables.values()
        if one.kind and one.key in table and table[one.key].notna().any()
    }
    found = [(name, str(column), *_meaning(str(column))) for name, table in tables.items() for column in table]
    rows = [(name, column, unit_of(unit, kinds), meaning) for name, column, unit, meaning in found]
    grids = f"{BOUNDARIES}/RUN_ID.npz", "label, confidence", "class; share × 255", "the decision boundary, row 0 at the bottom"
    weights = f"{CHECKPOINTS}/RUN_ID.npz", "checkpoints, checkpoints_W0 ...", "epochs", "weights of the layers at these epochs"
    return pd.DataFrame([*rows, grids, weights], columns=["table", "column", "unit", "meaning"])


def _meaning(column: str) -> tuple[str, str]:
    """Return unit and description of a column."""
    if column in COLUMNS:
        return COLUMNS[column]
    if target := re.fullmatch(r"(epochs|steps)_to/(.+)", column):
        return target[1], reached(target[1], target[2])
    if column.startswith(GROUP_LOSS):
        return OF_LOSS, f"{GROUP_MEANING}: {column.removeprefix(GROUP_LOSS)}"
    return "as in the config", f"the configuration's {column}"
