"""`nnbench export`: a study as Parquet, CSV and a data dictionary, in `results/<study>/export`."""

from collections.abc import Sequence
from pathlib import Path

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.config.command_line import decode_arguments
from nnbench.config.schema import Config

HELP = """\
A study as plain files: Parquet, CSV and a data dictionary.

  nnbench export study=notebook                        into results/notebook/export

  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  report.folder=FOLDER  parent of the study's folder; `results` by default
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default

`nnbench report from=FOLDER` reads an export back into a report.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a study as plain files; returns the exit status of `entry.run`."""
    return entry.run("nnbench export", lambda given: with_hydra(_export, decode_arguments(given), help=HELP), arguments)


def _export(config: Config) -> int:
    from nnbench.core.paths import report_folder_errors, safe_subpath  # not at the top: `--help` needs none of it
    from nnbench.records import export
    from nnbench.sweep.recorder import open_store_of
    from nnbench.tracking.mlflow.reader import read_study

    folder = safe_subpath(Path(config.report.folder), config.study, "export")
    study = read_study(open_store_of(config, create=False), config.study, whole=True)
    with report_folder_errors(config.report.folder):
        export.write(study, folder)
    print(folder)
    return 0
