"""A study in Python: tables, pages as figures, predictions with the weights of a run."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.figure import Figure

import nnbench
from nnbench.datasets.spiral import Spiral
from nnbench.optimizers.adam import Adam


def test_a_sweep_from_python_stores_its_runs(study: nnbench.Study, place: Path) -> None:
    assert list(zip(study.runs["optimizer"], study.runs["seed"], strict=True)) == [
        ("adam", 0),
        ("adam", 1),
        ("sgd", 0),
        ("sgd", 1),
    ]
    assert set(study.runs["outcome"]) == {"finished"}
    assert study.runs["command"].str.startswith("python -m nnbench -m optimizer=sgd,adam").all()
    again = nnbench.load_study("comparison", folder=place / "results")
    assert again.runs["run_id"].tolist() == study.runs["run_id"].tolist()
    by_store = nnbench.load_study("comparison", store=f"sqlite:///{place / 'results' / 'mlflow.db'}")
    assert len(by_store.curves) == len(again.curves) > 0


def test_untracked_training_gives_the_numbers_of_the_tracked_run(study: nnbench.Study) -> None:
    history = nnbench.train(Adam(learning_rate=0.05, decay=float(study.runs["optimizer.decay"][0])), epochs=31, seed=1)
    tracked = study.runs[(study.runs["optimizer"] == "adam") & (study.runs["seed"] == 1)].iloc[0]
    assert float(tracked["optimizer.learning_rate"]) == 0.05
    assert tracked["final/train_loss"] == float(history.train_loss[-1])
    assert tracked["test/accuracy"] == history.test_accuracy
    for mine, theirs in zip(history.weights, study.run(tracked["run_id"]).weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_predictions_reproduce_the_accuracy_of_the_run(study: nnbench.Study) -> None:
    row = study.runs.iloc[0]
    run = study.run(row["run_id"][:12])
    from nnbench.core.random import streams

    points = Spiral().draw(streams(int(row["seed"])).test, 2000)
    assert (run.predict(points.x) == points.labels).mean() == pytest.approx(row["test/accuracy"], abs=1e-12)
    shares = run.predict_proba(points.x)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(shares.argmax(axis=1), run.predict(points.x))


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ([1.0, 2.0], r"shape \(2,\); must be \(n, 2\)"),
        ([[1.0, 2.0, 3.0]], r"shape \(1, 3\); must be \(n, 2\)"),
        ([["a", "b"]], r"numbers of shape \(n, 2\)"),
        ([[np.nan, 0.0]], "NaN"),
    ],
)
def test_points_of_another_shape_are_refused(study: nnbench.Study, x: npt.ArrayLike, told: str) -> None:
    with pytest.raises(nnbench.UserError, match=told):
        study.run(study.runs["run_id"][0]).predict(x)


def test_an_unknown_run_is_refused(study: nnbench.Study) -> None:
    with pytest.raises(nnbench.UserError, match="run=nope"):
        study.run("nope")
    with pytest.raises(nnbench.UserError, match="run="):
        study.run("")


def test_a_plot_of_a_page_is_a_figure(study: nnbench.Study) -> None:
    figure = study.plot("cover")
    assert isinstance(figure, Figure)
    assert "adam" in " ".join(text.get_text() for text in figure.texts)
    picture: bytes = figure._repr_png_()  # type: ignore[attr-defined]  # what a notebook asks for
    assert picture.startswith(b"\x89PNG")
    losses = [text.get_text() for text in study.plot("loss").texts]
    assert {"Training loss (nats)", "Validation loss (nats)"} <= {*losses}
    with pytest.raises(nnbench.UserError, match=r"page=nope: .*cover"):
        study.plot("nope")
    with pytest.raises(nnbench.UserError, match="page=final_table: has no plot"):
        study.plot("final_table")
    with pytest.raises(nnbench.UserError, match="page=sensitivity: not shown because"):
        study.plot("sensitivity")
    with pytest.raises(nnbench.UserError, match="task=other"):
        study.plot("loss", task="other")


def test_a_notebook_shows_the_answer_and_a_row_a_setting(study: nnbench.Study) -> None:
    html = study._repr_html_()
    assert study.answer in html
    assert html.count("<tr>") == 1 + len(study.summary) == 3
    assert repr(study) == "<nnbench.Study 'comparison': 4 runs>"


def test_a_missing_study_is_refused(study: nnbench.Study, place: Path) -> None:
    with pytest.raises(nnbench.UserError, match="study=other"):
        nnbench.load_study("other", folder=place / "results")
    with pytest.raises(nnbench.UserError, match="no such file"):
        nnbench.load_study("comparison", folder=place / "nowhere")
    assert not (place / "nowhere").exists()
