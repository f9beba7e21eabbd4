import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from nnbench.core import palette
from nnbench.records import npz as artifacts
from nnbench.records.boundary import Boundary
from nnbench.records.boundary_image import SIZE, draw
from nnbench.records.curve_tables import curve_tables, read_curves
from nnbench.records.history import History


@pytest.fixture
def history() -> History:
    rng = np.random.default_rng(0)
    layers = tuple(rng.normal(size=shape).astype(np.float32) for shape in [(3, 4), (5, 6), (7, 3)])
    return History(
        train_loss=rng.random(50, dtype=np.float32),
        train_accuracy=rng.random(50, dtype=np.float32),
        evaluated=np.array([0, 10, 49]),
        val_loss=np.array([1.0, np.inf, np.nan]),
        val_accuracy=np.array([0.3, 0.4, 0.5]),
        test_loss=0.5,
        test_accuracy=0.75,
        weights=layers,
        checkpoints={3: layers, 40: tuple(2 * layer for layer in layers)},
        outcome="finished",
        seconds=1.5,
    )


def thirds(classes: int = 3, confidence: int = 255) -> Boundary:
    """Upright stripes of classes, the first on the left; a training point of class 1 in the upper left corner."""
    label = np.repeat(np.arange(classes, dtype=np.uint8), 10)[None, :].repeat(10 * classes, axis=0)
    return Boundary(
        extent=(0.0, 3.0, -1.0, 2.0),
        label=label,
        confidence=np.full_like(label, confidence),
        checkpoints={5: (label.T.copy(), label), 0: (label, label)},
        train_points=np.array([[0.25, 1.75]], np.float32),
        train_labels=np.array([1], np.uint8),
        test_points=np.array([[1, 1], [2, 0]], np.float32),
        test_labels=np.array([0, 2], np.uint8),
    )


def test_history_round_trip(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, None)
    arrays = artifacts.read_history(tmp_path / "history.npz")
    assert list(arrays) == ["train_loss", "train_accuracy", "evaluated", "val_loss", "val_accuracy"]
    for name, array in arrays.items():
        original = getattr(history, name)
        assert array.dtype == original.dtype
        np.testing.assert_array_equal(array, original)
    assert not (tmp_path / "boundary.npz").exists()


def test_counters_and_batch_losses_round_trip(tmp_path: Path, history: History) -> None:
    steps, evaluations = np.array([0, 40, 196]), np.array([0, 80, 392])
    batch_loss = np.linspace(2.0, 0.5, 196, dtype=np.float32)
    trained = replace(history, steps=steps, gradient_evaluations=evaluations, batch_loss=batch_loss)
    artifacts.write_run(tmp_path, trained, None)
    arrays = artifacts.read_history(tmp_path / "history.npz")
    np.testing.assert_array_equal(arrays["steps"], steps)
    np.testing.assert_array_equal(arrays["gradient_evaluations"], evaluations)
    np.testing.assert_array_equal(arrays["batch_loss"], batch_loss)

    (tmp_path / "plain").mkdir()
    artifacts.write_run(tmp_path / "plain", history, None)
    paths = {"trained": tmp_path / "history.npz", "plain": tmp_path / "plain" / "history.npz"}
    curves, _ = curve_tables(read_curves(paths))
    assert curves.loc[curves["run_id"] == "trained", "steps"].tolist() == [0, 40, 196]
    assert curves.loc[curves["run_id"] == "trained", "gradient_evaluations"].tolist() == [0, 80, 392]
    assert curves.loc[curves["run_id"] == "plain", "steps"].tolist() == [0, 10, 49]
    assert not {"steps", "gradient_evaluations"} & set(curve_tables(read_curves({"plain": paths["plain"]}))[0])


def test_the_curves_of_a_regression_have_r2_and_no_accuracy(tmp_path: Path, history: History) -> None:
    none = np.empty(0)
    r2 = np.linspace(-2.0, 0.5, 50)
    regression = replace(history, train_accuracy=none, val_accuracy=none, train_r2=r2, val_r2=np.array([-1.5, 0.25, 0.5]))
    for name, one in (("regression", regression), ("classification", history)):
        (tmp_path / name).mkdir()
        artifacts.write_run(tmp_path / name, one, None)
    paths = {name: tmp_path / name / "history.npz" for name in ("regression", "classification")}
    curves, records = curve_tables(read_curves(paths))
    own, other = (curves[curves["run_id"] == name].set_index("epoch") for name in paths)
    np.testing.assert_array_equal(own["train_r2"], r2[own.index])
    assert own.loc[[0, 10, 49], "val_r2"].tolist() == [-1.5, 0.25, 0.5]
    assert own["train_accuracy"].isna().all()
    assert other["train_r2"].isna().all()
    assert records.loc[records["run_id"] == "regression", "train_r2"].tolist() == r2.tolist(), "every epoch is a record"
    alone, _ = curve_tables(read_curves({"classification": paths["classification"]}))
    assert list(alone) == ["run_id", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]


