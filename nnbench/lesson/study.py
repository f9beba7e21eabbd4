"""A study with what its runs alone do not say: the paths of its optimizers, and decision boundaries over the epochs."""

import logging
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import cache

from nnbench.core.user_code import describe_error
from nnbench.lesson.demonstrations import demonstration
from nnbench.lesson.frames import frames
from nnbench.records.boundary import Frames
from nnbench.records.demonstration import Demonstration
from nnbench.records.study import Study

logger = logging.getLogger(__name__)

CELLS = 64  # along each side of a frame in a report: smooth at the size of a web page, and evaluated in a millisecond


def with_lesson(study: Study) -> Study:
    """Return the study with `demonstration` and `frames`, each computed when a report asks for it."""

    def row(run_id: str) -> Mapping[Hashable, Hashable]:
        rows: list[dict[Hashable, Hashable]] = study.runs[study.runs["run_id"] == run_id].iloc[:1].to_dict("records")
        return rows[0]

    @cache
    def demonstrate(run_id: str) -> Demonstration | None:
        try:
            return demonstration({str(key): value for key, value in row(run_id).items()})
        except Exception as error:  # the class may not be here, or be another by now
            logger.warning("run %s: its optimizer is not demonstrated: %s", run_id, describe_error(error))
            return None

    @cache
    def evaluate(run_id: str) -> Frames | None:
        checkpoints, boundary = study.checkpoints(run_id), study.boundary(run_id)
        if len(checkpoints) < 2 or boundary is None:
            return None
        try:
            return frames(boundary, checkpoints, str(row(run_id)["network.activation"]), CELLS)
        except ValueError as error:  # its record was damaged
            logger.warning("run %s: its decision boundaries are not shown: %s", run_id, error)
            return None

    return replace(study, demonstration=demonstrate, frames=evaluate)
