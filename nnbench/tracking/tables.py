"""Rows of a store as tidy tables: what `Study` promises, column by column."""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nnbench import artifacts
from nnbench.tracking.runs import Row
from nnbench.tracking.settings import settings

# Columns that are there even if no run fills them.
TAGS = ("outcome", "optimizer", "identity", "sweep_id", "stage", "reason")
PROVENANCE = ("commit", "dirty", "version", "python", "numpy", "blas", "cpu", "threads", "command")
METRICS = (
    *("final/train_loss", "final/train_accuracy", "final/val_loss", "final/val_accuracy"),
    *("best/val_loss", "best/val_accuracy", "test/loss", "test/accuracy", "time/train_seconds", "time/epoch_us"),
    *("epochs_to/0.80", "epochs_to/0.90", "epochs_to/0.95", "diverged_at_epoch"),
)
LONGEST_NUMBER = 40  # characters
CURVES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


def newest(rows: Sequence[Row]) -> list[Row]:
    """The last try of each identity, a FINISHED one where there is one."""
    tries = sorted(rows, key=lambda row: (row.status == "FINISHED", row.started))
    return list({row.tags.get("nnbench.identity", row.run_id): row for row in tries}.values())


def runs_table(rows: Sequence[Row]) -> pd.DataFrame:
    """`Study.runs`, in the order of optimizer, setting, seed."""
    params = [{key: as_value(text) for key, text in row.params.items()} for row in rows]
    named = settings([row.tags.get("nnbench.optimizer", "") for row in rows], params)
    records = [
        {
            "run_id": row.run_id,
            "name": row.name,
            "status": row.status,
            **{key: row.tags.get(f"nnbench.{key}") for key in TAGS},
            "setting": setting,
            "seed": None,
            "started": row.started,
            **values,
            **dict.fromkeys(METRICS, np.nan),
            **row.metrics,
            **{key: row.tags.get(f"nnbench.{key}") for key in PROVENANCE},
        }
        for row, values, (setting, _) in zip(rows, params, named, strict=True)
    ]
    order = sorted(range(len(rows)), key=lambda at: (named[at][1], records[at]["seed"] or 0, rows[at].started))
    empty = ["run_id", "name", "status", *TAGS, "setting", "seed", "started", *METRICS, *PROVENANCE]
    frame = pd.DataFrame([records[at] for at in order], columns=None if records else empty)
    frame["threads"] = pd.to_numeric(frame["threads"])
    frame["dirty"] = frame["dirty"].map({"true": True, "false": False})
    return _dated(frame)


def curves_table(histories: Mapping[str, Path]) -> pd.DataFrame:
    """`Study.curves`, from the histories of runs by their ids."""
    parts: dict[str, list[np.ndarray]] = {key: [np.empty(0)] for key in ("epoch", *CURVES)}
    for path in histories.values():
        arrays = artifacts.read_history(path)
        evaluated = arrays["evaluated"]
        epochs = artifacts.curve_epochs(len(arrays["train_loss"]), evaluated)
        parts["epoch"].append(epochs)
        for key in CURVES[:2]:
            parts[key].append(arrays[key][epochs])
        for key in CURVES[2:]:
            values = np.full(len(epochs), np.nan)
            if len(arrays[key]):
                values[np.searchsorted(epochs, evaluated)] = arrays[key]
            parts[key].append(values)
    columns = {key: np.concatenate(arrays, dtype=float) for key, arrays in parts.items()}
    ids = np.repeat(np.array(list(histories), dtype=object), [len(epochs) for epochs in parts["epoch"][1:]])
    return pd.DataFrame({"run_id": ids.astype(str), **columns}).astype({"epoch": int})


def sweeps_table(rows: Sequence[Row]) -> pd.DataFrame:
    """`Study.sweeps`, oldest first."""
    records = [(row.run_id, row.started, row.tags.get("nnbench.command"), row.status) for row in rows]
    return _dated(pd.DataFrame(records, columns=["run_id", "started", "command", "status"]))


def selection_table(paths: Sequence[Path]) -> pd.DataFrame:
    """`Study.selection`: of each optimizer what was chosen last, from the files of sweeps, oldest first."""
    as_written: dict[str, Callable[[str], object]] = {"value": as_value, "default": as_value, "edge": str}
    frames = [pd.read_csv(path, converters=as_written) for path in paths]
    newest = {setting: rows for frame in frames for setting, rows in frame.groupby("setting", sort=False)}
    return pd.concat(newest.values(), ignore_index=True) if newest else pd.DataFrame()


def chosen(row: Row, selection: pd.DataFrame) -> bool:
    """Whether a run may be compared: of a tuned optimizer's runs, those with what was chosen last may."""
    if selection.empty or row.tags.get("nnbench.stage") != "final":
        return True
    mine = selection[selection["setting"] == row.tags.get("nnbench.optimizer")]
    values = zip(mine["hyperparameter"], mine["value"], strict=True)
    return all(as_value(row.params.get(f"optimizer.{key}", "")) == value for key, value in values)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(started=pd.to_datetime(frame["started"], unit="ms", utc=True))


def as_value(text: str) -> Hashable:
    """A parameter as a number where it is one, None where it is null."""
    if len(text) > LONGEST_NUMBER:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or type(value) in (int, float) else text
