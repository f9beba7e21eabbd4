"""Reports made again from the runs of a store or of an export, of one study or of two side by side."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console

from nnbench.cli.report_progress import shown_progress
from nnbench.cli.study_report import OPTIONS, print_report, print_results, report_on
from nnbench.config.command_line import key_of
from nnbench.config.schema import Config
from nnbench.config.sections import ReportConfig
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.paths import safe_subpath
from nnbench.records import export
from nnbench.records.declared import declared
from nnbench.records.study import Study
from nnbench.records.tasks import common_tasks, unmatched_tasks
from nnbench.report.comparison import PAGES
from nnbench.report.outputs import comparison as compare
from nnbench.report.outputs.files import publish_contents

if TYPE_CHECKING:
    from nnbench.tracking.mlflow.store import Store

PAGES_FOLDER = "pages"  # subfolder for a selection of pages, so that the whole report is not overwritten
_LONGEST = 100  # bytes of each study's name in the name of the folder of two


def remake(config: Config, overrides: Sequence[str]) -> int:
    """Remake the report of a study, or of two studies side by side, and print its path.

    Returns:
        The exit status: 0, or 1 if a part of the report is missing.

    Args:
        config: holds the study, or two with a comma between them, and the store.
        overrides: those of the command; report options that they do not set are taken from the study's last sweep.

    Raises:
        UserError: the store or the study does not exist.
    """
    console = make_console()
    from nnbench.sweep.recorder import open_store_of  # only here, so that an export needs no MLflow
    from nnbench.tracking.mlflow.reader import read_study

    store = open_store_of(config, create=False)
    names = _studies(store, config.study)
    study, *after = (read_study(store, name) for name in names)
    if not after:
        return _remake_one(study, config.report, overrides, console)
    if {"report", "report.pages"} & {key_of(override) for override in overrides}:
        raise UserError(f"study={config.study}: a comparison of two studies has fixed pages; leave out report and pages")
    both = "-vs-".join(name.encode()[:_LONGEST].decode(errors="ignore") for name in names)
    folder = safe_subpath(Path(config.report.folder), both)
    pairs = common_tasks(study, after[0])
    for name, labels in unmatched_tasks(study, after[0]):
        if labels:
            console.print(
                f"{escape_markup(name)} has {escape_markup(', '.join(labels))}, which the other study has not: not compared",
                soft_wrap=True,
            )
    reports, refusals = [], []
    with shown_progress(console) as progress:
        for first, second in pairs:
            try:
                place = safe_subpath(folder, first.folder) if first.folder else folder
                reports.append(compare.write(first.study, second.study, place, progress=progress))
            except UserError as error:
                refusals.append((first.label, error))
    if not reports:
        raise refusals[0][1]
    for label, refusal in refusals:
        console.print(f"[red]no report[/red] on {escape_markup(label)}: {escape_markup(str(refusal))}", soft_wrap=True)
    if any(report.folder != folder for report in reports):
        publish_contents(folder, " and ".join(names), reports, PAGES)
    for report in reports:
        print_report(report, console)
    return 1 if refusals or any(report.errors for report in reports) else 0


def remake_export(folder: Path, config: Config, overrides: Sequence[str]) -> int:
    """Make the report of a study from the files of `nnbench export`; returns the exit status, as `remake`.

    Raises:
        UserError: the export does not exist, or has a study of another name.
    """
    try:
        study = export.read(folder)
    except UserError as error:
        raise UserError(f"from={error}") from error
    if config.study != study.name and "study" in map(key_of, overrides):
        raise UserError(f"study={config.study}: from={folder} holds the study {study.name}")
    return _remake_one(study, config.report, overrides, make_console())


def _remake_one(study: Study, given: ReportConfig, overrides: Sequence[str], console: Console) -> int:
    """Remake the report on one study; a selection of pages goes into a subfolder. Returns the exit status."""
    within = PAGES_FOLDER if "report.pages" in map(key_of, overrides) else ""
    fixed = {key for key, name in OPTIONS.items() if name in map(key_of, overrides)}
    options = _report_options(study, given, overrides)
    reports = report_on(study, options, console, within=within, fixed=fixed)
    return 0 if print_results(study, reports, console, options, fixed) else 1


def _studies(store: "Store", given: str) -> list[str]:
    """Split `study=A,B` into two names; a study whose own name has the comma is one."""
    from nnbench.tracking.mlflow.experiment import find_experiment

    if "," not in given:
        return [given]
    with store.user_errors():
        if find_experiment(store, given) is not None:
            return [given]
    names = [name.strip() for name in given.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise UserError(f"study={given}: must be one study, or two different ones to compare")
    return names


def _report_options(study: Study, given: ReportConfig, overrides: Sequence[str]) -> ReportConfig:
    """Report options of the study's newest sweep, as its runs store them, overridden by those of the command.

    Options of a single run, which makes no report, count only if there is no sweep.
    """
    set_keys = {key_of(override) for override in overrides}
    if "report" in set_keys:
        return given
    tables = [table for table in (study.runs, study.tuning) if {"report.pages", "started"} <= set(table)]
    if not tables:
        return given
    columns = ["sweep_id", "started", *OPTIONS.values()]
    made = pd.concat([table.reindex(columns=columns) for table in tables], ignore_index=True)
    made = made[made["report.pages"].map(lambda pages: isinstance(pages, str) and pages != "[]")]
    turn = {sweep_id: number for number, sweep_id in enumerate(study.sweeps["run_id"])}
    made = made.assign(turn=made["sweep_id"].map(turn).fillna(-1)).sort_values(["turn", "started"])
    if made.empty:
        return given
    newest = made.iloc[-1:]
    judged = declared(newest)
    before = {
        "title": newest[OPTIONS["title"]].iloc[0],
        "pages": json.loads(newest[OPTIONS["pages"]].iloc[0]),
        "targets": list(judged.targets),
        "rank_by": judged.rank_by,
        "unit": judged.unit,
        "reference": judged.reference,
    }
    later = study.sweeps.get("report", pd.Series(dtype=object)).dropna()
    if len(later) and later.index[-1] >= made["turn"].iloc[-1]:
        with suppress(ValueError):  # not as nnbench writes it
            before |= {key: value for key, value in json.loads(str(later.iloc[-1])).items() if key in before}
    return replace(given, **{key: value for key, value in before.items() if f"report.{key}" not in set_keys})
