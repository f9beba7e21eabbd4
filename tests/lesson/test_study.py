"""Demonstrations of a run's optimizer, and its decision boundaries, from the tables of a study."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.lesson.demonstrations import demonstration
from nnbench.lesson.study import CELLS, with_lesson
from nnbench.nn import probabilities
from nnbench.optimizers.adam import Adam
from nnbench.records.study import Study
from nnbench.training.execute import execute

Make = Callable[..., Config]


class Halved(Adam):
    """A subclass with another rule, whose formula is not that of Adam."""


def study_of(runs: pd.DataFrame, **fields: Any) -> Study:
    empty = pd.DataFrame()
    return Study(name="s", runs=runs, curves=empty, records=empty, sweeps=empty, **{"boundary": lambda run_id: None, **fields})


def test_a_demonstration_has_the_hyperparameters_of_the_run() -> None:
    values = {"optimizer.algorithm": "adamw", "optimizer.weight_decay": 0.25, "optimizer.beta_1": float("nan")}
    shown = demonstration(values)
    assert [path.surface.name for path in shown.paths] == ["ravine", "Rosenbrock"]
    by_name = {name: (symbol, value) for name, symbol, value in shown.hyperparameters}
    assert by_name["weight_decay"] == (r"\lambda", "0.25")
    assert by_name["beta_1"] == (r"\beta_1", "0.9"), "the default where the run has no value"
    assert by_name["learning_rate"] == (r"\eta_t", "")
    assert dict(shown.symbols)["w"] == "parameters"


def test_values_of_a_table_get_their_types_back() -> None:
    table = pd.DataFrame(
        [
            {"optimizer.algorithm": "sgd", "optimizer.momentum": 0.9, "optimizer.nesterov": "true"},
            {"optimizer.algorithm": "ademamix", "optimizer.warmup_steps": 5},
        ]
    )
    sgd, ademamix = ({str(key): value for key, value in row.items()} for row in table.to_dict("records"))
    assert isinstance(ademamix["optimizer.warmup_steps"], float)
    assert demonstration(sgd).formula[1] == r"w \leftarrow w + \mu\,v - \eta_t\,g"
    assert r"\alpha_t" in demonstration(ademamix).formula[-1]


def test_a_subclass_has_no_formula_of_its_own() -> None:
    shown = demonstration({"optimizer.algorithm": f"{__name__}:Halved"})
    assert shown.formula == ()
    assert shown.hyperparameters == ()
    assert len(shown.paths) == 2


def test_a_class_that_is_not_here(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UserError, match="algorithm=gone:Rule"):
        demonstration({"optimizer.algorithm": "gone:Rule"})
    runs = pd.DataFrame([{"run_id": "a", "optimizer.algorithm": "gone:Rule"}])
    with caplog.at_level(logging.WARNING):
        assert with_lesson(study_of(runs)).demonstration("a") is None
    assert "run a: its optimizer is not demonstrated" in caplog.text


def test_frames_are_what_the_network_predicts_at_the_checkpoints(config: Make) -> None:
    made = config("training.epochs=101", "network.activation=tanh")
    result = execute(made)
    runs = pd.DataFrame([{"run_id": "a", **made.leaves()}])
    saved = {"a": result.history.checkpoints}
    study = with_lesson(
        study_of(runs, boundary=lambda run_id: result.boundary, checkpoints=lambda run_id: saved.get(run_id, {}))
    )
    frames = study.frames("a")
    assert frames is not None
    assert result.boundary is not None
    assert list(frames.epochs) == sorted(result.history.checkpoints)
    assert frames.labels.shape == frames.confidences.shape == (len(frames.epochs), CELLS, CELLS)
    reach = result.boundary.extent[1]
    for at, (row, column) in [(0, (0, 0)), (-1, (10, 50)), (5, (63, 1))]:
        point = np.array([[-reach + 2 * reach * column / (CELLS - 1), -reach + 2 * reach * row / (CELLS - 1)]])
        shares = probabilities(result.history.checkpoints[frames.epochs[at]], point, "tanh")[0]
        assert frames.labels[at, row, column] == shares.argmax()
        assert frames.confidences[at, row, column] == pytest.approx(255 * shares.max(), abs=1)
    saved.clear()
    assert with_lesson(replace(study)).frames("a") is None
