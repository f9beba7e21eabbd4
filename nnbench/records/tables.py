"""Conversion of a store's rows to the tables of `Study`.

A store may have been written by others, so text is made printable and truncated, and numbers may be missing.
"""

import logging
import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from nnbench.config.text_values import as_text
from nnbench.core.keys import SOURCES
from nnbench.records import tasks
from nnbench.records.measures import MEASURES
from nnbench.records.rows import Row, is_safe_id
from nnbench.records.settings import configuration, settings
from nnbench.records.tuned import base_label, chosen_values, has_values, is_tuned, searched_keys
from nnbench.records.versions import version

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_LENGTH = 6000  # characters of a text; nnbench stores no longer ones
INFINITE = 1e300  # MLflow stores an infinite value as the largest finite number
# Tag of a sweep's own run: options of the report that a later command made without training any run.
REPORT_OPTIONS = "nnbench.report_options"
# Columns that `Study.runs` always has.
TAGS = ("outcome", "optimizer", "identity", "sweep_id", "stage", "reason")
PROVENANCE = (*SOURCES.values(), "commit", "dirty", "version", "python", "numpy", "blas", "cpu", "threads", "command")
# Those of a regression are there only where a run has them.
METRICS = tuple(measure.key for measure in MEASURES if measure.kind != "regression")


def is_own(row: Row) -> bool:
    """Whether a training run has the tags and the seed that nnbench writes; a store may hold runs of other programs."""
    seed = row.values.get("seed")
    named = re.fullmatch(r"\w[\w .,()-]{0,59}", row.tags.get("nnbench.optimizer", ""))
    known = row.tags.get("nnbench.identity") and is_safe_id(row.run_id)
    return bool(named and known) and isinstance(seed, int) and 0 <= seed < 2**63


def newest_attempts(rows: Sequence[Row]) -> list[Row]:
    """Return the last run of each configuration, seed and version of the source, or the last FINISHED one if there is one."""
    ordered = sorted(rows, key=lambda row: (row.status == "FINISHED", row.started))
    return list({(configuration_of(row), row.values.get("seed"), version(row)): row for row in ordered}.values())


def configuration_of(row: Row) -> str:
    """Return a text that is equal for runs of one setting only: the stored digest, or one of the values."""
    stored = row.tags.get("nnbench.configuration")
    return stored or configuration(row.params or {key: as_text(value) for key, value in row.values.items()})


def runs_table(rows: Sequence[Row], selection: pd.DataFrame | None = None) -> pd.DataFrame:
    """Make `Study.runs`, in the order of optimizer, setting and seed.

    Args:
        rows: the runs.
        selection: `Study.selection`: the runs with settings that searches of one optimizer chose are one setting.
    """
    shared = _shared_values(rows)
    named = _named(rows, shared, pd.DataFrame() if selection is None else selection)
    seeds = [row.values.get("seed") for row in rows]
    order = sorted(range(len(rows)), key=lambda at: (named[at][1], seeds[at] or 0, rows[at].started))
    ordered = [rows[at] for at in order]
    config = _config_table([shared[at] for at in order])
    metrics = _metrics_table(ordered)
    tags = {key: [printable(row.tags.get(f"nnbench.{key}")) for row in ordered] for key in (*TAGS, *PROVENANCE)}
    first: dict[str, Any] = {
        "run_id": [row.run_id for row in ordered],
        "name": [printable(row.name) for row in ordered],
        "status": [row.status for row in ordered],
        **{key: tags[key] for key in TAGS},
        "setting": [named[at][0] for at in order],
        "seed": [seeds[at] for at in order],
        "started": [row.started for row in ordered],
    }
    last = {key: tags[key] for key in PROVENANCE}
    config = config[[key for key in config if key not in first and key not in last and key not in metrics]]
    frame = pd.concat([_inferred(first, len(rows)), config, metrics, _inferred(last, len(rows))], axis=1)
    frame["threads"] = pd.to_numeric(frame["threads"], errors="coerce")
    frame["dirty"] = frame["dirty"].map({"true": True, "false": False})
    return _dated(frame)


