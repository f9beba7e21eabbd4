"""Where a command's study is, written to a file for the program that started the command (`nnbench.run`)."""

import json
import os
from pathlib import Path

from nnbench.config.schema import Config

VARIABLE = "NNBENCH_OUTCOME"  # the file's path; not set for a command that a person has given


def write_study_location(config: Config) -> None:
    """Write the study's name, its store and the folder of its report as JSON, where the environment names a file."""
    if file := os.environ.get(VARIABLE):
        place = {"study": config.study, "store": config.tracking.uri, "artifacts": config.tracking.artifacts}
        Path(file).write_text(json.dumps({**place, "folder": config.report.folder}), encoding="utf-8")
