"""Text of `--help` for nnbench-report and nnbench-export."""

REPORT = """\
The report of a study again, from what the store holds, or from an export.

  nnbench-report study=notebook                        as it was made, into results/notebook
  nnbench-report study=notebook pages=cover,curves     these pages alone, into results/notebook/pages
  nnbench-report study=before,after                    two studies side by side, paired by seed
  nnbench-report from=results/notebook/export          from a study's export, with no MLflow at hand

  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  from=FOLDER           an export's folder, in place of a study in the store
  pages=PAGE,...        of a report's pages, some; `curves` is loss and accuracy
  report=OPTION         a ready list of pages: comparison, notebook, tuned
  report.title=TITLE    another title
  report.folder=FOLDER  where the study's folder is written; `results` by default
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default
"""

EXPORT = """\
A study as plain files: Parquet, CSV and a data dictionary.

  nnbench-export study=notebook                        into results/notebook/export

  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  report.folder=FOLDER  where the study's folder is written; `results` by default
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default

`nnbench-report from=FOLDER` reads an export back into a report.
"""
