"""`nnbench collect`: records the runs that a sweep has submitted to Slurm and left."""

from collections.abc import Sequence

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.config.command_line import decode_arguments
from nnbench.config.schema import Config

HELP = """\
Record the runs that a sweep with hydra/launcher=slurm hydra.launcher.wait=false has left to Slurm.

  nnbench collect study=suite                          records what has ended, and says what runs, waits or has failed

It may be repeated at any time: no run is recorded twice. When all runs are recorded, the report is made.
Give it in the folder of the sweep's command.

  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  report.folder=FOLDER  parent of the study's folder; `results` by default
  tracking.uri=URI      another store than that of the sweep

Exit status: 0 all runs are recorded, 1 some of those that it has recorded have failed, 3 some still run or wait.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Record the outcomes of a study's submitted runs; returns the exit status of `entry.run`, or 3 if some are missing."""
    return entry.run("nnbench collect", lambda given: with_hydra(_collect, decode_arguments(given), help=HELP), arguments)


def _collect(config: Config) -> int:
    from dataclasses import replace  # not at the top: `--help` needs none of it

    from hydra.core.hydra_config import HydraConfig

    from nnbench.cli.sweep import execute_plan
    from nnbench.config.command_line import key_of
    from nnbench.sweep.collect import Collector, collect
    from nnbench.sweep.executors.submission import study_folder, submissions
    from nnbench.sweep.recorder import check_study
    from nnbench.sweep.sweep import Plan

    found = list(submissions(study_folder(config)))
    if not found:
        check_study(config)
        print(f"study {config.study}: no runs are at Slurm; all that were submitted are recorded")
        return 0
    with found[-1].jobs() as jobs:
        submitted = jobs[0].config
    given = {key_of(override) for override in HydraConfig.get().overrides.task}
    store = config.tracking if any(key.partition(".")[0] == "tracking" for key in given) else submitted.tracking
    report = replace(submitted.report, folder=config.report.folder)
    collector = Collector()
    plan = Plan(
        config=replace(submitted, tracking=store, fail_fast=False, report=report),
        executor=collector,
        stages=lambda sweep: collect(sweep, collector, found),
    )
    return execute_plan(plan)
