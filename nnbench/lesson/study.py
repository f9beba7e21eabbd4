"""A study with what is computed for a report: the paths of its optimizers, and decision boundaries from saved weights."""

import logging
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import cache

from nnbench.core.user_code import describe_error
from nnbench.lesson.demonstrations import demonstration
from nnbench.lesson.frames import frames
from nnbench.records.boundary import Boundary, Frames
from nnbench.records.demonstration import Demonstration
from nnbench.records.study import Study
from nnbench.training.decision_grid import FINE, PREVIEW

logger = logging.getLogger(__name__)

CELLS = 64  # along each side of a frame in a report: smooth at the size of a web page, and evaluated in a millisecond


def with_lesson(study: Study) -> Study:
    """Return the study with `demonstration`, `frames` and the fine `boundary`, each computed when a report asks for it."""

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

    def evaluate(run_id: str, boundary: Boundary, epochs: slice, cells: int) -> Frames | None:
        """Evaluate the boundary at some of the run's checkpoints; None if there are none of them, or if they are damaged."""
        checkpoints = study.checkpoints(run_id)
        if not (chosen := sorted(checkpoints)[epochs]):
            return None
        try:
            activation = str(row(run_id)["network.activation"])
            return frames(boundary, {epoch: checkpoints[epoch] for epoch in chosen}, activation, cells)
        except ValueError as error:  # its record was damaged
            logger.warning("run %s: its decision boundaries are not evaluated: %s", run_id, error)
            return None

    @cache
    def over_epochs(run_id: str) -> Frames | None:
        boundary = study.boundary(run_id)
        found = None if boundary is None else evaluate(run_id, boundary, slice(None), CELLS)
        return found if found is not None and len(found.epochs) > 1 else None

    @cache
    def fine(run_id: str) -> Boundary | None:
        boundary = study.boundary(run_id)
        if boundary is None or len(boundary.label) != PREVIEW:
            return boundary
        found = evaluate(run_id, boundary, slice(-1, None), FINE)
        return boundary if found is None else replace(boundary, label=found.labels[0], confidence=found.confidences[0])

    return replace(study, demonstration=demonstrate, frames=over_epochs, boundary=fine)
