"""`nnbench report`: remakes the report of a study, or compares two studies, from the store or from an export."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.config.command_line import REPORT_KEYS, decode_arguments, expand_short_forms
from nnbench.config.schema import Config

HELP = """\
Remake the report of a study from the store or from an export.

  nnbench report study=notebook                        the whole report, into results/notebook
  nnbench report study=notebook pages=cover,curves     only these pages, into results/notebook/pages
  nnbench report study=before,after                    two studies side by side, paired by seed
  nnbench report from=results/notebook/export          from an export, without MLflow

  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  from=FOLDER           folder of an export, instead of a study in the store
  pages=PAGE,...        some pages; `curves` means loss and accuracy
  report=OPTION         a predefined list of pages: comparison, notebook, tuned
  report.title=TITLE    another title
  report.folder=FOLDER  parent of the study's folder; `results` by default
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Remake the report of a study; returns the exit status of `entry.run`, or 1 if a part of the report is missing.

    The arguments have short forms that those of a run do not have: `study=a,b`, `pages=cover,curves` and `from=FOLDER`.
    """
    return entry.run("nnbench report", _report, arguments)


def _report(arguments: list[str]) -> int:
    given, source = expand_short_forms(decode_arguments(arguments))
    return with_hydra(partial(_remake, source), given, help=HELP, short=REPORT_KEYS)


def _remake(source: str | None, config: Config) -> int:
    from nnbench.cli.remake import remake, remake_export  # not at the top: `--help` needs none of it
    from nnbench.core.paths import report_folder_errors

    overrides = HydraConfig.get().overrides.task
    with report_folder_errors(config.report.folder):
        return remake(config, overrides) if source is None else remake_export(Path(source), config, overrides)