def test_weights_round_trip(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, None)
    weights = artifacts.read_weights(tmp_path / "weights.npz")
    assert [layer.shape for layer in weights] == [(3, 4), (5, 6), (7, 3)]
    for read, written in zip(weights, history.weights, strict=True):
        np.testing.assert_array_equal(read, written)
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {"W0", "W1", "W2", "checkpoints", *(f"checkpoints_W{layer}" for layer in range(3))}
    checkpoints = artifacts.read_checkpoints(tmp_path / "weights.npz")
    assert list(checkpoints) == [3, 40]
    for epoch, layers in checkpoints.items():
        for read, written in zip(layers, history.checkpoints[epoch], strict=True):
            assert read.dtype == written.dtype
            np.testing.assert_array_equal(read, written)


def test_weights_without_checkpoints_and_damaged_ones(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, replace(history, checkpoints={}), None)
    assert artifacts.read_checkpoints(tmp_path / "weights.npz") == {}
    np.savez(tmp_path / "short.npz", checkpoints=np.array([1, 2]), checkpoints_W0=np.zeros((3, 2, 2)))
    with pytest.raises(artifacts.CorruptFileError, match="do not match its epochs"):
        artifacts.read_checkpoints(tmp_path / "short.npz")


def test_boundary_round_trip(tmp_path: Path, history: History) -> None:
    written = thirds()
    artifacts.write_run(tmp_path, history, written)
    read = artifacts.read_boundary(tmp_path / "boundary.npz")
    assert read.extent == written.extent
    assert set(read.checkpoints) == {0, 5}
    for epoch, pair in written.checkpoints.items():
        np.testing.assert_array_equal(read.checkpoints[epoch], pair)
    for name in ("label", "confidence", "train_points", "train_labels", "test_points", "test_labels"):
        assert getattr(read, name).dtype == getattr(written, name).dtype
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


