"""Location of a command's study, written to a file for `nnbench.run`, which starts the command."""

import json
import os
from pathlib import Path

from nnbench.config.schema import Config

VARIABLE = "NNBENCH_OUTCOME"  # environment variable with the path of the file


def write_study_location(config: Config) -> None:
    """Write the study's name, store and report folder as JSON to the file that `VARIABLE` names, if it is set."""
    if file := os.environ.get(VARIABLE):
        place = {"study": config.study, "store": config.tracking.uri, "artifacts": config.tracking.artifacts}
        Path(file).write_text(json.dumps({**place, "folder": config.report.folder}), encoding="utf-8")