def _shared_values(rows: Sequence[Row]) -> list[dict[str, Hashable]]:
    """Return the printable values of each run's config; runs whose configs differ in the seed alone share one object.

    The seed in it is that of any of these runs.
    """
    known: dict[object, dict[str, Hashable]] = {}
    found = []
    for row in rows:
        key = row.run_id if row.record is None or row.record.seed is None else row.record.text
        if key not in known:
            known[key] = {name: printable(value) for name, value in row.values.items()}
        found.append(known[key])
    return found


def _config_table(values: Sequence[Mapping[str, Hashable]]) -> pd.DataFrame:
    """One row a run: the values of its config, each distinct object converted once."""
    places: dict[int, int] = {}
    distinct: list[Mapping[str, Hashable]] = []
    for one in values:
        if places.setdefault(id(one), len(places)) == len(distinct):
            distinct.append(one)
    return pd.DataFrame(distinct).take([places[id(one)] for one in values]).reset_index(drop=True)


def _metrics_table(rows: Sequence[Row]) -> pd.DataFrame:
    """One row a run: the columns `METRICS`, then those of other metrics, as numbers, NaN where a run has none."""
    names = dict.fromkeys((*METRICS, *(key for row in rows for key in row.metrics)))
    columns = {name: np.full(len(rows), np.nan) for name in names}
    for at, row in enumerate(rows):
        for name, value in row.metrics.items():
            columns[name][at] = value
    return pd.DataFrame({name: np.where(np.abs(values) < INFINITE, values, np.nan) for name, values in columns.items()})


def _inferred(columns: Mapping[str, Sequence[object]], rows: int) -> pd.DataFrame:
    """Make a table of columns of Python objects, whose types pandas infers."""
    return pd.DataFrame(dict(columns)) if rows else pd.DataFrame(columns=[*columns])


def _named(
    rows: Sequence[Row], params: Sequence[dict[str, Hashable]], selection: pd.DataFrame
) -> list[tuple[str, tuple[object, ...]]]:
    """Name the settings of runs; that of a tuned optimizer does not show what was searched, which varies with the search."""
    searched = searched_keys(selection)
    configurations, shown = [], []
    for row, values in zip(rows, params, strict=True):
        label = row.tags.get("nnbench.optimizer", "")
        if not is_tuned(label, row.tags.get("nnbench.stage"), searched):
            configurations.append(configuration_of(row))
            shown.append(values)
            continue
        varied = searched.get(base_label(label, True), set())
        rest = {key: value for key, value in values.items() if key not in varied}
        configurations.append(configuration({key: as_text(value) for key, value in rest.items()}))
        shown.append(rest)
    return settings([row.tags.get("nnbench.optimizer", "") for row in rows], shown, configurations=configurations)


def sweeps_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Make `Study.sweeps`, oldest first."""
    tags = [(printable(row.tags.get("nnbench.command")), row.tags.get(REPORT_OPTIONS)) for row in rows]
    records = [(row.run_id, row.started, command, row.status, asked) for row, (command, asked) in zip(rows, tags, strict=True)]
    return _dated(pd.DataFrame(records, columns=["run_id", "started", "command", "status", "report"]))


def with_last_choices(rows: Sequence[Row], selection: pd.DataFrame) -> list[Row]:
    """Return the runs that may be compared: those of a tuned optimizer must have a setting that a search chose last."""
    if selection.empty:
        return list(rows)
    chosen = {
        (str(task), str(setting)): list(chosen_values(choice).values())
        for (task, setting), choice in selection.groupby(["task", "setting"], sort=False)
    }

    def is_compared(row: Row) -> bool:
        if row.tags.get("nnbench.stage") != "final":
            return True
        setting = row.tags.get("nnbench.optimizer", "")
        values = chosen.get((tasks.key(row.values), setting)) or chosen.get(("", setting), [])
        return not values or any(has_values(row.values, one) for one in values)

    return [row for row in rows if is_compared(row)]


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(started=pd.to_datetime(frame["started"], unit="ms", utc=True).dt.as_unit("ms"))


def printable(value: T) -> T | str:
    """Replace control characters of a text and truncate it to `MAX_LENGTH`; other values are returned as they are."""
    return _printable(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)  # runs share most texts
def _printable(value: str) -> str:
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", "\N{REPLACEMENT CHARACTER}", value[: MAX_LENGTH + 1])
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"
