from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnbench import artifacts
from nnbench.boundary import Boundary
from nnbench.history import History


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
        checkpoints={3: layers, 40: layers[:2]},
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


def test_a_history_comes_back_as_it_was(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, None)
    arrays = artifacts.read_history(tmp_path / "history.npz")
    assert list(arrays) == ["train_loss", "train_accuracy", "evaluated", "val_loss", "val_accuracy"]
    for name, array in arrays.items():
        original = getattr(history, name)
        assert array.dtype == original.dtype
        np.testing.assert_array_equal(array, original)
    assert not (tmp_path / "boundary.npz").exists()


def test_weights_come_back_as_they_were(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, None)
    weights = artifacts.read_weights(tmp_path / "weights.npz")
    assert [layer.shape for layer in weights] == [(3, 4), (5, 6), (7, 3)]
    for read, written in zip(weights, history.weights, strict=True):
        np.testing.assert_array_equal(read, written)
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {"W0", "W1", "W2", "E3_W0", "E3_W1", "E3_W2", "E40_W0", "E40_W1"}


def test_a_boundary_comes_back_as_it_was(tmp_path: Path, history: History) -> None:
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


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "history.npz", train_loss=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        artifacts.read_history(tmp_path / "history.npz")


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, history: History) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        artifacts.write_run(tmp_path / name, history, thirds())
    for file in ("history.npz", "weights.npz", "boundary.npz", "boundary.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_picture_shows_classes_where_they_are_and_points_on_top(tmp_path: Path, history: History) -> None:
    artifacts.write_run(tmp_path, history, thirds())
    picture = Image.open(tmp_path / "boundary.png")
    assert picture.size == (480, 480)

    def pixel(x: int, y: int) -> tuple[int, ...]:
        found = picture.getpixel((x, y))
        assert isinstance(found, tuple)
        return found

    red, green, blue = (np.array(pixel(x, 440)) for x in (80, 240, 400))
    assert red.argmax() == 2  # class 0, on the left, is blue
    assert green.argmax() == 0  # class 1 is vermilion
    assert blue.argmax() == 1  # class 2 is green
    assert pixel(40, 40) == artifacts.COLOURS[1]  # a quarter in from the left and from the top


def test_the_less_sure_the_paler() -> None:
    shades = [
        np.array(artifacts.draw(thirds(confidence=confidence)).getpixel((80, 440))).sum() for confidence in (85, 170, 255)
    ]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3


@pytest.mark.parametrize("classes", [1, 2, 9])
def test_any_number_of_classes_can_be_drawn(classes: int) -> None:
    assert artifacts.draw(thirds(classes)).size == (480, 480)


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
