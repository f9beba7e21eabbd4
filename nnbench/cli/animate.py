"""`nnbench animate`: the decision boundary of a run over the epochs as a GIF, an artifact of the run."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from nnbench.cli import entry
from nnbench.cli.hydra_app import with_hydra
from nnbench.config.command_line import decode_arguments
from nnbench.config.schema import Config
from nnbench.core.errors import UserError

HELP = """\
Animate the decision boundary of a run over the epochs: a GIF, added to the run's artifacts in MLflow.

  nnbench animate study=comparison run=4f1d                     the run whose id begins with 4f1d
  nnbench animate study=comparison "run=adam lr=0.05 seed=3"    by its name, the newest if there are several

  run=RUN               id of the run, its beginning, or its name
  study=NAME            the study, as MLflow's experiments are named; `comparison` by default
  report.folder=FOLDER  the file is FOLDER/<study>/animations/<run id>.gif; `results` by default
  tracking.uri=URI      the store; sqlite:///results/mlflow.db by default

The run needs weights at several epochs, which runs on classes in the plane save by default (training.checkpoints=auto).
"""
FILE = "boundary.gif"  # the artifact
KEYS = ("run",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a GIF of a run; returns the exit status of `entry.run`."""
    return entry.run("nnbench animate", _animate, arguments)


def _animate(arguments: list[str]) -> int:
    texts = [one.partition("=")[2] for one in arguments if one.startswith("run=")]
    given = [one for one in arguments if not one.startswith("run=")]
    if not ({"--help", "-h", "--version"} & {*arguments} or (texts and texts[-1])):
        raise UserError("run: is missing; must be the id or the name of a run, such as run=4f1d or 'run=adam lr=0.05 seed=3'")
    run = texts[-1].strip("'\"") if texts else ""
    return with_hydra(partial(_write, run), decode_arguments(given), help=HELP, short=KEYS)


def _write(run: str, config: Config) -> int:
    from nnbench.core.paths import report_folder_errors, safe_subpath  # not at the top: `--help` needs none of it
    from nnbench.lesson.animation import CELLS, write_gif
    from nnbench.lesson.frames import frames
    from nnbench.records import npz
    from nnbench.sweep.recorder import open_store_of
    from nnbench.tracking.mlflow.run_files import RunFiles

    files = RunFiles(open_store_of(config, create=False), config.study, run)
    grids, weights, history = map(files.path, (npz.BOUNDARY, npz.WEIGHTS, npz.HISTORY))
    if grids is None:
        raise UserError(f"run={run}: has no decision boundary; its data must be classes in the plane, and it must have ended")
    try:
        boundary = npz.read_boundary(grids)
        checkpoints = {} if weights is None else npz.read_checkpoints(weights)
        losses = {} if history is None else dict(enumerate(npz.read_history(history)["train_loss"]))
    except npz.CorruptFileError as error:
        raise UserError(f"run={run}: {error}") from error
    if len(checkpoints) < 2:
        saved = files.row.values.get("training.checkpoints", "[]")
        raise UserError(f"run={run}: has no weights of several epochs (training.checkpoints={saved}); must be auto or a list")
    try:
        made = frames(boundary, checkpoints, str(files.row.values["network.activation"]), CELLS)
    except ValueError as error:
        raise UserError(f"run={run}: {error}") from error
    folder = safe_subpath(Path(config.report.folder), config.study, "animations")
    with report_folder_errors(config.report.folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{files.row.run_id}.gif"
        write_gif(path, made, files.row.name, losses)
    files.add(lambda artifacts: shutil.copyfile(path, artifacts / FILE))
    print(f"{path}, and {FILE} among the artifacts of the run {files.row.name}")
    return 0
