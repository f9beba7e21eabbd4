"""`nnbench report`: the report of a study again, or of two side by side, from the store or from an export."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.config.command_line import REPORT_KEYS, decode_arguments, expand_short_forms
from nnbench.config.schema import Config

HELP = """\
The report of a study again, from what the store holds, or from an export.

  nnbench report study=notebook                        as it was made, into results/notebook
  nnbench report study=notebook pages=cover,curves     these pages alone, into results/notebook/pages
  nnbench report study=before,after                    two studies side by side, paired by seed
  nnbench report from=results/notebook/export          from a study's export, with no MLflow at hand

  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  from=FOLDER           an export's folder, in place of a study in the store
  pages=PAGE,...        of a report's pages, some; `curves` is loss and accuracy
  report=OPTION         a ready list of pages: comparison, notebook, tuned
  report.title=TITLE    another title
  report.folder=FOLDER  where the study's folder is written; `results` by default
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default
"""


def main(words: Sequence[str] | None = None) -> int:
    """Make a study's report again, as `words` say, by default those in `sys.argv`.

    The command line knows short forms that a run's does not: `study=a,b`, `pages=cover,curves`, and `from=FOLDER` for what
    `nnbench export` has written.

    Returns:
        The exit status: 0, 1 where a part of the report could not be made, 2 for a mistake in the command.
    """

    def report() -> int:
        given, source = expand_short_forms(decode_arguments(sys.argv[1:] if words is None else words))
        return with_hydra(partial(_report, source), given, help=HELP, short=REPORT_KEYS)

    return entry.run("nnbench report", report)


def _report(source: str | None, config: Config) -> int:
    from nnbench.cli.study_report import remake, remake_export  # not at the top: `--help` needs none of it
    from nnbench.core.paths import report_folder_errors

    overrides = HydraConfig.get().overrides.task
    with report_folder_errors(config.report.folder):
        return remake(config, overrides) if source is None else remake_export(Path(source), config, overrides)


if __name__ == "__main__":
    sys.exit(main())