CURVES = {name: npy(np.zeros(3)) for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy")}
SOUND = {f"{name}.npy": content for name, content in (CURVES | {"evaluated": npy(np.arange(3))}).items()}


def test_a_valid_history_is_read(tmp_path: Path) -> None:
    assert set(artifacts.read_history(write_zip(tmp_path / "history.npz", SOUND))) == {name[:-4] for name in SOUND}


@pytest.mark.parametrize(
    "changed",
    [
        {"train_loss.npy": npy(np.array([print], dtype=object))},
        {"train_loss.npy": npy(np.array([("a", 1)], dtype=[("x", "U1"), ("y", int)]))},
        {"train_loss.npy": npy(np.zeros(3)).replace(b"(3,)", b"(9,)")},
        {"train_loss.npy": npy(np.zeros(3)).replace(b"(3,), }           ", b"(30000000000,), }")},
        {"train_loss.npy": b"import os"},
        {"train_loss.npy": npy(np.zeros((3, 3)))},
        {"train_loss.npy": npy(np.zeros(4))},
        {"val_loss.npy": npy(np.zeros(2))},
        {"evaluated.npy": npy(np.array([0, 2, 1]))},
        {"evaluated.npy": npy(np.array([0, 1, 3]))},
        {"evaluated.npy": npy(np.array([-1, 0, 1]))},
        {"evaluated.npy": npy(np.zeros(3))},
    ],
    ids=[
        "pickle",
        "record",
        "too short",
        "endless head",
        "no array",
        "matrix",
        "long",
        "short",
        "order",
        "late",
        "early",
        "float",
    ],
)
def test_files_not_written_by_nnbench_are_refused(tmp_path: Path, changed: dict[str, bytes]) -> None:
    path = write_zip(tmp_path / "history.npz", SOUND | changed)
    with pytest.raises(artifacts.CorruptFileError, match=r"history\.npz"):
        artifacts.read_history(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an npz", bytes(1000)])
def test_a_file_that_is_not_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.npz").write_bytes(content)
    with pytest.raises(artifacts.CorruptFileError, match="cannot be read"):
        artifacts.read_history(tmp_path / "history.npz")


def test_a_history_without_a_curve_is_refused(tmp_path: Path) -> None:
    del (members := dict(SOUND))["val_loss.npy"]
    with pytest.raises(artifacts.CorruptFileError, match="lacks"):
        artifacts.read_history(write_zip(tmp_path / "history.npz", members))


@pytest.mark.heavy
def test_a_compressed_bomb_is_not_read(tmp_path: Path) -> None:
    # A gigabyte of zeros in a megabyte.
    with zipfile.ZipFile(tmp_path / "history.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in SOUND:
            with archive.open(name, "w", force_zip64=True) as file:
                for _ in range(200):
                    file.write(bytes(2**20))
    assert (tmp_path / "history.npz").stat().st_size < 2**21
    tracemalloc.start()
    with pytest.raises(artifacts.CorruptFileError, match="decompresses to too much"):
        artifacts.read_history(tmp_path / "history.npz")
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_a_boundary_of_no_shape_is_refused(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, thirds())
    sound = dict(zipfile_members(tmp_path / "boundary.npz"))
    for name, array in {
        "extent": np.array([0, 1, np.inf, 2]),
        "label": np.zeros((2, 3), np.uint8),
        "confidence": np.zeros(9, np.uint8),
        "train_points": np.zeros((1, 3), np.float32),
        "test_labels": np.zeros((1, 1), np.uint8),
        "odd": np.zeros(1),
        "label_E1": np.zeros((1, 1), np.uint8),
    }.items():
        with pytest.raises(artifacts.CorruptFileError, match="is damaged: "):
            artifacts.read_boundary(write_zip(tmp_path / "changed.npz", sound | {f"{name}.npy": npy(array)}))


def zipfile_members(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, history: History) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        artifacts.write_run(tmp_path / name, history, thirds())
    for file in ("history.npz", "weights.npz", "boundary.npz", "boundary.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_boundary_picture_has_classes_and_points(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, thirds())
    picture = Image.open(tmp_path / "boundary.png").convert("RGB")
    assert picture.size == (SIZE, SIZE)

    def pixel(x: int, y: int) -> tuple[int, ...]:
        found = picture.getpixel((x, y))
        assert isinstance(found, tuple)
        return found

    tints = 255.0 - np.array(palette.CLASS_COLOURS)  # an area is its class's colour mixed with white, in whatever share
    for label, x in enumerate((SIZE // 6, SIZE // 2, 5 * SIZE // 6)):  # the classes from left to right
        tint = 255.0 - np.array(pixel(x, SIZE - 30))
        likeness = tints @ tint / np.linalg.norm(tints, axis=1) / np.linalg.norm(tint)
        assert likeness.argmax() == label
        assert likeness.max() > 0.999
    darker = tuple(round(palette.POINT_SHADE * channel) for channel in palette.CLASS_COLOURS[1])
    assert pixel(SIZE // 12, SIZE // 12) == pytest.approx(darker, abs=4)  # the training point


def test_a_lower_confidence_is_a_paler_colour() -> None:
    pictures = [draw(thirds(confidence=confidence)).convert("RGB") for confidence in (85, 170, 255)]
    shades = [np.array(picture.getpixel((SIZE // 6, SIZE - 30))).sum() for picture in pictures]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3


@pytest.mark.parametrize("classes", [1, 2, 9])
def test_any_number_of_classes_can_be_drawn(classes: int) -> None:
    assert draw(thirds(classes)).size == (SIZE, SIZE)


@pytest.mark.parametrize(
    ("epochs", "evaluated", "expected"),
    [
        (0, [], []),
        (1, [], [0]),
        (1, [0], [0]),
        (50, [0, 10, 49], [0, 10, 49]),
        (13, [0, 10], [0, 10, 12]),  # it diverged at epoch 13, between two evaluations
        (3, [], [0, 1, 2]),
    ],
)
def test_a_curve_is_shown_at_the_evaluated_epochs_and_the_last(epochs: int, evaluated: list[int], expected: list[int]) -> None:
    assert artifacts.curve_epochs(epochs, np.array(evaluated, dtype=np.int64)).tolist() == expected


def test_a_long_curve_without_evaluations_has_about_a_hundred_points_dense_early() -> None:
    epochs = artifacts.curve_epochs(10_001, np.empty(0, dtype=np.int64))
    assert 50 < len(epochs) <= 101
    assert epochs[:5].tolist() == [0, 1, 2, 3, 4]
    assert epochs[-1] == 10_000
